# ctest: kafka
"""Rows whose key is there already: refused, replaced, updated; and what STOP_ON_ERROR makes of
those that SKIP ... ERRORS and IGNORE let pass. Facts of messages in SET and WHERE."""

import json
import time

import pytest
from confluent_kafka import Producer

from lib import streams


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def make_feed(session, broker, topic, before="", behind="", columns="(a, b)"):
    session.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} {before} "
                    f"INTO TABLE t FIELDS TERMINATED BY ',' {columns} {behind}")


ROWS = ["1,x,1", "2,y,1", "1,z,1", "3,w,1", "1,last,1", "2,v,5"]


def test_replace_leaves_the_last_row_of_a_key(shop, broker):
    topic = broker.create_topic("replace")
    broker.produce(topic, ROWS)
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR, n INT); "
                 "INSERT INTO t VALUES (2, 'old', 7), (9, 'stays', 7)")
    make_feed(shop, broker, topic, "REPLACE", columns="(a, b, n)")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT * FROM t ORDER BY a") == [
        (1, "last", 1), (2, "v", 5), (3, "w", 1), (9, "stays", 7)]
    assert streams.rejects_of(shop, "feed") == {}
    broker.produce(topic, ["3,again,2"])
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT b, n FROM t WHERE a = 3") == [("again", 2)]
    streams.check_batch_log(shop, "feed", {0: (0, 7)})


def test_replace_keeps_nothing_of_the_row_that_was_there(shop, broker):
    topic = broker.create_topic("replace")
    broker.produce(topic, ["1,new", "2,new"])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR, n INT DEFAULT 5, m INT, "
                 "twice INT AS (n * 2)); INSERT INTO t (a, b, n, m) VALUES (1, 'old', 7, 8)")
    make_feed(shop, broker, topic, "REPLACE")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT * FROM t ORDER BY a") == [
        (1, "new", 5, None, 10), (2, "new", 5, None, 10)]
    assert streams.rejects_of(shop, "feed") == {}


@pytest.mark.parametrize("before", ["", "REPLACE"])
def test_null_and_zero_stand_for_the_next_number(shop, broker, before):
    topic = broker.create_topic("number")
    broker.produce(topic, ["0,a", "\\N,b", ",c", "40,d", "0,e", "x,f", "0,bad"])
    shop.execute("CREATE TABLE t (a INT PRIMARY KEY AUTO_INCREMENT, b VARCHAR CHECK (b <> 'bad')); "
                 "INSERT INTO t VALUES (1, 'there'), (9, 'there too')")
    make_feed(shop, broker, topic, before)
    # What is only tried takes no number.
    assert shop.rows("TEST PIPELINE feed LIMIT 2") == [("0", "a"), (None, "b")]
    shop.execute("START PIPELINE feed FOREGROUND")
    rows = dict((b, a) for a, b in shop.rows("SELECT a, b FROM t WHERE b NOT LIKE 'there%'"))
    assert sorted(rows) == ["a", "b", "c", "d", "e"] and rows["d"] == 40
    assert 9 < rows["a"] < rows["b"] < rows["c"] < rows["e"] < 40
    assert streams.rejects_of(shop, "feed") == {(0, 5): "bad-number", (0, 6): "constraint"}


def test_a_where_that_asks_the_table_sees_the_batch_before(shop, broker):
    topic = broker.create_topic("asks")
    broker.produce(topic, [f"{i // 3},x" for i in range(60)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} "
                 "MAX_OFFSETS_PER_BATCH_PARTITION 1 INTO TABLE t FIELDS TERMINATED BY ',' (a, b) "
                 "WHERE a NOT IN (SELECT a FROM t)")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT a FROM t ORDER BY a") == [(i,) for i in range(20)]


