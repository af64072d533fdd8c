# ctest: kafka
"""Dead letters: rejects that go to a table or a topic as well, and rejects that are tried again."""

import uuid

import pytest
from confluent_kafka import Consumer, Producer

from lib import streams
from lib.sql import WAIT_TIMEOUT_S


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def make_feed(session, broker, topic, more="", columns="(a, b)", replace=""):
    session.execute(f"CREATE {replace} PIPELINE feed AS {streams.load_data(broker, topic)} "
                    f"INTO TABLE t {more} FIELDS TERMINATED BY ',' {columns}")


def read_topic(broker, topic, count):
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": f"reader.{uuid.uuid4()}",
                         "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found = []
    while len(found) < count:
        message = consumer.poll(WAIT_TIMEOUT_S)
        assert message is not None, f"only {len(found)} of {count} messages came"
        if not message.error():
            found.append((message.value(), dict(message.headers() or [])))
    consumer.close()
    return found


def test_rejects_go_to_a_table_with_their_batch(shop, broker):
    topic = broker.create_topic("rejects", 2)
    broker.produce_all(topic, [(0, b"1,x"), (0, b"bad\xff"), (1, b"y,z"), (1, b"1,dup")])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR)")
    make_feed(shop, broker, topic, "REJECTS INTO TABLE dead")
    shop.execute("START PIPELINE feed FOREGROUND")
    kept = shop.rows("SELECT database_name, pipeline_name, source_partition, source_offset, reason,"
                     " bytes FROM dead ORDER BY 3, 4")
    assert kept == [("shop", "feed", 0, 1, "too-few-fields", b"bad\xff"),
                    ("shop", "feed", 1, 0, "bad-number", b"y,z"),
                    ("shop", "feed", 1, 1, "constraint", b"1,dup")]
    assert len(streams.rejects_of(shop, "feed")) == 3
    shop.execute("DROP PIPELINE feed; CREATE TABLE other (x INT)")
    shop.expect_error(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} INTO TABLE t "
                      "REJECTS INTO TABLE other", "has other columns than rejects")


def test_a_rejected_message_that_turns_out_to_be_lines_was_one_reject(shop, broker):
    topic = broker.create_topic("turned")
    broker.produce_all(topic, [(0, "1,x\n2,y\n3,z")])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "LINES TERMINATED BY ''")
    shop.execute("START PIPELINE feed FOREGROUND")
    counted = "SELECT sum(rejects)::BIGINT, sum(rows_out)::BIGINT FROM millrace.batches"
    assert shop.rows(counted) == [(1, 0)]
    shop.execute("ALTER PIPELINE feed LINES TERMINATED BY '\\n'; RETRY REJECTS FOR PIPELINE feed")
    assert shop.rows("SELECT a, b FROM t ORDER BY a") == [(1, "x"), (2, "y"), (3, "z")]
    assert shop.rows(counted) == [(0, 3)]


def test_errors_show_the_line_that_could_not_be_read(shop, broker):
    topic = broker.create_topic("lines")
    long = "é" * 2000
    broker.produce_all(topic, [(0, "1,x\n\n2,y\nz,\u00e4\n"), (0, b"bad\xff"), (0, f"{long},1"),
                               (0, "1,again")])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR)")
    make_feed(shop, broker, topic)
    shop.execute("START PIPELINE feed FOREGROUND")
    found = shop.rows("SELECT ERROR_TYPE, ERROR_CODE, ERROR_MESSAGE, LOAD_DATA_LINE, "
                      "LOAD_DATA_LINE_NUMBER, BATCH_LATEST_OFFSET FROM "
                      "information_schema.PIPELINES_ERRORS ORDER BY ERROR_MESSAGE")
    assert [row[3:5] for row in found] == [("z,\u00e4", 4), ("", 2), ("bad\\xFF", 1),
                                           (long[:1024], 1), ("1,again", None)]
    assert {(row[0], row[1], row[5]) for row in found} == {("Warning", 1366, "4")}
    assert found[0][2] == 'offset 0: bad-number: field 1 "a": "z" is not a number'
    assert shop.rows("SELECT line FROM millrace.rejects WHERE reason = 'constraint'") == [(None,)]
    # What is rejected again is of the same line still.
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(5, 0, 5)]
    assert shop.rows("SELECT line FROM millrace.rejects WHERE reason = 'bad-number' "
                     "ORDER BY line") == [(1,), (4,)]


