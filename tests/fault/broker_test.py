# ctest: kafka
"""The broker is away, comes back, forgets: work goes on by itself or stops and says why, and never
skips an offset silently."""

import re

import pytest

from lib import streams
from lib.datafile import forget_snapshots

COMMAS = "FIELDS TERMINATED BY ','"
MODEL = """CREATE MODEL clicks AS LinearClassifier(label => clicked,
  feature_columns => [numeric_column(age)], batch_size => 16)"""


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (id BIGINT)")
    return session


def create_feed(session, broker, topic):
    session.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} "
                    f"MAX_OFFSETS_PER_BATCH_PARTITION 100 INTO TABLE t {COMMAS}")


def numbers(first, end):
    return [str(number) for number in range(first, end)]


def test_a_broker_that_is_down_is_said_by_start_and_waited_for(shop, make_broker):
    broker = make_broker().start()
    topic = broker.create_topic("down")
    broker.produce(topic, numbers(0, 10))
    broker.kill()
    create_feed(shop, broker, topic)
    error = shop.error("START PIPELINE feed")
    assert broker.address in error and "could not reach" in error and "keeps trying" in error, error
    assert streams.state_of(shop, "feed") == "Running"
    assert any(broker.address in text for text in streams.errors_of(shop, "feed"))
    broker.start()
    streams.wait_for_messages(shop, "feed", 10)
    assert shop.value("SELECT ERROR_MESSAGE FROM information_schema.PIPELINES") is None
    assert len(streams.errors_of(shop, "feed")) < 10, "the same error again and again"


def test_a_broker_that_is_killed_mid_stream_is_waited_for(shop, make_broker):
    broker = make_broker().start()
    topic = broker.create_topic("killed", 2)
    create_feed(shop, broker, topic)
    broker.produce_all(topic, ((n % 2, str(n)) for n in range(5000)))
    shop.execute("START PIPELINE feed")
    shop.wait_until("SELECT count(*) > 0 FROM t", 1)
    broker.kill()
    # Longer than the pipeline's patience, so that it is said.
    streams.wait_for_error(shop, "feed", "could not reach")
    # The ends are what they were when they were last heard of, and asking is no matter of a broker.
    age = "SELECT min(LATEST_OFFSET_AGE) FROM information_schema.PIPELINES_CURSORS"
    old = shop.value(age)
    shop.wait_until(age, lambda rows: rows[0][0] > old)
    broker.start()
    broker.produce_all(topic, ((n % 2, str(n)) for n in range(5000, 6000)))
    streams.wait_for_messages(shop, "feed", 6000)
    shop.wait_until(age, lambda rows: rows[0][0] < old)
    assert shop.rows("SELECT LAG, PROGRESS FROM information_schema.PIPELINES") == [(0, 100.0)]
    streams.check_batch_log(shop, "feed", broker.offsets(topic))
    assert shop.value("SELECT count(*) = 6000 AND count(DISTINCT id) = 6000 FROM t") == 1
    assert streams.state_of(shop, "feed") == "Running"
    shop.wait_until("SELECT ERROR_MESSAGE FROM information_schema.PIPELINES", None)


def test_a_missing_topic_is_said_and_can_be_made(shop, broker):
    topic = broker.create_topic("missing")
    broker.delete_topic(topic)
    create_feed(shop, broker, topic)
    shop.expect_error("START PIPELINE feed", f"topic \"{topic}\" does not exist")
    assert streams.state_of(shop, "feed") == "Error"
    broker.create_topic(topic, exact=True)
    broker.produce(topic, numbers(0, 5))
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 5)


