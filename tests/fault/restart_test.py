# ctest: kafka
"""The server ends, by request or by force, or its disk is full: the work goes on where it was."""

import os
import pathlib
import subprocess

import pytest

from lib import places, streams
from lib.datafile import forget_snapshots
from lib.disk import SmallDisk

COMMAS = "FIELDS TERMINATED BY ','"
MODEL = """CREATE MODEL clicks AS LinearClassifier(label => clicked,
  feature_columns => [numeric_column(age)], batch_size => 16)"""


def create_shop(session, broker, topic, batch=50):
    """A table fed by `feed` and a model taught by `train`, both from the same topic."""
    session.execute(
        f"CREATE DATABASE shop; USE shop; {MODEL}; CREATE TABLE t (id BIGINT, age DOUBLE);"
        f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} "
        f"MAX_OFFSETS_PER_BATCH_PARTITION {batch} INTO TABLE t {COMMAS} (id, age, @clicked);"
        f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} "
        f"MAX_OFFSETS_PER_BATCH_PARTITION {batch} TRAIN MODEL clicks INTO TABLE evaluation {COMMAS}"
        " (@id, age, clicked)")


def produce(broker, topic, first, count):
    broker.produce(topic, [f"{n},{n % 50},{int(n % 50 > 25)}" for n in range(first, first + count)])


def check_all(session, broker, topic, count):
    for pipeline in ("feed", "train"):
        streams.wait_for_messages(session, pipeline, count)
        streams.check_batch_log(session, pipeline, broker.offsets(topic))
    assert session.value("SELECT count(*) FROM shop.t") == count
    assert session.value("SELECT count(DISTINCT id) FROM shop.t") == count
    assert session.value("SELECT examples FROM shop.evaluation") == count


def test_a_restart_goes_on_with_what_ran_and_with_nothing_else(server, broker):
    topic = broker.create_topic("restart")
    session = server.connect()
    create_shop(session, broker, topic)
    produce(broker, topic, 0, 200)
    session.execute("START ALL PIPELINES")
    check_all(session, broker, topic, 200)
    session.execute("STOP PIPELINE feed")
    produce(broker, topic, 200, 100)
    streams.wait_for_messages(session, "train", 300)
    server.restart()
    session = server.connect(database="shop")
    assert streams.state_of(session, "feed") == "Stopped"
    assert streams.state_of(session, "train") == "Running"
    assert session.rows("SELECT CURSOR_OFFSET FROM information_schema.PIPELINES_CURSORS "
                        "WHERE PIPELINE_NAME = 'feed'") == [(200,)]
    produce(broker, topic, 300, 100)
    streams.wait_for_messages(session, "train", 400)
    assert streams.messages_of(session, "feed") == 200
    session.execute("START PIPELINE feed")
    check_all(session, broker, topic, 400)
    assert streams.errors_of(session, "train") == []


def test_a_crash_in_an_alter_leaves_running_what_ran(make_server, broker):
    topic = broker.create_topic("restart")
    server = make_server()
    session = server.start(fault="engine.pipeline.paused:kill@1").connect()
    create_shop(session, broker, topic)
    session.execute("START PIPELINE feed")
    session.error("ALTER PIPELINE feed SET BATCH_INTERVAL 5")
    server.wait_for_exit()
    session = server.start().connect(database="shop")
    assert streams.state_of(session, "feed") == "Running"
    session.execute("ALTER PIPELINE feed SET BATCH_INTERVAL 5")
    produce(broker, topic, 0, 10)
    streams.wait_for_messages(session, "feed", 10)


@pytest.mark.parametrize("point", ["store.move.middle", "engine.pipeline.changed"])
def test_a_crash_while_another_topic_is_set_leaves_one_of_the_two(make_server, broker, point):
    first, second = broker.create_topic("first", 3), broker.create_topic("second")
    server = make_server()
    session = server.start(fault=f"{point}:kill@1").connect()
    create_shop(session, broker, first)
    produce(broker, first, 0, 30)
    session.execute("START PIPELINE feed")
    streams.wait_for_messages(session, "feed", 30)
    produce(broker, second, 100, 20)
    session.error(f"ALTER PIPELINE feed SET {streams.load_data(broker, second)}")
    server.wait_for_exit()
    session = server.start().connect(database="shop")
    assert streams.state_of(session, "feed") == "Running"
    moved = second in session.rows("SHOW CREATE PIPELINE feed")[0][1]
    assert moved == (point == "engine.pipeline.changed")
    if not moved:
        produce(broker, first, 30, 10)
        streams.wait_for_messages(session, "feed", 40)
        session.execute(f"ALTER PIPELINE feed SET {streams.load_data(broker, second)}")
    count = 20 + (30 if moved else 40)
    streams.wait_for_messages(session, "feed", count)
    assert session.value("SELECT count(*) FROM t") == count
    assert session.rows("SELECT topic, source_partition, max(end_offset) FROM millrace.batches "
                        "GROUP BY 1, 2 ORDER BY 1, 2") == [(first, 0, count - 20), (second, 0, 20)]


