# ctest: kafka
"""Pipelines as a user meets them: rows in, rows out, rejects, clauses, START, STOP and DROP."""

import pytest
from confluent_kafka import Producer

from lib import streams
from lib.sql import WAIT_TIMEOUT_S

COMMAS = "FIELDS TERMINATED BY ','"
QUOTED = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"'"


@pytest.fixture
def shop(session):
    """A session in a database of its own."""
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def ingest(session, broker, topic, table, clauses, name="feed"):
    """Creates and starts a plain pipeline."""
    session.execute(f"CREATE PIPELINE {name} AS {streams.load_data(broker, topic)} {clauses[0]} "
                    f"INTO TABLE {table} {clauses[1]}; START PIPELINE {name}")


def test_rows_of_all_types_and_nulls_arrive(shop, broker):
    topic = broker.create_topic("types")
    shop.execute("CREATE TABLE t (id BIGINT, small TINYINT, real_ DOUBLE, word VARCHAR(20), "
                 "day DATE, moment DATETIME, price DECIMAL(10,2), truth BOOLEAN)")
    broker.produce(topic, ["1,2,0.5,\"a,b\",2024-02-29,2024-02-29 12:30:00,12.34,true",
                           "2,,,,,,,", "3,\\N,\\N,\\N,\\N,\\N,\\N,\\N",
                           "4,NULL,NULL,\"NULL\",NULL,NULL,NULL,NULL"])
    ingest(shop, broker, topic, "t", ("", QUOTED))
    streams.wait_for_messages(shop, "feed", 4)
    assert streams.rejects_of(shop, "feed") == {}
    rows = shop.rows("SELECT id, small, real_, word, CAST(day AS VARCHAR), "
                     "CAST(moment AS VARCHAR), CAST(price AS VARCHAR), truth FROM t ORDER BY id")
    assert rows[0] == (1, 2, 0.5, "a,b", "2024-02-29", "2024-02-29 12:30:00", "12.34", 1)
    assert rows[1] == (2, None, None, "", None, None, None, None)
    assert rows[2] == (3, *[None] * 7)
    assert rows[3] == (4, None, None, "NULL", None, None, None, None)


def test_null_defined_by_and_several_lines_in_a_message(shop, broker):
    topic = broker.create_topic("nulls")
    shop.execute("CREATE TABLE t (id BIGINT, word VARCHAR(20))")
    ingest(shop, broker, topic, "t", ("", f"{COMMAS} LINES TERMINATED BY ';' NULL DEFINED BY ''"))
    broker.produce(topic, ["1,a;2,;3,c;", "4,d"])
    streams.wait_for_messages(shop, "feed", 2)
    assert shop.rows("SELECT id, word FROM t ORDER BY id") == [(1, "a"), (2, None), (3, "c"),
                                                              (4, "d")]
    assert "NULL DEFINED BY ''" in shop.rows("SHOW CREATE PIPELINE feed")[0][1]


def test_messages_in_latin1(shop, broker):
    topic = broker.create_topic("latin1")
    broker.produce(topic, [text.encode("cp1252") for text in ("1,\u00fc \u20ac", "\u00e4,x")])
    shop.execute("CREATE TABLE u (a BIGINT, b VARCHAR)")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} INTO TABLE u "
                 "FIELDS TERMINATED BY ',' CHARACTER SET latin1; START PIPELINE feed FOREGROUND")
    assert "\n  CHARACTER SET latin1" in shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    assert shop.rows("SELECT reason, bytes FROM millrace.rejects") == [("bad-number", b"\xe4,x")]
    shop.execute("ALTER PIPELINE feed (@n, b) SET a = 2, b = concat(@n, b)")
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(1, 1, 0)]
    assert shop.rows("SELECT * FROM u ORDER BY a") == [(1, "\u00fc \u20ac"), (2, "\u00e4x")]
    shop.execute("ALTER PIPELINE feed CHARACTER SET utf8mb4")
    assert "CHARACTER SET" not in shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    shop.expect_error("ALTER PIPELINE feed FORMAT JSON (a <- a) CHARACTER SET latin1",
                      "CHARACTER SET latin1 belongs to FORMAT CSV")


