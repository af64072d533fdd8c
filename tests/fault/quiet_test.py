# ctest: kafka timeout=300
"""Pipelines that hear nothing share their clients of Kafka, and nothing else: what happens to one
is nothing to the others."""

import pathlib

import pytest

from lib import streams

COMMAS = "FIELDS TERMINATED BY ','"
# A client has three. By itself each pipeline has one client; those that share have one to fetch by,
# another for whoever fetches the same topic, and one to ask by.
QUIET_THREADS_MAX = 9
TOPICS = 5


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (feed INT, id BIGINT)")
    return session


def is_clients(task):
    """Whether the thread is one of librdkafka's; one that has ended meanwhile is nobody's."""
    try:
        return (task / "comm").read_text().startswith("rdk:")
    except (FileNotFoundError, ProcessLookupError):
        return False


def client_threads(server):
    return sum(map(is_clients, pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()))


def wait_until_quiet(shop, server):
    """Ten seconds after its last message a pipeline gives up the client that it had to itself."""
    shop.wait_until("SELECT 1", lambda rows: client_threads(server) <= QUIET_THREADS_MAX, 60)


def create(shop, broker, name, topic, number):
    shop.execute(f"CREATE PIPELINE {name} AS {streams.load_data(broker, topic)} INTO TABLE t "
                 f"{COMMAS} (id) SET feed = {number}; START PIPELINE {name}")


def test_quiet_pipelines_share_clients_and_nothing_else(shop, server, make_broker):
    broker = make_broker().start()
    topics = [broker.create_topic(f"quiet{number}") for number in range(TOPICS)]
    wanted = {feed: [] for feed in range(TOPICS + 1)}  # the last reads what the first one reads

    def produce(number, ids):
        broker.produce(topics[number], [str(id_) for id_ in ids])
        for feed in (0, TOPICS) if number == 0 else (number,):
            wanted[feed] += ids

    def check():
        rows = sorted((feed, id_) for feed, ids in wanted.items() for id_ in ids)
        shop.wait_until("SELECT feed, id FROM t ORDER BY feed, id", rows, 60)

    for number, topic in enumerate(topics):
        create(shop, broker, f"p{number}", topic, number)
    create(shop, broker, "second", topics[0], TOPICS)
    for number in range(TOPICS):
        produce(number, [1, 2])
    check()
    assert client_threads(server) > QUIET_THREADS_MAX
    wait_until_quiet(shop, server)
    for number in range(TOPICS):
        produce(number, [3])
    check()

    # A topic that is made again stops its own pipeline.
    broker.delete_topic(topics[1])
    broker.create_topic(topics[1], exact=True)
    broker.produce(topics[1], [str(id_) for id_ in range(100, 110)])
    streams.wait_for_error(shop, "p1", "was made again", timeout_s=60)
    streams.wait_for_state(shop, "p1", "Error", timeout_s=60)
    for number in (0, 2, 3, 4):
        produce(number, [4])
    check()
    shop.execute("ALTER PIPELINE p1 SET OFFSETS EARLIEST; START PIPELINE p1")
    wanted[1] += range(100, 110)
    check()

    # Those that stop and start, and those that are dropped, leave the others what they have.
    shop.execute("STOP PIPELINE p2; DROP PIPELINE p3; START PIPELINE p2")
    wait_until_quiet(shop, server)
    for number in (0, 1, 2, 4):
        produce(number, [200])
    check()

    # All wait for the broker, and go on.
    broker.kill()
    broker.start()
    for number in (0, 1, 2, 4):
        produce(number, [201])
    check()
    assert [state for state, in shop.rows("SELECT STATE FROM information_schema.PIPELINES")] == [
        "Running"] * TOPICS
