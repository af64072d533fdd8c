# ctest: kafka serial timeout=1800
"""kill -9 at any moment loses nothing and doubles nothing, and a model is a pure function of its
batch log: resumed, it is the uninterrupted one to the byte.

MILLRACE_SEED=n makes another run of it; each run is the same for its seed, but for the moments at
which the kills fall.
"""

import os
import random
import re
import shutil
import signal
import subprocess

from lib import streams
from lib.datafile import DataFile

SEED = int(os.environ.get("MILLRACE_SEED", "1"))
PARTITIONS = 4
ROWS = 200_000
KILLS = 20
FAULTS_PASSED_MAX = 3
FAULT_TIMEOUT_S = 20

# Every named point around a batch, its commit and its publication (base/fault.cc).
POINTS = ["engine.batch.taken", "engine.batch.decoded", "engine.model.trained",
          "store.commit.before", "store.commit.middle", "store.commit.after",
          "engine.publish.before", "engine.publish.after", "engine.replay.batch"]
REPLAY = POINTS[-1]

MODEL = """CREATE MODEL clicks AS LinearClassifier(
  label => clicked,
  feature_columns => [numeric_column(age), categorical_column_with_hash_bucket(city, 100),
                      crossed_column([city, device], 500)],
  optimizer => Ftrl(learning_rate => 0.2), batch_size => 64)"""
FIELDS = "FIELDS TERMINATED BY ',' (id, age, city, device, clicked)"

# What may be wrong with a row, and the reason it must be rejected for.
WRONGS = [(lambda row: row.rsplit(b",", 2)[0], "too-few-fields"),
          (lambda row: row + b",more", "too-many-fields"),
          (lambda row: re.sub(b",[0-9]+,", b",forty,", row, count=1), "bad-number"),
          (lambda row: row.replace(b"city", b"c\xfft\xc3", 1), "bad-utf8")]


def make_rows(random_, first, count):
    """[(partition, row, reason or None)]; ids count on within each partition."""
    rows = []
    for number in range(first, first + count):
        partition = number % PARTITIONS
        offset = number // PARTITIONS
        age, city, device = random_.randrange(100), random_.randrange(60), random_.randrange(5)
        clicked = int(random_.random() < (0.8 if (age > 50) == (city % 2 == 0) else 0.2))
        row = f"{partition * 1_000_000 + offset},{age},city{city},d{device},{clicked}".encode()
        reason = None
        if random_.random() < 0.01:
            spoil, reason = random_.choice(WRONGS)
            row = spoil(row)
        rows.append((partition, row, reason))
    return rows


def create_pipelines(session, broker, topic, batch):
    session.execute(f"""
        CREATE DATABASE shop; USE shop; {MODEL};
        CREATE TABLE results (id BIGINT, probability DOUBLE, model_version BIGINT);
        CREATE PIPELINE train AS {streams.load_data(broker, topic)}
          MAX_OFFSETS_PER_BATCH_PARTITION {batch} TRAIN MODEL clicks INTO TABLE evaluation {FIELDS};
        CREATE PIPELINE classify AS {streams.load_data(broker, topic)}
          MAX_OFFSETS_PER_BATCH_PARTITION {batch} CLASSIFY WITH MODEL clicks INTO TABLE results
          FIELDS TERMINATED BY ',' (id, age, city, device, @truth)""")


class Killer:
    """Starts a server again and again, each time to be killed at a moment of its own."""

    def __init__(self, server, random_):
        self.server = server
        self.random = random_
        self.unmet = list(POINTS)  # points at which no life has ended yet
        self.kills = 0

    def live_and_die(self, point=None):
        """One life. With a point, that ends it, if work comes by; otherwise time does."""
        self.kills += 1
        passage = 1 if point == REPLAY else self.random.randint(1, FAULTS_PASSED_MAX)
        fault = f"{point}:kill@{passage}" if point else None
        if point:
            self.server.launch(fault=fault)
        else:
            self.server.start()
        try:
            moment = FAULT_TIMEOUT_S if point else self.random.uniform(0.05, 1.2)
            status = self.server.process.wait(moment)
        except subprocess.TimeoutExpired:
            return self.server.kill()  # the moment has come; or, with a point, nothing came by
        assert status == -signal.SIGKILL, f"{fault}: status {status}\n{self.server.log_tail()}"
        self.server.kill()
        if point in self.unmet:
            self.unmet.remove(point)