def test_bad_rows_are_rejected_and_disturb_no_other(shop, broker):
    topic = broker.create_topic("rejects", 2, config={"max.message.bytes": 4_000_000})
    shop.execute("CREATE TABLE t (id BIGINT NOT NULL, age TINYINT, word VARCHAR, day DATE)")
    bad = [(b"1,2,x", "too-few-fields"), (b"1,2,x,2024-01-01,more", "too-many-fields"),
           (b"one,2,x,2024-01-01", "bad-number"), (b"1,300,x,2024-01-01", "out-of-range"),
           (b"1,2,\xff\xfe,2024-01-01", "bad-utf8"),
           (b"1,2," + b"y" * 1_200_000 + b",2024-01-01", "oversized-field"),
           (b"1,2,x,2024-02-31", "bad-date"), (b"\\N,2,x,2024-01-01", "null-not-allowed"),
           (b"", "too-few-fields"), (b"1,2,\"x,2024-01-01", "bad-quoting")]
    rows = []
    for number, (row, _) in enumerate(bad):
        rows += [(1, f"{100 + number},1,good,2024-01-01".encode()), (1, row)]
    rows.append((1, b"999,1,last,2024-01-01"))
    broker.produce_all(topic, rows, message_bytes_max=4_000_000)
    ingest(shop, broker, topic, "t", ("", QUOTED))
    streams.wait_for_messages(shop, "feed", len(rows))
    wanted = {(1, 2 * number + 1): reason for number, (_, reason) in enumerate(bad)}
    assert streams.rejects_of(shop, "feed") == wanted
    assert [row[0] for row in shop.rows("SELECT id FROM t ORDER BY id")] == [
        *range(100, 100 + len(bad)), 999]
    kept = dict(((row[0]), row[1:]) for row in shop.rows(
        "SELECT source_offset, bytes, detail, topic, pipeline_name, database_name "
        "FROM millrace.rejects"))
    assert kept[1][0] == b"1,2,x" and kept[1][2:] == (topic, "feed", "shop")
    assert kept[9][0] == b"1,2,\xff\xfe,2024-01-01"
    assert kept[11][0] == bad[5][0][:64 * 1024], "a long message is cut"
    assert '"id"' in kept[5][1] and '"one"' in kept[5][1], kept[5][1]
    streams.check_batch_log(shop, "feed", broker.offsets(topic))


def test_rows_the_table_refuses_are_rejects_too(shop, broker):
    topic = broker.create_topic("refused")
    shop.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, ratio DOUBLE)")
    broker.produce(topic, ["1,2", "2,4", "1,5", "3,x", "4,0"])
    ingest(shop, broker, topic, "t",
           ("", f"{COMMAS} (id, @n) SET ratio = 10 / CAST(@n AS DOUBLE)"))
    streams.wait_for_messages(shop, "feed", 5)
    rejects = streams.rejects_of(shop, "feed")
    assert rejects[0, 3] == "expression"
    assert rejects[0, 2] == "constraint"
    rows = shop.rows("SELECT id, ratio FROM t ORDER BY id")
    assert rows[:2] == [(1, 5.0), (2, 2.5)]
    assert len(rows) + len(rejects) == 5


def test_set_where_and_variables(shop, broker):
    topic = broker.create_topic("shaped")
    shop.execute("CREATE TABLE t (id BIGINT, name VARCHAR, score DOUBLE)")
    broker.produce(topic, ["1,ann,skip,10", "2,bob,skip,20", "3,cy,skip,30"])
    ingest(shop, broker, topic, "t",
           ("", f"{COMMAS} (id, @name, @skip, @score) SET name = concat(upper(@name), '!'), "
            "score = CAST(@score AS DOUBLE) / 10 WHERE CAST(@score AS INT) >= 20"))
    streams.wait_for_messages(shop, "feed", 3)
    assert shop.rows("SELECT * FROM t ORDER BY id") == [(2, "BOB!", 2.0), (3, "CY!", 3.0)]
    assert streams.rejects_of(shop, "feed") == {}