@pytest.mark.parametrize("before", ["", "REPLACE"])
def test_rows_are_read_as_the_columns_are_now(shop, broker, before):
    topic = broker.create_topic("modify")
    broker.produce(topic, ["1,1"])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT)")
    make_feed(shop, broker, topic, before)
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 1)
    read = 1
    for kind, value, kept in [("DECIMAL(10, 2)", "1.2345", 1.23),
                              ("DECIMAL(20, 4)", "1.2345", 1.2345),
                              ("VARCHAR(20)", "007", "007"), ("VARCHAR(20)", "x", "x")]:
        shop.execute(f"DELETE FROM t; ALTER TABLE t MODIFY b {kind}")
        broker.produce(topic, [f"2,{value}"])
        read += 1
        streams.wait_for_messages(shop, "feed", read)
        found = shop.value("SELECT b FROM t")
        assert (found if isinstance(kept, str) else float(found)) == kept
    assert streams.rejects_of(shop, "feed") == {}


def test_on_duplicate_key_update_applies_each_row_in_order(shop, broker):
    topic = broker.create_topic("update")
    broker.produce(topic, [*ROWS, "bad"])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR, n INT); "
                 "INSERT INTO t VALUES (2, 'old', 7)")
    make_feed(shop, broker, topic, columns="(a, b, n)",
              behind="ON DUPLICATE KEY UPDATE n = n + VALUES(n), b = concat(b, VALUES(b))")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT * FROM t ORDER BY a") == [
        (1, "xzlast", 3), (2, "oldyv", 13), (3, "w", 1)]
    assert streams.rejects_of(shop, "feed") == {(0, 6): "too-few-fields"}
    shown = shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    assert "ON DUPLICATE KEY UPDATE `n` = n + VALUES(n)" in shown


def test_rows_that_are_refused_for_another_reason_are_sifted_out_of_an_upsert(shop, broker):
    topic = broker.create_topic("sift")
    broker.produce(topic, [f"{number % 50},{number},1" for number in range(200)] + ["7,-5,1"])
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT CHECK (b >= 0), n INT)")
    make_feed(shop, broker, topic, "REPLACE", columns="(a, b, n)")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert streams.rejects_of(shop, "feed") == {(0, 200): "constraint"}
    assert shop.rows("SELECT count(*), min(b), max(b) FROM t") == [(50, 150, 199)]


def test_a_table_without_one_key_is_refused(shop, broker):
    topic = broker.create_topic("keys")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    shop.expect_error(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} REPLACE "
                      "INTO TABLE t FIELDS TERMINATED BY ',' (a, b)", "has no key")
    shop.execute("DROP TABLE t; CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR UNIQUE)")
    shop.expect_error(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} REPLACE "
                      "INTO TABLE t FIELDS TERMINATED BY ',' (a, b)", "has several keys")


@pytest.mark.parametrize("clause, stops_at_parser, stops_at_key", [
    ("", True, True), ("SKIP PARSER ERRORS", False, True), ("SKIP CONSTRAINT ERRORS", True, False),
    ("SKIP DUPLICATE KEY ERRORS", True, False), ("SKIP ALL ERRORS", False, False),
    ("IGNORE", False, False)])
def test_what_stops_on_error_and_what_does_not(shop, broker, clause, stops_at_parser,
                                               stops_at_key):
    shop.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHAR)")
    for rows, stops in ((["1,x", "bad"], stops_at_parser), (["5,x", "5,y"], stops_at_key)):
        topic = broker.create_topic("stops")
        broker.produce(topic, rows)
        make_feed(shop, broker, topic, f"{clause} STOP_ON_ERROR ON")
        if stops:
            shop.expect_error("START PIPELINE feed FOREGROUND", "STOP_ON_ERROR is ON")
        else:
            shop.execute("START PIPELINE feed FOREGROUND")
            assert len(streams.rejects_of(shop, "feed")) == 1
        shop.execute("DROP PIPELINE feed")


def test_skip_without_stop_on_error_is_warned_of(shop, broker):
    topic = broker.create_topic("warned")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "SKIP ALL ERRORS RESOURCE POOL x")
    warnings = [row[2] for row in shop.rows("SHOW WARNINGS")]
    assert any("STOP_ON_ERROR" in text for text in warnings)
    assert any("RESOURCE POOL" in text for text in warnings)