def check_results(session, broker, topic, produced):
    """rows + rejects == messages, for each partition and each pipeline, and exactly these rows."""
    offsets = broker.offsets(topic)
    wrong = {}
    good = set()
    at = dict.fromkeys(offsets, 0)
    for partition, _, reason in produced:
        offset = at[partition]
        at[partition] += 1
        if reason:
            wrong[partition, offset] = reason
        else:
            good.add(partition * 1_000_000 + offset)
    assert {partition: end for partition, (_, end) in offsets.items()} == at
    for pipeline in ("train", "classify"):
        streams.check_batch_log(session, pipeline, offsets)
        assert streams.rejects_of(session, pipeline) == wrong
    rows = session.rows("SELECT id, probability, model_version FROM shop.results ORDER BY id")
    assert len(rows) == len(good), f"{len(rows)} rows, {len(good)} were to come"
    assert {row[0] for row in rows} == good
    before = {}
    for number, probability, version in rows:  # by partition, then by offset
        assert 0 < probability < 1
        assert version >= before.get(number // 1_000_000, 0), "a version went back"
        before[number // 1_000_000] = version
    learned = session.rows("SELECT examples, model_version FROM shop.evaluation")
    versions = session.value("SELECT max(version) FROM millrace.model_versions")
    assert learned == [(len(good), versions)]


def replayed_from_nothing(make_server, server, name):
    """The newest snapshot of a copy of a stopped server's data that must learn all again."""
    copy = make_server(name)
    shutil.copytree(server.data, copy.data)
    with DataFile(copy.data) as file:
        file.run("DELETE FROM millrace_internal.snapshots")
    session = copy.start().connect()
    assert streams.newest_snapshot(session, "clicks") is None
    session.execute("START PIPELINE shop.train")
    streams.wait_for_replay(session, "clicks", timeout_s=600)
    session.execute("STOP PIPELINE shop.train")
    return streams.newest_snapshot(session, "clicks")


def test_twenty_kills_lose_nothing_and_double_nothing(make_server, broker):
    random_ = random.Random(SEED)
    topic = broker.create_topic("exactly-once", PARTITIONS)
    server = make_server().start()
    create_pipelines(server.connect(), broker, topic, batch=300)
    server.connect(database="shop").execute("START ALL PIPELINES")
    killer = Killer(server, random_)
    killer.kills += 1
    server.kill()
    points = POINTS + [None] * (KILLS - 1 - len(POINTS))
    random_.shuffle(points)
    points.remove(REPLAY)  # there is something to replay when the life before ended at a commit
    points.insert(points.index("store.commit.after") + 1, REPLAY)
    produced = []
    for number, point in enumerate(points):
        share = make_rows(random_, len(produced), ROWS // len(points))
        if number == len(points) - 1:
            share += make_rows(random_, len(produced) + len(share),
                               ROWS - len(produced) - len(share))
        broker.produce_all(topic, ((partition, row) for partition, row, _ in share))
        produced += share
        killer.live_and_die(point)
    while killer.unmet and killer.kills < 2 * KILLS:
        # The point was not passed, for want of work: leave some, and try it again.
        share = make_rows(random_, len(produced), ROWS // len(points))
        broker.produce_all(topic, ((partition, row) for partition, row, _ in share))
        produced += share
        if killer.unmet[0] == REPLAY:
            killer.live_and_die("store.commit.after")
        killer.live_and_die(killer.unmet[0])
    assert not killer.unmet, f"no life ended at {killer.unmet}"

    session = server.start().connect()
    for pipeline in ("train", "classify"):
        streams.wait_for_messages(session, pipeline, len(produced), timeout_s=600)
    check_results(session, broker, topic, produced)
    streams.wait_for_replay(session, "clicks", timeout_s=600)
    session.execute("USE shop; STOP ALL PIPELINES")
    kept = streams.newest_snapshot(session, "clicks")
    assert kept[0] == session.value("SELECT max(version) FROM millrace.model_versions")
    server.terminate()
    assert replayed_from_nothing(make_server, server, "replayed") == kept


def test_a_killed_training_ends_in_the_bytes_of_the_uninterrupted_one(make_server, broker):
    """On a topic that is not written to, batches are cut at the same offsets again."""
    random_ = random.Random(SEED)
    topic = broker.create_topic("same-bytes", 1)
    produced = [(0, row, reason) for _, row, reason in make_rows(random_, 0, 40_000)]
    broker.produce(topic, [row for _, row, _ in produced])

    def run(server, lives):
        session = server.start().connect()
        create_pipelines(session, broker, topic, batch=500)
        session.execute("START PIPELINE shop.train")
        if lives:
            server.kill()
        killer = Killer(server, random_)
        for point in lives:
            killer.live_and_die(point)
        session = session if not lives else server.start().connect()
        streams.wait_for_messages(session, "train", len(produced), timeout_s=600)
        streams.wait_for_replay(session, "clicks", timeout_s=600)
        session.execute("STOP PIPELINE shop.train")
        log = streams.batch_log(session, "train")
        return log, streams.newest_snapshot(session, "clicks")

    # A broker that stalls for half a second cuts a batch short; then the logs are not the same.
    for attempt in range(3):
        log, whole = run(make_server(f"whole-{attempt}"), [])
        killed_log, killed = run(make_server(f"killed-{attempt}"),
                                 ["store.commit.after", "engine.publish.before", None,
                                  "store.commit.middle", "engine.replay.batch", None,
                                  "engine.model.trained"])
        if killed_log == log:
            assert whole == killed
            assert whole[0] == len(log)
            return
    raise AssertionError("three times the batches were not cut alike")