def test_rejects_go_to_a_topic_with_where_they_came_from(shop, server, broker):
    topic, dead = broker.create_topic("rejects"), broker.create_topic("dead")
    broker.produce(topic, ["1,x", "bad", "2,y", "worse,z"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, f"REJECTS INTO KAFKA '{broker.address}/{dead}'")
    shop.execute("START PIPELINE feed FOREGROUND")
    found = read_topic(broker, dead, 2)
    assert [payload for payload, _ in found] == [b"bad", b"worse,z"]
    headers = found[1][1]
    assert (headers["pipeline"], headers["partition"], headers["offset"], headers["reason"]) == (
        b"shop.feed", b"0", b"3", b"bad-number")
    server.restart()
    broker.produce(topic, ["last", "x" * 100_000])
    shop = server.connect(database="shop")
    shop.execute("START PIPELINE feed FOREGROUND")
    # What is not kept whole is sent as it is kept, and is not tried again.
    assert [payload for payload, _ in read_topic(broker, dead, 4)] == [
        b"bad", b"worse,z", b"last", b"x" * 65536]
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(3, 0, 3)]
    assert len(streams.rejects_of(shop, "feed")) == 4


def test_a_dead_letter_broker_that_is_away_holds_nothing_up(shop, broker):
    topic = broker.create_topic("rejects")
    broker.produce(topic, ["1,x", "bad", "2,y"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "REJECTS INTO KAFKA '127.0.0.1:1/dead'")
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 3)
    streams.wait_for_error(shop, "feed", "127.0.0.1:1")
    assert streams.state_of(shop, "feed") == "Running"


def test_a_stop_while_the_dead_letter_broker_is_away_loses_none(shop, broker, make_broker):
    other = make_broker().start()
    topic, dead = broker.create_topic("rejects"), other.create_topic("dead")
    other.kill()
    broker.produce(topic, ["1,x", "bad", "2,y"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, f"REJECTS INTO KAFKA '{other.address}/{dead}'")
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 3)
    shop.execute("STOP PIPELINE feed")
    other.start()
    broker.produce(topic, ["worse"])
    shop.execute("START PIPELINE feed")
    # At least once, in their order: what was on its way when the stop came may come again.
    found = [payload for payload, _ in read_topic(other, dead, 2)]
    while found[-1] != b"worse":
        found = [payload for payload, _ in read_topic(other, dead, len(found) + 1)]
    assert set(found) == {b"bad", b"worse"} and found[0] == b"bad"


def test_rejects_are_tried_again_after_the_definition_is_mended(shop, broker):
    topic = broker.create_topic("retry", 2)
    broker.produce_all(topic, [(number % 2, f"{number},{number / 2}") for number in range(10)]
                       + [(1, "hopeless")])
    shop.execute("CREATE TABLE t (a BIGINT, b BIGINT)")
    make_feed(shop, broker, topic)
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 11)
    assert len(streams.rejects_of(shop, "feed")) == 6
    shop.execute("STOP PIPELINE feed; ALTER TABLE t ALTER b TYPE DOUBLE")
    make_feed(shop, broker, topic, replace="OR REPLACE")
    shop.execute("START PIPELINE feed")
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(6, 5, 1)]
    assert streams.state_of(shop, "feed") == "Running"
    assert [row[0] for row in shop.rows("SELECT a FROM t ORDER BY a")] == list(range(10))
    assert streams.rejects_of(shop, "feed") == {(1, 5): "too-few-fields"}
    streams.check_batch_log(shop, "feed", {0: (0, 5), 1: (0, 6)})
    assert shop.rows("SELECT sum(messages), sum(rows_out), sum(rejects) FROM millrace.batches") == [
        (11, 10, 1)]
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(1, 0, 1)]
    broker.produce(topic, ["20,1"])
    streams.wait_for_messages(shop, "feed", 12)
    assert shop.value("SELECT count(*) FROM t") == 11


