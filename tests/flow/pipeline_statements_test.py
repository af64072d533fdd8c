# ctest: kafka
"""What can be asked of a pipeline besides START and STOP: ALTER, FOREGROUND, TEST, PROFILE,
EXTRACT."""

import datetime
import threading

import pymysql
import pytest

from lib import streams
from lib.sql import WAIT_TIMEOUT_S


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def make_feed(session, broker, topic, more="", table="t"):
    session.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} {more} "
                    f"INTO TABLE {table} FIELDS TERMINATED BY ',' (a, b)")


def changed(session, sql):
    """How many rows the statement says it changed."""
    with session.connection.cursor() as cursor:
        return cursor.execute(sql)


def ids(session, table="t"):
    return [row[0] for row in session.rows(f"SELECT a FROM {table} ORDER BY a")]


def test_foreground_loads_what_is_there_and_ends(shop, broker):
    topic = broker.create_topic("foreground", 3)
    broker.produce_all(topic, [(number % 3, f"{number},x") for number in range(100)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "MAX_OFFSETS_PER_BATCH_PARTITION 10")
    # Of 30 rows, unless the broker lets one of the partitions wait.
    first = changed(shop, "START PIPELINE feed FOREGROUND LIMIT 1 BATCHES")
    assert streams.state_of(shop, "feed") == "Stopped"
    assert {row[0] for row in streams.batch_log(shop, "feed")} == {1}
    assert len(ids(shop)) == first and first in (10, 20, 30)
    assert changed(shop, "START PIPELINE feed FOREGROUND") == 100 - first
    assert ids(shop) == list(range(100))
    assert changed(shop, "START PIPELINE feed FOREGROUND") == 0
    streams.check_batch_log(shop, "feed", {0: (0, 34), 1: (0, 33), 2: (0, 33)})


def test_foreground_tells_the_error_and_is_not_resumed(shop, server, broker):
    topic = broker.create_topic("foreground")
    broker.produce(topic, ["1,x", "bad"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "STOP_ON_ERROR ON")
    shop.expect_error("START PIPELINE feed FOREGROUND", "expected 2 fields, found 1")
    assert streams.state_of(shop, "feed") == "Stopped"
    assert ids(shop) == []
    server.restart()
    assert streams.state_of(server.connect(), "feed") == "Stopped"


def test_foreground_can_be_killed_and_stopped(shop, server, broker):
    topic = broker.create_topic("foreground")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    broker.produce(topic, [f"{number},x" for number in range(10)])
    make_feed(shop, broker, topic, "MAX_OFFSETS_PER_BATCH_PARTITION 1 BATCH_INTERVAL 60000")
    other = server.connect(database="shop")
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(
        other.error("START PIPELINE feed FOREGROUND")))
    thread.start()
    streams.wait_for_messages(shop, "feed", 1)
    assert streams.state_of(shop, "feed") == "Running"
    shop.expect_error("START PIPELINE feed", "running already")
    shop.expect_error("DROP TABLE no_such", "no_such")
    shop.execute("STOP PIPELINE feed")
    thread.join(WAIT_TIMEOUT_S)
    assert not thread.is_alive() and "was stopped" in outcome[0]
    assert streams.state_of(shop, "feed") == "Stopped"

    thread = threading.Thread(target=lambda: outcome.append(
        other.error("START PIPELINE feed FOREGROUND")))
    thread.start()
    streams.wait_for_messages(shop, "feed", 2)
    running = [row for row in shop.rows("SHOW PROCESSLIST") if str(row[7]).startswith("START")]
    shop.execute(f"KILL QUERY {running[0][0]}")
    thread.join(WAIT_TIMEOUT_S)
    assert not thread.is_alive() and len(outcome) == 2
    assert streams.state_of(shop, "feed") == "Stopped"
    shop.wait_until("SELECT count(*) FROM t", 2)


def test_who_changes_a_run_in_the_foreground_ends_it_and_starts_none(shop, server, broker):
    topic = broker.create_topic("foreground")
    broker.produce(topic, [f"{number},x" for number in range(10)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "MAX_OFFSETS_PER_BATCH_PARTITION 1 BATCH_INTERVAL 60000")
    for batches, change in enumerate(["ALTER PIPELINE feed WHERE a < 100",
                                      "RETRY REJECTS FOR PIPELINE feed"], 1):
        other, outcome = server.connect(database="shop"), []
        thread = threading.Thread(target=lambda: outcome.append(
            other.error("START PIPELINE feed FOREGROUND")))
        thread.start()
        streams.wait_for_messages(shop, "feed", batches)
        shop.execute(change)
        thread.join(WAIT_TIMEOUT_S)
        assert not thread.is_alive() and "was stopped" in outcome[0]
        assert streams.state_of(shop, "feed") == "Stopped"


def test_statements_of_many_sessions_leave_nothing_half_started(shop, server, broker):
    topic = broker.create_topic("many", 2)
    broker.produce_all(topic, [(number % 2, f"{number},x") for number in range(8000)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "MAX_OFFSETS_PER_BATCH_PARTITION 10")
    said, broken = set(), []

    def work(statements):
        session = server.connect(database="shop")
        for statement in statements * 40:
            try:
                session.execute(statement)
            except pymysql.MySQLError as wrong:
                said.add(wrong.args[0])
                if wrong.args[0] not in (1192, 1317):
                    return broken.append((statement, wrong))

    one = "START PIPELINE feed FOREGROUND LIMIT 1 BATCHES"
    orders = [[one], [one], [one, "STOP PIPELINE IF RUNNING feed"],
              ["START PIPELINE IF NOT RUNNING feed", "STOP PIPELINE IF RUNNING feed"]]
    threads = [threading.Thread(target=work, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert not broken and said <= {1192, 1317}
    # What is said to be at rest is, and starts at once.
    shop.execute("STOP PIPELINE IF RUNNING feed")
    count = shop.value("SELECT count(*) FROM t")
    shop.execute("START PIPELINE feed FOREGROUND LIMIT 1 BATCHES")
    assert shop.value("SELECT count(*) FROM t") == count + 20
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT count(*), count(DISTINCT a) FROM t") == [(8000, 8000)]


def retrying(shop, server):
    """Begins a RETRY REJECTS of very many batches; its thread, and a list for its error."""
    other, outcome = server.connect(database="shop"), []

    def retry():
        try:
            other.execute("RETRY REJECTS FOR PIPELINE feed")
        except pymysql.MySQLError as wrong:
            outcome.append(wrong.args)

    before = shop.value("SELECT max(batch_id) FROM millrace.batches")
    thread = threading.Thread(target=retry)
    thread.start()
    shop.wait_until("SELECT max(batch_id) FROM millrace.batches", lambda rows: rows[0][0] > before)
    return thread, outcome


def test_a_stop_is_heard_though_a_statement_has_the_pipeline(shop, server, broker):
    topic = broker.create_topic("stop")
    broker.produce(topic, ["bad"] * 200)
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "MAX_OFFSETS_PER_BATCH_PARTITION 1")
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 200)
    for stop in ("STOP PIPELINE feed", "STOP ALL PIPELINES"):
        thread, outcome = retrying(shop, server)
        shop.execute(stop)
        assert streams.state_of(shop, "feed") == "Stopped"
        thread.join(60)
        assert not thread.is_alive() and outcome == []
        assert streams.state_of(shop, "feed") == "Stopped"
        shop.execute("START PIPELINE feed")
    # It can be interrupted between two batches; what it did is done.
    thread, outcome = retrying(shop, server)
    running = [row for row in shop.rows("SHOW PROCESSLIST") if str(row[7]).startswith("RETRY")]
    shop.execute(f"KILL QUERY {running[0][0]}")
    thread.join(60)
    assert not thread.is_alive() and outcome[0][0] == 1317
    assert streams.state_of(shop, "feed") == "Running"
    assert shop.rows("SELECT sum(messages), sum(rejects) FROM millrace.batches") == [(200, 200)]


def test_offsets_are_moved_by_hand(shop, broker):
    topic = broker.create_topic("offsets", 2)
    broker.produce_all(topic, [(number % 2, f"{number},x") for number in range(10)])
    time_between = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=0.05)
    while datetime.datetime.now(datetime.timezone.utc) < time_between:
        pass
    broker.produce_all(topic, [(number % 2, f"{number},x") for number in range(10, 20)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic)

    def load(clause):
        shop.execute(f"TRUNCATE TABLE t; ALTER PIPELINE feed SET OFFSETS {clause}")
        shop.execute("START PIPELINE feed FOREGROUND")
        return ids(shop)

    assert load("EARLIEST") == list(range(20))
    assert load("LATEST") == []
    assert load("'{\"0\": 8}'") == [16, 18]
    assert load("CURSOR '{\"0\": 10, \"1\": 9}'") == [19]
    assert load(f"TIMESTAMP '{time_between:%Y-%m-%d %H:%M:%S.%f}'") == list(range(10, 20))
    assert load("TIMESTAMP 0") == list(range(20))
    cursors = shop.rows("SELECT SOURCE_PARTITION_ID, CURSOR_OFFSET FROM "
                        "information_schema.PIPELINES_CURSORS ORDER BY 1")
    assert cursors == [("0", 10), ("1", 10)]
    shop.expect_error("ALTER PIPELINE feed SET OFFSETS '{\"0\": 11}'", "has no offset 11")
    shop.expect_error("ALTER PIPELINE feed SET OFFSETS '{\"2\": 0}'", "no partition 2")
    shop.expect_error("ALTER PIPELINE feed SET OFFSETS 'x'", "these are no offsets")
    shop.execute("START PIPELINE feed")
    shop.expect_error("ALTER PIPELINE feed SET OFFSETS EARLIEST", "is running")


def test_settings_change_while_it_runs_and_survive_a_restart(shop, server, broker):
    topic = broker.create_topic("settings")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic)
    shop.execute("START PIPELINE feed")
    broker.produce(topic, ["1,x"])
    streams.wait_for_messages(shop, "feed", 1)
    shop.execute("ALTER PIPELINE feed SET BATCH_INTERVAL 20 SET MAX_OFFSETS_PER_BATCH_PARTITION 7, "
                 "MAX_RETRIES_PER_BATCH_PARTITION 2 SET STOP_ON_ERROR ON SET RESOURCE POOL x")
    assert "RESOURCE POOL" in shop.rows("SHOW WARNINGS")[0][2]
    assert streams.state_of(shop, "feed") == "Running"
    shop.execute("ALTER PIPELINE feed RENAME TO stream")
    shop.expect_error("STOP PIPELINE feed", "does not exist")
    broker.produce(topic, ["2,x"])
    streams.wait_for_messages(shop, "stream", 2)
    shown = shop.rows("SHOW CREATE PIPELINE stream")[0][1]
    for clause in ("BATCH_INTERVAL 20", "MAX_OFFSETS_PER_BATCH_PARTITION 7", "STOP_ON_ERROR ON",
                   "MAX_RETRIES_PER_BATCH_PARTITION 2"):
        assert clause in shown
    server.restart()
    session = server.connect(database="shop")
    assert session.rows("SHOW CREATE PIPELINE stream")[0][1] == shown
    broker.produce(topic, ["3,x"])
    streams.wait_for_messages(session, "stream", 3)
    assert ids(session) == [1, 2, 3]
    session.execute("STOP PIPELINE stream")
    session.expect_error("ALTER PIPELINE stream DROP PARTITION '0'", "has partition 0 still")
    session.expect_error("ALTER PIPELINE stream DROP PARTITION '5'", "no cursor of partition 5")


def test_a_topic_with_fewer_partitions_goes_on_without_those_that_are_gone(shop, broker):
    topic = broker.create_topic("fewer", 3)
    broker.produce_all(topic, [(number % 3, f"{number},x") for number in range(9)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic)
    shop.execute("START PIPELINE feed FOREGROUND")
    broker.delete_topic(topic)
    assert broker.create_topic(topic, 1, exact=True) == topic
    shop.expect_error("START PIPELINE feed FOREGROUND", "is gone|is beyond|holds")
    shop.execute("ALTER PIPELINE feed DROP PARTITION '1'; ALTER PIPELINE feed DROP PARTITION '2'; "
                 "ALTER PIPELINE feed SET OFFSETS EARLIEST")
    broker.produce(topic, ["100,x"])
    assert changed(shop, "START PIPELINE feed FOREGROUND") == 1
    log = streams.batch_log(shop, "feed")
    assert [row[0] for row in log] == sorted(row[0] for row in log), "batches count on"
    assert ids(shop) == [*range(9), 100]


def test_test_shows_rows_and_changes_nothing(shop, broker):
    topic = broker.create_topic("test")
    broker.produce(topic, ["1,x", "bad", "3,z", "4,w"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR, c DECIMAL(5,2))")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} INTO TABLE t "
                 "FIELDS TERMINATED BY ',' (a, @b) SET b = upper(@b), c = a / 2 WHERE a < 4")
    assert shop.rows("TEST PIPELINE feed LIMIT 3") == [("1", "X", "0.50"), ("3", "Z", "1.50")]
    assert shop.columns("TEST PIPELINE feed") == ["a", "b", "c"]
    shop.rows("TEST PIPELINE feed LIMIT 4")
    assert "offset 1 would be rejected: too-few-fields" in shop.rows("SHOW WARNINGS")[0][2]
    assert ids(shop) == [] and streams.batch_log(shop, "feed") == []
    assert streams.rejects_of(shop, "feed") == {}
    assert changed(shop, "START PIPELINE feed FOREGROUND") == 2
    assert shop.rows("TEST PIPELINE feed LIMIT 3") == []


def test_test_trains_and_classifies_nothing(shop, broker):
    topic = broker.create_topic("test")
    broker.produce(topic, ["1,1", "2,0", "x,1"])
    shop.execute("CREATE MODEL m AS LinearClassifier(label => y, "
                 "feature_columns => [numeric_column(x)])")
    shop.execute(f"CREATE PIPELINE learn AS {streams.load_data(broker, topic)} TRAIN MODEL m INTO "
                 "TABLE e FIELDS TERMINATED BY ',' (x, y)")
    assert shop.rows("TEST PIPELINE learn LIMIT 10") == [("1.0", "1.0"), ("2.0", "0.0")]
    assert shop.rows("SELECT version, examples FROM millrace.models") == [(0, 0)]
    shop.execute("CREATE TABLE r (x DOUBLE, probability DOUBLE)")
    shop.execute(f"CREATE PIPELINE judge AS {streams.load_data(broker, topic)} CLASSIFY WITH MODEL "
                 "m INTO TABLE r FIELDS TERMINATED BY ',' (x, @y)")
    assert shop.rows("TEST PIPELINE judge LIMIT 10") == [("1.0", "0.5"), ("2.0", "0.5")]
    assert shop.value("SELECT count(*) FROM r") == 0


def test_profile_works_one_batch_and_tells_its_steps(shop, broker):
    topic = broker.create_topic("profile")
    broker.produce(topic, [f"{number},x" for number in range(50)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, "MAX_OFFSETS_PER_BATCH_PARTITION 20")
    rows = shop.rows("PROFILE PIPELINE feed")
    assert [row[0] for row in rows] == ["take", "decode", "shape", "model", "commit"]
    assert all(row[1] >= 0 and row[2:] == (20, 20, 0) for row in rows)
    assert ids(shop) == list(range(20))


def test_extract_writes_the_messages_as_they_are(shop, broker, tmp_path):
    topic = broker.create_topic("extract")
    payloads = [b"1,x", b"", b"\xff\x00two\n", b"4"]
    broker.produce_all(topic, [(0, payload) for payload in payloads])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic)

    def extracted(path):
        data, found = path.read_bytes(), []
        while data:
            size = int.from_bytes(data[:8], "little")
            found.append(data[8:8 + size])
            data = data[8 + size:]
        return found

    assert changed(shop, f"EXTRACT PIPELINE feed INTO OUTFILE '{tmp_path}/all'") == 4
    assert extracted(tmp_path / "all") == payloads
    shop.execute(f"EXTRACT PIPELINE feed OFFSETS '{{\"0\": 2}}' INTO OUTFILE '{tmp_path}/some'")
    assert extracted(tmp_path / "some") == payloads[2:]
    shop.expect_error(f"EXTRACT PIPELINE feed INTO OUTFILE '{tmp_path}/all'",
                      "1050: could not write")
    shop.expect_error(f"EXTRACT PIPELINE feed INTO OUTFILE '{tmp_path}/none/all'",
                      "^1: could not write")
    shop.expect_error(f"EXTRACT PIPELINE feed OFFSETS '{{\"0\": 5}}' INTO OUTFILE '{tmp_path}/x'",
                      "1210: partition 0 has no offset 5: it holds 0 to 4")
    assert ids(shop) == [] and streams.batch_log(shop, "feed") == []


def test_retries_are_counted_when_asked(shop):
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    shop.execute("CREATE PIPELINE feed AS LOAD DATA KAFKA '127.0.0.1:1/none' "
                 "MAX_RETRIES_PER_BATCH_PARTITION 0 INTO TABLE t FIELDS TERMINATED BY ',' (a, b)")
    shop.expect_error("START PIPELINE feed", "could not reach Kafka")
    streams.wait_for_state(shop, "feed", "Error")