def test_offsets_that_retention_took_stop_the_pipeline(shop, broker):
    topic = broker.create_topic("retention")
    create_feed(shop, broker, topic)
    broker.produce(topic, numbers(0, 10))
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 10)
    shop.execute("STOP PIPELINE feed")
    broker.produce(topic, numbers(10, 30))
    broker.delete_records(topic, {0: 20})
    shop.expect_error("START PIPELINE feed", r"partition 0 no longer has offset 10")
    assert streams.state_of(shop, "feed") == "Error"
    assert "offset 10" in streams.errors_of(shop, "feed")[-1]
    assert shop.value("SELECT count(*) FROM t") == 10
    # A user who takes the loss does what the error says.
    way = re.search(r"SET OFFSETS '\{.*?\}'", streams.errors_of(shop, "feed")[-1])[0]
    shop.execute(f"ALTER PIPELINE feed {way}")
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 20)
    assert [row[0] for row in shop.rows("SELECT id FROM t ORDER BY id")] == [*range(10),
                                                                            *range(20, 30)]


def test_offsets_that_go_while_it_runs_stop_it_too(shop, broker):
    topic = broker.create_topic("outrun")
    create_feed(shop, broker, topic)
    broker.produce(topic, numbers(0, 10))
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 10)
    # It stands at offset 10; the topic is made again and ends before that.
    broker.delete_topic(topic)
    # Someone may be about to make it again, so it is waited for.
    streams.wait_for_error(shop, "feed", "does not exist")
    assert streams.state_of(shop, "feed") == "Running"
    broker.create_topic(topic, exact=True)
    broker.produce(topic, numbers(100, 105))
    streams.wait_for_state(shop, "feed", "Error")
    assert "was made again" in streams.errors_of(shop, "feed")[-1]
    shop.expect_error("START PIPELINE feed", "was made again")
    assert streams.state_of(shop, "feed") == "Error"
    assert shop.value("SELECT count(*) FROM t") == 10


def made_again(broker, topic, partitions=1):
    """The same name, another topic; the ids of both."""
    before = broker.topic_id(topic)
    broker.delete_topic(topic)
    broker.create_topic(topic, partitions, exact=True)
    return before, broker.topic_id(topic, other_than=before)


