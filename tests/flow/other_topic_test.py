# ctest: kafka timeout=300
"""ALTER PIPELINE gives another topic: what was read, rejected and taught of the one before stays
that one's."""

import pytest

from lib import streams
from lib.clicks import MODEL, TRAIN, as_csv, make_rows


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


def topics_of(session, table):
    return session.rows(f"SELECT topic, count(*) FROM millrace.{table} GROUP BY 1 ORDER BY 1")


def test_another_topic_is_begun_where_config_says(shop, broker):
    first, second = broker.create_topic("first", 3), broker.create_topic("second")
    broker.produce_all(first, [(n % 3, f"{n},x") for n in range(9)] + [(2, "bad")])
    broker.produce(second, [f"{n},y" for n in range(100, 120)])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, first)} INTO TABLE t "
                 "FIELDS TERMINATED BY ','; START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 10)
    shop.expect_error(f"ALTER PIPELINE feed SET LOAD DATA KAFKA '{broker.address}/{first}.gone'",
                      "does not exist")
    assert streams.state_of(shop, "feed") == "Running"
    shop.execute(f"ALTER PIPELINE feed SET {streams.load_data(broker, second)}")
    assert second in shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    streams.wait_for_messages(shop, "feed", 30)
    assert shop.rows("SELECT SOURCE_PARTITION_ID, CURSOR_OFFSET, LATEST_OFFSET "
                     "FROM information_schema.PIPELINES_CURSORS") == [("0", 20, 20)]
    assert [topic for topic, _ in topics_of(shop, "batches")] == [first, second]
    assert topics_of(shop, "rejects") == [(first, 1)]
    ids = shop.rows("SELECT topic_id FROM millrace.batches GROUP BY 1 ORDER BY min(batch_id)")
    assert [row[0] for row in ids] == [broker.topic_id(first), broker.topic_id(second)]
    assert shop.value("SELECT topic_id FROM millrace.rejects") == broker.topic_id(first)
    # Back again, at the end of it as CONFIG says now.
    shop.execute(f"ALTER PIPELINE feed SET {streams.load_data(broker, first)} "
                 """CONFIG '{"auto.offset.reset": "latest"}'""")
    broker.produce_all(first, [(1, "200,z")])
    streams.wait_for_messages(shop, "feed", 31)
    # To where SET OFFSETS says, the other partitions where CONFIG says.
    shop.execute("STOP PIPELINE feed; ALTER PIPELINE feed SET LOAD DATA KAFKA "
                 f"""'{broker.address}/{second}' SET OFFSETS '{{"0": 18}}'; START PIPELINE feed""")
    streams.wait_for_messages(shop, "feed", 33)
    numbers = [row[0] for row in shop.rows("SELECT a FROM t ORDER BY a")]
    assert numbers == [*range(9), *range(100, 118), 118, 118, 119, 119, 200]


def test_rejects_of_a_topic_that_was_left_are_tried_again_as_such(shop, broker):
    first, second = broker.create_topic("first", 3), broker.create_topic("second")
    broker.produce_all(first, [(2, "q,x"), (2, "hopeless")])
    broker.produce(second, ["1,y", "r,y"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR, topic VARCHAR, k VARCHAR)")
    facts = ("topic = get_kafka_pipeline_prop('prop_topicname'), "
             "k = get_kafka_pipeline_prop('prop_timestamp') > 0")
    shop.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, first)} INTO TABLE t "
                 f"FIELDS TERMINATED BY ',' (a, b) SET {facts}; START PIPELINE feed FOREGROUND; "
                 f"ALTER PIPELINE feed SET {streams.load_data(broker, second)}; "
                 f"START PIPELINE feed FOREGROUND; ALTER PIPELINE feed (@a, b) SET a = 7, {facts}")
    assert topics_of(shop, "rejects") == [(first, 2), (second, 1)]
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(3, 2, 1)]
    assert shop.rows("SELECT a, b, topic, k FROM t ORDER BY a, b") == [
        (1, "y", second, "true"), (7, "x", first, "true"), (7, "y", second, "true")]
    assert topics_of(shop, "rejects") == [(first, 1)]
    assert shop.rows("SELECT topic, sum(messages)::BIGINT, sum(rows_out)::BIGINT, "
                     "sum(rejects)::BIGINT FROM millrace.batches GROUP BY 1 ORDER BY 1") == [
        (first, 2, 1, 1), (second, 2, 2, 0)]
    assert shop.rows("SELECT CURSOR_OFFSET FROM information_schema.PIPELINES_CURSORS") == [(2,)]
    # One that is gone does not hold up the other's.
    broker.delete_topic(first)
    broker.produce(second, ["s"])
    shop.execute("START PIPELINE feed FOREGROUND; ALTER PIPELINE feed (@a) SET a = 8, b = 'z', "
                 + facts)
    shop.expect_error("RETRY REJECTS FOR PIPELINE feed", f'topic "{first}" does not exist')
    assert shop.rows("SELECT a, b, topic FROM t WHERE a = 8") == [(8, "z", second)]
    assert topics_of(shop, "rejects") == [(first, 1)]


def test_what_was_taught_by_another_topic_is_learned_again_from_it(make_server, broker):
    first, second = broker.create_topic("first", 2), broker.create_topic("second")
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; "
                    + MODEL.replace("batch_size => 32", "batch_size => 32, keep_versions => 100"))
    rows = make_rows(8, 0, 1500)
    broker.produce_all(first, [(n % 2, row) for n, row in enumerate(as_csv(rows[:500]))])
    broker.produce(second, as_csv(rows[500:1000]))
    session.execute(f"CREATE PIPELINE train AS {streams.load_data(broker, first)} "
                    f"MAX_OFFSETS_PER_BATCH_PARTITION 100 {TRAIN}; START PIPELINE train")
    streams.wait_for_messages(session, "train", 500)
    session.execute(f"ALTER PIPELINE train SET {streams.load_data(broker, second)}")
    streams.wait_for_messages(session, "train", 1000)
    # Behind the newest snapshot are batches of the second alone.
    server.kill()
    session = server.start().connect(database="shop")
    streams.wait_for_replay(session, "clicks")
    session.execute(f"ALTER PIPELINE train SET {streams.load_data(broker, first)} "
                    "SET CONFIG '{\"auto.offset.reset\": \"latest\"}'")
    broker.produce_all(first, [(n % 2, row) for n, row in enumerate(as_csv(rows[1000:]))])
    streams.wait_for_messages(session, "train", 1500)
    session.execute("STOP PIPELINE train")
    checked = session.rows("CHECK MODEL clicks")
    assert {result for *_, result, _ in checked} == {"equal"}, checked
    assert sum(row[2] for row in checked) == checked[-1][1] == session.value(
        "SELECT version FROM millrace.models")
    assert session.value("SELECT examples FROM millrace.models") == 1500
    # What is gone cannot be checked, and is not taken from a topic that is there.
    broker.delete_topic(second)
    checked = session.rows("CHECK MODEL clicks")
    assert {result for *_, result, _ in checked} == {"equal", "cannot be checked"}, checked
    assert any(f'topic "{second}" does not exist' in (row[4] or "") for row in checked)