def test_what_cannot_work_is_said_by_create(shop, broker):
    topic = broker.create_topic("refusals")
    shop.execute("CREATE TABLE t (id BIGINT, word VARCHAR)")
    create = f"CREATE PIPELINE p AS {streams.load_data(broker, topic)} "
    shop.expect_error(create + f"CONFIG '{{\"fetch.mim.bytes\": \"1\"}}' INTO TABLE t {COMMAS}",
                      "fetch.mim.bytes.*does not exist.*Did you mean fetch.min.bytes")
    shop.expect_error(create + f"CONFIG '{{\"group.id\": \"mine\"}}' INTO TABLE t {COMMAS}",
                      "group.id.*belongs to the engine")
    shop.expect_error(create + f"INTO TABLE t {COMMAS} (id, wrod)", "wrod.*Did you mean word")
    shop.expect_error(create + f"INTO TABLE t {COMMAS} (id, @w) SET word = uppper(@w)", "uppper")
    shop.expect_error(create + f"INTO TABLE nowhere {COMMAS}", "nowhere.*does not exist")
    shop.expect_error(create + f"CLASSIFY WITH MODEL m INTO TABLE t {COMMAS}",
                      "model \"m\" does not exist")
    assert shop.rows("SELECT PIPELINE_NAME FROM information_schema.PIPELINES") == []