def test_a_topic_made_again_is_told_by_its_id(shop, server, broker):
    """It has more messages than the cursor, so its offsets alone look as if nothing happened."""
    topic = broker.create_topic("again", partitions=2)
    create_feed(shop, broker, topic)
    broker.produce_all(topic, ((n % 2, str(n)) for n in range(10)))
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 10)
    shop.execute("STOP PIPELINE feed")
    before, after = made_again(broker, topic)
    broker.produce(topic, numbers(100, 140))
    said = f'pipeline "feed": Kafka topic "{topic}" was made again: its id was {before} and is'
    for statement in ["START PIPELINE feed", "TEST PIPELINE feed", "START PIPELINE feed FOREGROUND",
                      "START PIPELINE feed"]:
        shop.expect_error(statement, re.escape(f"{said} {after}"))
    assert streams.state_of(shop, "feed") == "Error"
    assert "SET OFFSETS EARLIEST" in streams.errors_of(shop, "feed")[-1]
    assert shop.value("SELECT count(*) FROM t") == 10
    # The new one has one partition; the cursor of the other goes with the topic it was of.
    shop.execute("ALTER PIPELINE feed SET OFFSETS EARLIEST; START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 50)
    assert [row[0] for row in shop.rows("SELECT id FROM t ORDER BY id")] == [*range(10),
                                                                            *range(100, 140)]
    # What is made again behind its back stays behind it after a restart too.
    shop.execute("STOP PIPELINE feed")
    after, newest = made_again(broker, topic)
    broker.produce(topic, numbers(200, 300))
    server.restart()
    shop = server.connect(database="shop")
    shop.expect_error("START PIPELINE feed", re.escape(f"its id was {after} and is {newest}"))
    assert shop.value("SELECT count(*) FROM t") == 50


def test_a_topic_may_move_to_other_brokers_and_another_of_its_name_is_told(
        shop, broker, make_broker):
    topic = broker.create_topic("moved")
    create_feed(shop, broker, topic)
    broker.produce(topic, numbers(0, 10))
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 10)
    # The same cluster by another address: the pipeline goes on from its offsets.
    host, port = broker.address.split(":")
    other = f"{'localhost' if host != 'localhost' else '127.0.0.1'}:{port}"
    shop.execute(f"ALTER PIPELINE feed SET LOAD DATA KAFKA '{other}/{topic}'")
    assert other in shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    broker.produce(topic, numbers(10, 15))
    streams.wait_for_messages(shop, "feed", 15)
    assert [row[0] for row in shop.rows("SELECT id FROM t ORDER BY id")] == list(range(15))
    # Another cluster has a topic of this name, whose offsets are others.
    another = make_broker()
    another.start()
    another.create_topic(topic, exact=True)
    another.produce(topic, numbers(100, 140))
    shop.execute("STOP PIPELINE feed")
    shop.execute(f"ALTER PIPELINE feed SET LOAD DATA KAFKA '{another.address}/{topic}'")
    shop.expect_error("START PIPELINE feed", "was made again")
    assert shop.value("SELECT count(*) FROM t") == 15
    shop.execute("ALTER PIPELINE feed SET OFFSETS EARLIEST; START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 55)


@pytest.mark.parametrize("busy", [False, True])
def test_a_topic_made_again_under_a_running_pipeline_gives_it_nothing(shop, broker, busy):
    topic = broker.create_topic("under")
    create_feed(shop, broker, topic)
    broker.produce(topic, numbers(0, 10))
    shop.execute("START PIPELINE feed")
    streams.wait_for_messages(shop, "feed", 10)
    for _ in range(3):
        before, after = made_again(broker, topic)
        broker.produce(topic, numbers(1000, 1200))
        if busy:
            broker.produce(topic, numbers(1200, 9000))
        streams.wait_for_state(shop, "feed", "Error")
        assert f"its id was {before} and is {after}" in streams.errors_of(shop, "feed")[-1]
        assert shop.value("SELECT count(*) FROM t WHERE id >= 1000") == 0
        shop.expect_error("START PIPELINE feed", re.escape(f"its id was {before} and is {after}"))
        shop.execute("ALTER PIPELINE feed SET OFFSETS LATEST; START PIPELINE feed")
        broker.produce(topic, numbers(20, 30))
        shop.wait_until("SELECT count(*) FROM t", lambda rows: int(rows[0][0]) >= 20)
        assert shop.value("SELECT count(*) FROM t") == 20
        shop.execute("DELETE FROM t WHERE id >= 20")


def test_a_training_that_cannot_be_replayed_says_so_and_can_be_dropped(make_server, broker):
    topic = broker.create_topic("unreplayable")
    server = make_server()
    session = server.start(fault="store.commit.after:kill@6").connect()
    session.execute(f"CREATE DATABASE shop; USE shop; {MODEL};"
                    f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} "
                    f"MAX_OFFSETS_PER_BATCH_PARTITION 10 TRAIN MODEL clicks INTO TABLE evaluation "
                    f"{COMMAS} (age, clicked)")
    broker.produce(topic, [f"{n % 9},{n % 2}" for n in range(200)])
    streams.start_to_be_killed(server, session, "train")
    forget_snapshots(server.data, "version > 1")
    broker.delete_records(topic, {0: 25})
    session = server.start().connect(database="shop")
    streams.wait_for_state(session, "train", "Error")
    assert "no longer has offset" in streams.errors_of(session, "train")[-1]
    snapshot = streams.newest_snapshot(session, "clicks")[0]
    assert (session.value("SELECT max(version) FROM millrace.model_versions"), snapshot) == (6, 1)
    session.execute("DROP PIPELINE train")
    assert session.value("SELECT max(version) FROM millrace.model_versions") == snapshot
    # The model goes on from what it is.
    session.execute(f"CREATE PIPELINE again AS {streams.load_data(broker, topic)} "
                    f"TRAIN MODEL clicks INTO TABLE evaluation {COMMAS} (age, clicked); "
                    "START PIPELINE again")
    streams.wait_for_messages(session, "again", 175)
    assert session.value("SELECT version FROM millrace.models") > snapshot