def test_a_line_that_is_refused_is_tried_again_alone(shop, broker):
    topic = broker.create_topic("retry")
    broker.produce(topic, ["1,x\n1,y\n2,bad\n3,z\n", "4,w\n", "4,v\r\n"])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR)")
    make_feed(shop, broker, topic,
              columns="(a, b) SET b = CASE b WHEN 'bad' THEN error(b) ELSE b END")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT bytes, reason FROM millrace.rejects ORDER BY 1") == [
        (b"1,y", "constraint"), (b"2,bad", "expression"), (b"4,v\r\n", "constraint")]
    assert shop.rows("SELECT BATCH_PARTITION_PARSED_ROWS, BATCH_PARTITION_EXTRACTED_BYTES "
                     "FROM information_schema.PIPELINES_BATCHES") == [(6, 27)]
    shop.execute("CREATE TABLE u (a BIGINT, b VARCHAR); CREATE OR REPLACE PIPELINE feed AS "
                 f"{streams.load_data(broker, topic)} INTO TABLE u FIELDS TERMINATED BY ','")
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(3, 3, 0)]
    assert shop.rows("SELECT * FROM u ORDER BY a") == [(1, "y"), (2, "bad"), (4, "v")]
    assert shop.rows("SELECT sum(messages), sum(rows_out), sum(rejects) FROM millrace.batches") == [
        (3, 6, 0)]


def test_a_json_line_that_is_refused_is_tried_again_alone(shop, broker):
    topic = broker.create_topic("retry")
    broker.produce(topic, ['{"a": 1}\n{"a": "q"}\n{"a": 1, "b": "y"}'])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR)")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} INTO TABLE t "
                 "FORMAT JSON (a <- a, b <- b)")
    shop.execute("START PIPELINE feed FOREGROUND; DELETE FROM t")
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(2, 1, 1)]
    assert shop.rows("SELECT * FROM t") == [(1, "y")]
    assert shop.value("SELECT bytes FROM millrace.rejects") == b'{"a": "q"}'


@pytest.mark.parametrize("clause, line", [("IGNORE 1 LINES", "head\nq,x\n2,y"),
                                          ("LINES STARTING BY '>>'", ">>q,x\n>>2,y")])
def test_what_stands_before_a_line_is_no_part_of_it_when_it_is_tried_again(shop, broker, clause,
                                                                           line):
    topic = broker.create_topic("retry")
    broker.produce(topic, [line])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, columns=f"{clause} (a, b)")
    shop.execute("START PIPELINE feed FOREGROUND; ALTER PIPELINE feed (@a, b) SET a = 1")
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(1, 1, 0)]
    assert shop.rows("SELECT * FROM t ORDER BY a") == [(1, "x"), (2, "y")]


def test_the_facts_of_a_message_are_read_again_with_its_rejects(shop, broker):
    topic = broker.create_topic("retry", 2)
    producer = Producer({"bootstrap.servers": broker.address})
    for number in range(6):
        producer.produce(topic, f"q\n{number}", key=f"k{number}", partition=number % 2,
                         headers=[("h", f"v{number}")])
    assert producer.flush() == 0
    facts = ("SET k = get_kafka_pipeline_prop('prop_key'), "
             "h = get_kafka_pipeline_prop('prop_headers'), "
             "at = get_kafka_pipeline_prop('prop_timestamp')")
    shop.execute("CREATE TABLE t (a BIGINT, k VARCHAR, h VARCHAR, at BIGINT)")
    make_feed(shop, broker, topic, columns=f"(a) {facts}")
    shop.execute(f"START PIPELINE feed FOREGROUND; ALTER PIPELINE feed (@a) {facts}, a = 99")
    first = shop.rows("SELECT k, h, at FROM t ORDER BY k")
    assert first[5][:2] == ("k5", '{"h":"v5"}') and first[5][2] > 0
    broker.delete_records(topic, {0: 1})
    shop.expect_error("RETRY REJECTS FOR PIPELINE feed", "no longer has offset 0")
    shop.execute("DELETE FROM t WHERE a = 99")
    assert len(streams.rejects_of(shop, "feed")) == 6