def test_stop_on_error(shop, broker):
    topic = broker.create_topic("strict")
    shop.execute("CREATE TABLE t (id BIGINT)")
    broker.produce(topic, ["1", "2"])
    ingest(shop, broker, topic, "t", ("STOP_ON_ERROR ON", COMMAS))
    streams.wait_for_messages(shop, "feed", 2)
    broker.produce(topic, ["3", "x", "4"])
    streams.wait_for_state(shop, "feed", "Error")
    assert "offset 3" in streams.errors_of(shop, "feed")[-1]
    assert shop.rows("SELECT ERROR_TYPE, ERROR_KIND, LOAD_DATA_LINE, LOAD_DATA_LINE_NUMBER, "
                     "BATCH_SOURCE_PARTITION_ID FROM information_schema.PIPELINES_ERRORS") == [
        ("Error", "Load", "x", 1, "0")]
    assert [row[0] for row in shop.rows("SELECT id FROM t ORDER BY id")] in ([1, 2], [1, 2, 3])
    assert streams.rejects_of(shop, "feed") == {}
    # Without it, the pipeline goes on where it was.
    shop.execute(f"CREATE OR REPLACE PIPELINE feed AS {streams.load_data(broker, topic)} "
                 f"INTO TABLE t {COMMAS}; START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 5)
    assert [row[0] for row in shop.rows("SELECT id FROM t ORDER BY id")] == [1, 2, 3, 4]
    assert streams.rejects_of(shop, "feed") == {(0, 3): "bad-number"}


def test_batch_limits(shop, broker):
    topic = broker.create_topic("limits", 2)
    shop.execute("CREATE TABLE t (id BIGINT)")
    broker.produce_all(topic, ((n % 2, str(n)) for n in range(100)))
    ingest(shop, broker, topic, "t",
           ("MAX_OFFSETS_PER_BATCH_PARTITION 7 BATCH_INTERVAL 60", COMMAS))
    streams.wait_for_messages(shop, "feed", 100)
    streams.check_batch_log(shop, "feed", broker.offsets(topic))
    log = streams.batch_log(shop, "feed")
    assert max(row[4] for row in log) == 7
    batches = max(row[0] for row in log)
    assert batches >= 8
    seconds = shop.value("SELECT epoch(max(committed_at)) - epoch(min(committed_at)) "
                         "FROM millrace.batches")
    # The reader is two batches ahead at most, and waits between any two.
    assert seconds > 0.06 * (batches - 4)


def test_partitions_take_turns_where_a_batch_may_have_only_some(shop, broker):
    topic = broker.create_topic("turns", 5)
    shop.execute("CREATE TABLE t (id BIGINT)")
    broker.produce_all(topic, ((n % 5, str(n)) for n in range(500)))
    # Slowly, so that the messages of all partitions have come before any partition is through.
    ingest(shop, broker, topic, "t",
           ("BATCH_INTERVAL 50 MAX_PARTITIONS_PER_BATCH 2 MAX_OFFSETS_PER_BATCH_PARTITION 5",
            COMMAS))
    streams.wait_for_messages(shop, "feed", 500)
    streams.check_batch_log(shop, "feed", broker.offsets(topic))
    batches = {}
    for row in streams.batch_log(shop, "feed"):
        batches.setdefault(row[0], set()).add(row[1])
    turns = [batches[number] for number in sorted(batches)]
    assert max(map(len, turns)) == 2
    # Which partitions are there at first is chance: the brokers answer as they like. From when all
    # have given until one is through, each has its turn before one has two more than another.
    taken = dict.fromkeys(range(5), 0)
    since_all = []
    for partitions in turns:
        if min(taken.values()) > 0:
            since_all.append(partitions)
        for partition in partitions:
            taken[partition] += 1
        if max(taken.values()) == 20:
            break
    assert len(since_all) >= 20, turns
    given = dict.fromkeys(range(5), 0)
    for partitions in since_all:
        for partition in partitions:
            given[partition] += 1
        assert max(given.values()) - min(given.values()) <= 1, (given, turns)
    assert "MAX_PARTITIONS_PER_BATCH 2" in shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    # A partition that is quiet keeps nobody waiting, and what was bounded need not stay so.
    broker.produce_all(topic, ((n % 2 * 3, str(n)) for n in range(20)))
    streams.wait_for_messages(shop, "feed", 520)
    shop.execute("ALTER PIPELINE feed SET MAX_PARTITIONS_PER_BATCH 0")
    broker.produce_all(topic, ((n % 5, str(n)) for n in range(50)))
    streams.wait_for_messages(shop, "feed", 570)
    streams.check_batch_log(shop, "feed", broker.offsets(topic))
    assert "MAX_PARTITIONS" not in shop.rows("SHOW CREATE PIPELINE feed")[0][1]


def test_the_first_rows_need_not_wait_for_a_full_batch(shop, broker):
    topic = broker.create_topic("first")
    shop.execute("CREATE TABLE t (id BIGINT)")
    broker.produce_all(topic, ((0, str(n)) for n in range(200_000)))
    ingest(shop, broker, topic, "t", ("", COMMAS))
    streams.wait_for_messages(shop, "feed", 200_000)
    # Of a full batch of 122,880; a partition gives 65,536 at most. A broker that makes the reader
    # wait cuts a batch short; none is larger.
    bounds = [7_680, 30_720] + [65_536] * 22
    sizes = [row[4] for row in streams.batch_log(shop, "feed")]
    assert len(sizes) <= len(bounds) and max(sizes) > bounds[0], sizes
    assert all(size <= bound for size, bound in zip(sizes, bounds)), sizes
    # After a STOP as well, when there is a backlog again.
    shop.execute("STOP PIPELINE feed")
    broker.produce_all(topic, ((0, str(n)) for n in range(20_000)))
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 220_000)
    again = [row[4] for row in streams.batch_log(shop, "feed")][len(sizes):]
    assert len(again) >= 2 and again[0] <= bounds[0] and again[1] <= bounds[1], again


def test_a_batch_that_loses_rows_still_fills_a_row_group(shop, broker):
    topic = broker.create_topic("losing", partitions=4)
    count = 400_000
    broker.produce_all(topic, ((n % 4, str(n) if n % 100 else "bad") for n in range(count)))
    shop.execute("CREATE TABLE t (id BIGINT)")
    ingest(shop, broker, topic, "t", ("", COMMAS))
    row_group = 122_880
    for runs in range(1, 6):
        streams.wait_for_messages(shop, "feed", runs * count)
        batches = shop.rows("SELECT sum(messages), sum(rows_out) FROM millrace.batches "
                            "WHERE pipeline_name = 'feed' GROUP BY batch_id")
        assert max(messages for messages, _ in batches) <= row_group + row_group // 16
        if max(rows for _, rows in batches) >= row_group:
            break  # a broker that makes the reader wait may cut each batch short
        shop.execute("STOP PIPELINE feed; ALTER PIPELINE feed SET OFFSETS EARLIEST; "
                     "START PIPELINE feed")
    else:
        raise AssertionError(f"no batch has the rows of a row group: {batches}")


