# ctest: kafka
"""How far a pipeline is and how fast: rates, lag, progress and the time left."""

import time

import pytest

from lib import streams
from lib.sql import WAIT_TIMEOUT_S

COMMAS = "FIELDS TERMINATED BY ','"
PROGRESS = ("SELECT LAG, PROGRESS, ETA_SECONDS, ROWS_PER_SEC, BYTES_PER_SEC "
            "FROM information_schema.PIPELINES WHERE PIPELINE_NAME = 'feed'")
CAUGHT_UP = [(0, 100.0, None)]
LAGS = ("SELECT SOURCE_PARTITION_ID, LATEST_OFFSET, CURSOR_OFFSET, LAG "
        "FROM information_schema.PIPELINES_CURSORS ORDER BY 1")
AGE = "SELECT max(LATEST_OFFSET_AGE) FROM information_schema.PIPELINES_CURSORS"


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (id BIGINT)")
    return session


def create_feed(session, broker, topic, clauses=""):
    session.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} {clauses} "
                    f"INTO TABLE t {COMMAS}")


def shown(session):
    """The row of SHOW PIPELINES."""
    (row,) = session.rows("SHOW PIPELINES")
    return row


def test_the_lag_of_each_partition_and_how_much_is_read(server, shop, broker):
    topic = broker.create_topic("lag", 3)
    broker.produce_all(topic, ((0, f"{n:04}") for n in range(100)))
    broker.produce_all(topic, ((1, f"{n:04}") for n in range(40)))
    create_feed(shop, broker, topic, "MAX_OFFSETS_PER_BATCH_PARTITION 10")
    # Nobody has asked the broker yet.
    assert shown(shop) == ("feed", "Stopped", "False", 0.0, 0.0, None, None, None)
    shop.execute("START PIPELINE feed FOREGROUND LIMIT 3 BATCHES")
    # 30 of each, unless the broker lets one of the partitions wait.
    at = {row[1]: row[3] for row in streams.batch_log(shop, "feed")}
    first, second = at.get(0, 0), at.get(1, 0)
    known = first + second
    assert 30 <= known <= 60
    assert shop.rows(LAGS) == [("0", 100, first, 100 - first), ("1", 40, second, 40 - second),
                               ("2", 0, 0, 0)]
    name, state, _, rows, size, lag, progress, left = shown(shop)
    assert (name, state, rows, size, left) == ("feed", "Stopped", 0.0, 0.0, None)
    assert lag == 140 - known
    assert abs(progress - 100 * known / 140) < 1e-9
    read, rows_total, bytes_total = shop.rows(
        "SELECT BYTES, ROWS_PER_SEC_TOTAL, BYTES_PER_SEC_TOTAL "
        "FROM information_schema.PIPELINES")[0]
    assert read == known * 4 and rows_total > 0 and abs(bytes_total / rows_total - 4) < 1e-9
    # What another process heard, this one has not.
    server.restart()
    shop = server.connect(database="shop")
    assert shop.rows(LAGS) == [(str(partition), None, offset, None)
                               for partition, offset in sorted(at.items())]
    assert shop.rows(PROGRESS) == [(None, None, None, 0.0, 0.0)]
    assert shop.value(AGE) is None
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 140)
    shop.wait_until(f"SELECT LAG, PROGRESS, ETA_SECONDS FROM ({PROGRESS})", CAUGHT_UP)
    assert shop.rows(LAGS) == [("0", 100, 100, 0), ("1", 40, 40, 0), ("2", 0, 0, 0)]
    assert shop.value("SELECT BYTES FROM information_schema.PIPELINES") == (140 - known) * 4


def test_lag_tools_see_it_as_a_consumer_group(shop, broker):
    topic = broker.create_topic("group", 2)
    create_feed(shop, broker, topic)
    shop.execute("START PIPELINE feed")
    for count in (3, 5):
        broker.produce_all(topic, [(0, "1")] * count + [(1, "2")])
    deadline = time.monotonic() + WAIT_TIMEOUT_S
    while (found := broker.group_offsets("millrace.shop.feed", topic)) != {0: 8, 1: 2}:
        assert time.monotonic() < deadline, found


def test_an_empty_topic_is_read_to_its_end(shop, broker):
    create_feed(shop, broker, broker.create_topic("empty", 2))
    shop.execute("START PIPELINE feed")
    assert shop.rows(PROGRESS) == [(0, 100.0, None, 0.0, 0.0)]
    # The broker is heard although there is nothing to say.
    first = shop.value("SELECT UPDATED_UNIX_TIMESTAMP FROM information_schema.PIPELINES_CURSORS "
                       "WHERE SOURCE_PARTITION_ID = '0'")
    shop.wait_until(f"SELECT epoch(now()) - ({AGE}) > {first} + 1", 1)


def test_a_back_fill_tells_when_it_will_end(shop, broker):
    topic = broker.create_topic("backfill", 2)
    broker.produce_all(topic, ((n % 2, str(n)) for n in range(100_000)))
    create_feed(shop, broker, topic, "BATCH_INTERVAL 20 MAX_OFFSETS_PER_BATCH_PARTITION 20")
    shop.execute("START PIPELINE feed")

    def on_its_way(rows):
        ((lag, progress, left, rate, size),) = rows
        return 0 < lag < 100_000 and 0 < progress < 100 and left and left > 0 and 0 < rate < size

    shop.wait_until(PROGRESS, on_its_way)
    before = shop.rows(PROGRESS)[0]
    shop.wait_until(PROGRESS, lambda rows: rows[0][0] < before[0] and rows[0][1] > before[1])
    shop.execute("STOP PIPELINE feed")
    lag, progress, left, rate, size = shop.rows(PROGRESS)[0]
    assert lag > 0 and progress < 100 and (left, rate, size) == (None, 0.0, 0.0)
    assert lag == 100_000 - streams.messages_of(shop, "feed")
    # With all of it in large batches it is soon there; and then there is no time left to tell.
    shop.execute("ALTER PIPELINE feed SET MAX_OFFSETS_PER_BATCH_PARTITION 100000; "
                 "ALTER PIPELINE feed SET BATCH_INTERVAL 0; START PIPELINE feed")
    shop.wait_until(f"SELECT LAG, PROGRESS, ETA_SECONDS FROM ({PROGRESS})", CAUGHT_UP)
    assert shop.value("SELECT ROWS_PER_SEC > 0 FROM information_schema.PIPELINES") == 1


def test_what_arrives_while_it_waits_for_its_interval_is_lag(shop, broker):
    topic = broker.create_topic("interval")
    create_feed(shop, broker, topic, "BATCH_INTERVAL 3600000")
    # Before it starts, so that they are one batch however slowly they are written.
    broker.produce(topic, ["1", "2", "3"])
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 3)
    broker.produce(topic, ["4", "5"])
    shop.wait_until(LAGS, [("0", 5, 3, 2)])
    assert shop.rows(PROGRESS)[0][:2] == (2, 60.0)
    assert streams.messages_of(shop, "feed") == 3