def test_files_and_keys_of_what_is_tried_again(shop, broker, tmp_path):
    topic = broker.create_topic("retry")
    broker.produce(topic, ["q"], key="k")
    shop.execute("CREATE TABLE t (a BIGINT, k VARCHAR)")
    make_feed(shop, broker, topic, columns="(a) SET k = get_kafka_pipeline_prop('prop_key')")
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text("q\n")
    shop.execute(f"CREATE PIPELINE files AS LOAD DATA FS '{tmp_path}/*.csv' INTO TABLE t (a) "
                 "SET k = pipeline_source_file()")
    shop.execute("START PIPELINE feed FOREGROUND; START PIPELINE files FOREGROUND; "
                 "ALTER PIPELINE feed (@a); ALTER PIPELINE files (@a)")
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(1, 1, 0)]
    assert shop.rows("RETRY REJECTS FOR PIPELINE files") == [(2, 2, 0)]
    assert [row[0] for row in shop.rows("SELECT k FROM t ORDER BY k")] == [
        f"{tmp_path}/1.csv", f"{tmp_path}/2.csv", "k"]


def test_a_definition_is_mended_in_place(shop, server, broker):
    topic = broker.create_topic("mend")
    broker.produce(topic, [f"{number};w{number}" for number in range(5)] + ["x,y"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic)
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 6)
    assert len(streams.rejects_of(shop, "feed")) == 6
    # What cannot be is refused, and the pipeline goes on as it was.
    shown = shop.rows("SHOW CREATE PIPELINE feed")
    shop.expect_error("ALTER PIPELINE feed (a, @b) SET b = uppper(@b)", "uppper")
    assert shop.rows("SHOW CREATE PIPELINE feed") == shown
    assert streams.state_of(shop, "feed") == "Running"
    shop.execute("ALTER PIPELINE feed FIELDS TERMINATED BY ';' (a, @b) SET b = upper(@b)")
    assert streams.state_of(shop, "feed") == "Running"
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(6, 5, 1)]
    broker.produce(topic, ["5;w5"])
    streams.wait_for_messages(shop, "feed", 7)
    server.restart()
    shop = server.connect(database="shop")
    broker.produce(topic, ["6;w6", "7;w7"])
    shop.wait_until("SELECT count(*) FROM t", 8)
    assert shop.rows("SELECT a, b FROM t ORDER BY a") == [
        (number, f"W{number}") for number in range(8)]
    shop.execute("ALTER PIPELINE feed FORMAT JSON (a <- a, @b <- b) WHERE a > 8")
    broker.produce(topic, ['{"a": 8, "b": "x"}', '{"a": 9, "b": "y"}'])
    shop.wait_until("SELECT count(*) FROM t", 9)
    assert shop.value("SELECT b FROM t WHERE a = 9") == "Y"


def test_a_training_is_not_taught_later(shop, broker):
    topic = broker.create_topic("retry")
    broker.produce(topic, ["1,x"])
    shop.execute("CREATE MODEL m AS LinearClassifier(label => y, "
                 "feature_columns => [numeric_column(x)])")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} TRAIN MODEL m INTO "
                 "TABLE e FIELDS TERMINATED BY ',' (x, y); START PIPELINE feed FOREGROUND")
    shop.expect_error("RETRY REJECTS FOR PIPELINE feed", "are not learned later")