def test_stop_start_replace_and_drop(shop, broker):
    topic = broker.create_topic("verbs")
    shop.execute("CREATE TABLE t (id BIGINT, word VARCHAR)")
    broker.produce(topic, [f"{n},a" for n in range(50)])
    ingest(shop, broker, topic, "t", ("", COMMAS))
    streams.wait_for_messages(shop, "feed", 50)
    shop.expect_error("START PIPELINE feed", "running already")
    shop.execute("START PIPELINE IF NOT RUNNING feed; STOP PIPELINE feed")
    assert streams.state_of(shop, "feed") == "Stopped"
    shop.expect_error("STOP PIPELINE feed", "not running")
    shop.expect_error(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} INTO TABLE t",
                      "exists already")
    broker.produce(topic, [f"{n},b" for n in range(50, 80)])
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 80)
    # REPLACE keeps the cursors, and what ran runs.
    shop.execute(f"CREATE OR REPLACE PIPELINE feed AS {streams.load_data(broker, topic)} "
                 f"INTO TABLE t {COMMAS} (id, @w) SET word = upper(@w)")
    assert streams.state_of(shop, "feed") == "Running"
    broker.produce(topic, [f"{n},c" for n in range(80, 90)])
    streams.wait_for_messages(shop, "feed", 90)
    assert shop.rows("SELECT word, count(*) FROM t GROUP BY word ORDER BY word") == [
        ("C", 10), ("a", 50), ("b", 30)]
    cursors = shop.rows("SELECT SOURCE_PARTITION_ID, CURSOR_OFFSET, LATEST_OFFSET "
                        "FROM information_schema.PIPELINES_CURSORS")
    assert cursors == [("0", 90, 90)]
    broker.produce_all(topic, ((0, f"{n},d") for n in range(90, 20_000)))
    shop.execute("DROP PIPELINE feed")
    shop.expect_error("STOP PIPELINE feed", "does not exist")
    assert shop.rows("SELECT * FROM information_schema.PIPELINES") == []
    assert shop.rows("SELECT * FROM millrace.batches") == []
    assert shop.value("SELECT count(*) >= 90 AND count(*) = count(DISTINCT id) FROM t") == 1
    # A pipeline of that name is a new one, and begins at the beginning.
    shop.execute("DELETE FROM t")
    ingest(shop, broker, topic, "t", ("", COMMAS))
    streams.wait_for_messages(shop, "feed", 20_000)
    assert shop.value("SELECT count(DISTINCT id) FROM t") == 20_000


def test_a_start_at_the_latest_offset_skips_what_was_there_and_nothing_after(shop, broker):
    topic = broker.create_topic("latest", 2)
    shop.execute("CREATE TABLE t (id BIGINT)")
    broker.produce_all(topic, ((n % 2, str(n)) for n in range(10)))
    ingest(shop, broker, topic, "t", ("CONFIG '{\"auto.offset.reset\": \"latest\"}'", COMMAS))
    shop.execute("STOP PIPELINE feed")
    broker.produce(topic, ["100"], partition=0)
    shop.execute("START PIPELINE feed")
    shop.wait_until("SELECT id FROM t", [(100,)])
    # Partition 1 had no message since; a restart must not send it to its beginning.
    shop.execute("STOP PIPELINE feed; START PIPELINE feed")
    broker.produce(topic, ["101"], partition=1)
    shop.wait_until("SELECT id FROM t ORDER BY id", [(100,), (101,)])