def test_a_stopped_training_keeps_all_in_its_snapshot(server, broker):
    topic = broker.create_topic("snapshot")
    session = server.connect()
    create_shop(session, broker, topic)
    produce(broker, topic, 0, 1000)
    session.execute("START PIPELINE train")
    streams.wait_for_messages(session, "train", 1000)
    server.restart()
    session = server.connect()
    version = session.value("SELECT max(version) FROM millrace.model_versions")
    assert streams.newest_snapshot(session, "clicks")[0] == version
    assert session.value("SELECT version FROM millrace.models") == version


def test_kill_during_a_replay(make_server, broker):
    topic = broker.create_topic("replay")
    server = make_server()
    session = server.start(fault="store.commit.after:kill@30").connect()
    create_shop(session, broker, topic, batch=20)
    produce(broker, topic, 0, 1000)
    streams.start_to_be_killed(server, session, "train")
    forget_snapshots(server.data, "version > 1")
    for passage in (1, 3, 2):
        server.launch(fault=f"engine.replay.batch:kill@{passage}")
        assert server.wait_for_exit() < 0
    session = server.start().connect()
    session.execute("START PIPELINE shop.feed")
    check_all(session, broker, topic, 1000)


def test_a_commit_that_fails_is_tried_again(make_server, broker):
    topic = broker.create_topic("retried")
    server = make_server()
    # Five in a row give the run up, and a new one replays.
    faults = [f"store.commit.before:error@{n}" for n in (2, 5, 6, 7, 8, 9, 12)]
    faults += [f"store.commit.middle:error@{n}" for n in (3, 4)]
    session = server.start(fault=",".join(faults)).connect()
    create_shop(session, broker, topic)
    produce(broker, topic, 0, 1000)
    session.execute("START ALL PIPELINES")
    check_all(session, broker, topic, 1000)
    told = streams.errors_of(session, "feed") + streams.errors_of(session, "train")
    assert any("was armed" in error for error in told)
    assert session.rows("SELECT ERROR_MESSAGE FROM information_schema.PIPELINES") == [(None,)] * 2


def test_a_second_process_on_the_directory_is_refused(server):
    ran = subprocess.run([places.millrace_binary(), "serve", "--data", server.data,
                          "--mysql-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"],
                         capture_output=True, text=True, timeout=240)
    assert ran.returncode == 1 and str(server.process.pid) in ran.stderr
    assert server.connect().value("SELECT 1") == 1


def test_drop_while_running_under_load(server, broker):
    topic = broker.create_topic("dropped")
    session = server.connect()
    create_shop(session, broker, topic)
    produce(broker, topic, 0, 5000)
    session.execute("START ALL PIPELINES")
    session.wait_until("SELECT count(*) > 0 FROM shop.evaluation", 1)
    session.execute("DROP PIPELINE feed; DROP PIPELINE train; DROP MODEL clicks")
    assert session.rows("SELECT * FROM information_schema.PIPELINES") == []
    assert session.rows("SELECT * FROM millrace.model_versions") == []
    server.restart()
    session = server.connect()
    create_again = session.execute(f"USE shop; {MODEL}")
    assert create_again == []
    assert session.value("SELECT version FROM millrace.models") == 0


@pytest.mark.skipif(not SmallDisk.can_be_had(), reason="a small file system cannot be mounted")
def test_a_full_disk_stops_nothing_for_good(make_server, broker):
    topic = broker.create_topic("full", config={"max.message.bytes": 4_000_000})
    server = make_server()
    with SmallDisk(pathlib.Path(server.data), 96) as disk:
        session = server.start().connect()
        session.execute(
            f"CREATE DATABASE shop; USE shop; {MODEL};"
            "CREATE TABLE t (id BIGINT, age DOUBLE, word VARCHAR);"
            f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} "
            f"MAX_OFFSETS_PER_BATCH_PARTITION 50 INTO TABLE t {COMMAS} (id, age, @c, word);"
            f"CREATE PIPELINE train AS {streams.load_data(broker, topic)} "
            "MAX_OFFSETS_PER_BATCH_PARTITION 50 TRAIN MODEL clicks INTO TABLE evaluation "
            f"{COMMAS} (@id, age, clicked, @w)")
        rows = [f"{n},{n % 50},{int(n % 50 > 25)},{os.urandom(500).hex()}" for n in range(1000)]
        broker.produce(topic, rows[:200])
        session.execute("START ALL PIPELINES")
        for pipeline in ("feed", "train"):
            streams.wait_for_messages(session, pipeline, 200)
        disk.fill()
        broker.produce(topic, rows[200:])
        session.wait_until("SELECT ERROR_MESSAGE FROM information_schema.PIPELINES "
                           "WHERE PIPELINE_NAME = 'feed'",
                           lambda found: found[0][0] is not None)
        assert session.value("SELECT count(*) FROM shop.t") < 1000
        disk.make_room()
        for pipeline in ("feed", "train"):
            streams.wait_for_messages(session, pipeline, 1000)
            streams.check_batch_log(session, pipeline, broker.offsets(topic))
        assert session.value("SELECT count(DISTINCT id) FROM shop.t") == 1000
        streams.wait_for_error(session, "feed", "full")
        assert streams.state_of(session, "feed") == "Running"
        server.terminate()
        session = server.start().connect()
        assert session.value("SELECT count(*) FROM shop.t") == 1000
        server.terminate()