def test_facts_of_messages(shop, broker):
    topic = broker.create_topic("facts", 2)
    producer = Producer({"bootstrap.servers": broker.address})
    # Not older than the broker keeps messages: a partition of old ones alone would be emptied.
    sent = int(time.time() * 1000) - 60_000
    producer.produce(topic, b"1", key=b"k\xc3\xa4", partition=0, timestamp=sent,
                     headers=[("h", b"v"), ("n", None), ("h", "\u00e4".encode())])
    binary = b"\xff\x00" + b"long" * 20
    producer.produce(topic, b"2", key=binary, partition=1, timestamp=sent + 1,
                     headers=[("id", b"\xfe\x01")])
    producer.produce(topic, b"bad", partition=1)
    producer.produce(topic, b"3", partition=1, timestamp=sent + 2)
    assert producer.flush() == 0
    shop.execute("CREATE TABLE t (a BIGINT, k VARCHAR, ts BIGINT, top VARCHAR, part INT, "
                 "off BIGINT, head VARCHAR, f VARCHAR, kb BLOB)")
    make_feed(shop, broker, topic, columns="(a)", behind="""
      SET kb = get_kafka_pipeline_prop('prop_key'),
          k = get_kafka_pipeline_prop('prop_key'), ts = get_kafka_pipeline_prop("timestamp"),
          top = get_kafka_pipeline_prop('prop_topicname'),
          part = get_kafka_pipeline_prop('prop_partition'),
          off = get_kafka_pipeline_prop('prop_offset'),
          head = get_kafka_pipeline_prop('prop_headers'), f = pipeline_source_file()
      WHERE get_kafka_pipeline_prop('prop_offset') < 3""")
    shop.execute("START PIPELINE feed FOREGROUND")
    rows = shop.rows("SELECT * FROM t ORDER BY a")
    assert rows[0][:6] == (1, "k\u00e4", sent, topic, 0, 0)
    # Of a name that comes again nothing is lost.
    assert json.loads(rows[0][6]) == {"h": ["v", "\u00e4"], "n": None} and rows[0][7] is None
    assert rows[0][8] == b"k\xc3\xa4"
    assert rows[1][:6] == (2, "\\xFF\x00" + "long" * 20, sent + 1, topic, 1, 0)
    assert json.loads(rows[1][6]) == {"id": "\\xFE\x01"} and rows[1][8] == binary
    assert rows[2][:6] == (3, None, sent + 2, topic, 1, 2)
    assert json.loads(rows[2][6]) == {}


def test_whose_time_it_is_is_known(shop, broker):
    topics = {kind: broker.create_topic(kind, config={"message.timestamp.type": kind})
              for kind in ("CreateTime", "LogAppendTime")}
    shop.execute("CREATE TABLE t (a BIGINT, kind VARCHAR)")
    clause = "kind = get_kafka_pipeline_prop('prop_timestamp_type')"
    for kind, topic in topics.items():
        broker.produce(topic, ["1", "bad"])
        shop.execute(f"CREATE OR REPLACE PIPELINE feed AS {streams.load_data(broker, topic)} "
                     f"INTO TABLE t (a) SET {clause}; START PIPELINE feed FOREGROUND; "
                     f"ALTER PIPELINE feed (@a) SET a = 2, {clause}")
        assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(1, 1, 0)]
    assert shop.rows("SELECT a, kind FROM t ORDER BY 2, 1") == [
        (1, "CreateTime"), (2, "CreateTime"), (1, "LogAppendTime"), (2, "LogAppendTime")]


def test_facts_feed_models_too(shop, broker):
    topic = broker.create_topic("facts", 1)
    broker.produce(topic, ["1", "0", "1"])
    shop.execute("CREATE MODEL m AS LinearClassifier(label => y, "
                 "feature_columns => [numeric_column(x)])")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} TRAIN MODEL m INTO "
                 "TABLE e FIELDS TERMINATED BY ',' (y) "
                 "SET x = get_kafka_pipeline_prop('prop_offset')")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT examples FROM millrace.models") == [(3,)]