def test_partitions_that_are_added_are_read_while_others_are_busy(shop, broker):
    topic = broker.create_topic("growing")
    shop.execute("CREATE TABLE t (id BIGINT)")
    ingest(shop, broker, topic, "t", ("", COMMAS))
    broker.produce(topic, ["1"])
    streams.wait_for_messages(shop, "feed", 1)
    broker.add_partitions(topic, 3)
    broker.produce_all(topic, [(2, "3"), (1, "2")])
    busy = iter(range(1000, 1_000_000))

    def arrived(rows):
        broker.produce(topic, [str(next(busy))])  # the old partition is never silent
        return {row[0] for row in rows} >= {1, 2, 3}

    shop.wait_until("SELECT id FROM t WHERE id < 10", arrived)
    assert streams.errors_of(shop, "feed") == []
    shop.execute("STOP PIPELINE feed")
    assert shop.value("SELECT count(*) = count(DISTINCT id) FROM t") == 1


def test_compressed_batches_are_read(shop, broker):
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        topic = broker.create_topic(codec, 2)
        broker.produce_all(topic, ((n % 2, str(n)) for n in range(5000)), compression=codec)
        shop.execute(f"CREATE TABLE {codec} (id BIGINT)")
        ingest(shop, broker, topic, codec, ("MAX_OFFSETS_PER_BATCH_PARTITION 700", COMMAS), codec)
        streams.wait_for_messages(shop, codec, 5000)
        assert shop.rows(f"SELECT count(*), count(DISTINCT id), min(id), max(id) FROM {codec}") == [
            (5000, 5000, 0, 4999)], codec
        streams.check_batch_log(shop, codec, broker.offsets(topic))


def test_only_what_a_transaction_committed_is_read(shop, broker):
    topic = broker.create_topic("transactions")
    shop.execute("CREATE TABLE t (id BIGINT)")
    ingest(shop, broker, topic, "t", ("MAX_OFFSETS_PER_BATCH_PARTITION 30", COMMAS))
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": topic})
    producer.init_transactions(WAIT_TIMEOUT_S)
    wanted = []
    for number in range(10):
        producer.begin_transaction()
        ids = list(range(number * 100, number * 100 + 100))
        for id_ in ids:
            producer.produce(topic, str(id_), partition=0)
        if number % 3 == 1:
            producer.flush()
            producer.abort_transaction(WAIT_TIMEOUT_S)
        else:
            producer.commit_transaction(WAIT_TIMEOUT_S)
            wanted += ids
    # One that is still open holds back what is behind it, and nothing of it is seen.
    producer.begin_transaction()
    producer.produce(topic, "5000", partition=0)
    producer.flush()
    broker.produce(topic, ["6000"])
    shop.wait_until("SELECT count(*) FROM t", len(wanted))
    assert [row[0] for row in shop.rows("SELECT id FROM t ORDER BY id")] == wanted
    producer.abort_transaction(WAIT_TIMEOUT_S)
    shop.wait_until("SELECT count(*) FROM t", len(wanted) + 1)
    assert shop.value("SELECT max(id) FROM t") == 6000
    # The markers and what was aborted are offsets without a message; the log has no gap.
    log = streams.batch_log(shop, "feed")
    assert all(before[3] == after[2] for before, after in zip(log, log[1:]))
    assert sum(batch[4] for batch in log) == len(wanted) + 1
    assert streams.rejects_of(shop, "feed") == {}


def test_tombstones_are_empty_messages(shop, broker):
    topic = broker.create_topic("tombstones")
    producer = Producer({"bootstrap.servers": broker.address})
    for value in (b'{"id": 1}', None, b'{"id": 2}'):
        producer.produce(topic, value, key=b"k", partition=0)
    assert producer.flush() == 0
    shop.execute("CREATE TABLE t (id BIGINT)")
    ingest(shop, broker, topic, "t", ("", "FORMAT JSON (id <- id)"))
    streams.wait_for_messages(shop, "feed", 3)
    assert shop.rows("SELECT id FROM t ORDER BY id") == [(1,), (2,)]
    assert streams.rejects_of(shop, "feed") == {(0, 1): "too-few-fields"}
