"""A campaign: pipelines of every kind on a real Kafka, while their server, broker, network and disk
fail in an order that follows from a seed. It says what it did, and what was lost and doubled.

    python3 -m chaos.campaign --messages 10000000 --kills 200 --seed 7      (make chaos)
"""

import argparse
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pymysql

from chaos import checks
from chaos.feeds import COLUMNS, FEATURES, FILTER, MODELS, PIPELINES, Feed
from lib import process, streams
from lib.disk import SmallDisk
from lib.kafka import Broker
from lib.proxy import Proxy
from lib.server import Server

PARTITIONS = 2
PARTITIONS_MAX = 6
# A tmpfs takes memory only for what is on it.
DISK_MEGABYTES = 6000
FAULT_TIMEOUT_S = 5
LIFE_S_MAX = 1.5
# A transform that fails again and again ends its pipeline in Error.
PROGRAMS_KILLED_MAX = 2
BATCHES = [1, 50, 300, 2000, 20000]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
POINTS = ["engine.batch.taken", "engine.batch.decoded", "engine.model.trained",
          "store.commit.before", "store.commit.middle", "store.commit.after",
          "engine.publish.before", "engine.publish.after", "engine.replay.batch"]


class Campaign:
    def __init__(self, folder, *, messages, kills, seed, say=print):
        self.messages, self.kills_wanted, self.seed, self.say = messages, kills, seed, say
        self.random = random.Random(seed)
        self.folder = pathlib.Path(folder)
        self.server = Server(self.folder / "server")
        self.proxy = Proxy()
        self.broker = Broker(self.folder / "kafka")
        self.filter = self.folder / "filter.py"
        self.disk = None
        self.feeds = {}
        self.producer = None
        self.produce_error = None
        self.kills = self.checks = 0
        self.done = {}  # how often each trouble was made

    # --- The world --------------------------------------------------------------------------------

    def open(self):
        self.filter.write_bytes(FILTER)
        self.broker.start(listeners={"PROXIED": f"PLAINTEXT@{self.proxy.address}"})
        self.proxy.target = self.broker.listeners["PROXIED"]
        for format_ in ("csv", "json", "avro"):
            topic = self.broker.create_topic(f"chaos-{format_}", PARTITIONS)
            self.feeds[format_] = Feed(format_, topic, self.seed, [0] * PARTITIONS)
        if SmallDisk.can_be_had():
            self.disk = SmallDisk(self.server.data, DISK_MEGABYTES)
        session = self.server.start().connect()
        session.execute("CREATE DATABASE chaos; USE chaos; "
                        "SET GLOBAL pipelines_batches_metadata_to_keep = 0")
        for model in MODELS:
            session.execute(f"CREATE MODEL {model} AS LinearClassifier({FEATURES})")
        for spec in PIPELINES:
            if spec.table:
                session.execute(f"CREATE TABLE {spec.table} ({COLUMNS})")
            session.execute(self._statement(spec))
        session.execute("START ALL PIPELINES")

    def close(self):
        self.server.kill()
        if self.producer:
            self.producer.join()
        self.broker.kill()
        self.proxy.close()
        if self.disk:
            self.disk.__exit__()

    def _statement(self, spec):
        return spec.statement(self.proxy.address, self.feeds[spec.format].topic,
                              self.random.choice(BATCHES[2:]), self.filter)

    def _produce(self, count):
        """In the background, past the proxy; one share after the other."""
        self._end_producing()
        codec = self.random.choice(CODECS)
        shares = [(feed, count // 3) for feed in self.feeds.values()]

        def send():
            try:
                for feed, share in shares:
                    self.broker.produce_all(feed.topic, feed.more(share), compression=codec)
            except BaseException as wrong:  # told by whoever waits for it
                self.produce_error = wrong

        self.producer = threading.Thread(target=send)
        self.producer.start()

    def _end_producing(self):
        if self.producer:
            self.producer.join()
        if self.produce_error:
            raise self.produce_error

    # --- Trouble ----------------------------------------------------------------------------------
    # Each takes a session and leaves the world as it found it, but for what may stay.

    def cut_connection(self, _):
        self.proxy.cut()
        process.let_live(self.random.uniform(0.05, 1))
        self.proxy.open()

    def stall_connection(self, _):
        self.proxy.stall()
        process.let_live(self.random.uniform(0.05, 1))
        self.proxy.open()

    def slow_connection(self, _):
        self.proxy.slow(self.random.choice([2_000, 50_000, 1_000_000]))
        process.let_live(self.random.uniform(0.2, 1))
        self.proxy.open()

    def kill_broker(self, _):
        self.broker.kill()
        process.let_live(self.random.uniform(0, 0.5))
        self.broker.start()

    def restart_broker(self, _):
        self.broker.stop()
        self.broker.start()

    def fill_disk(self, _):
        if self.disk is None:
            return
        self.disk.fill()
        process.let_live(self.random.uniform(0.1, 1))
        self.disk.make_room()

    def add_partition(self, _):
        feed = self.random.choice(list(self.feeds.values()))
        self._end_producing()
        if len(feed.ends) < PARTITIONS_MAX:
            self.broker.add_partitions(feed.topic, len(feed.ends) + 1)
            feed.ends.append(0)

    def alter(self, session):
        spec = self.random.choice(PIPELINES)
        # A program is started for each partition of each batch.
        sizes = BATCHES[2:] if spec.transformed else BATCHES
        what, value = self.random.choice([("BATCH_INTERVAL", self.random.choice([0, 20])),
                                          ("MAX_OFFSETS_PER_BATCH_PARTITION",
                                           self.random.choice(sizes))])
        self._try(session, f"ALTER PIPELINE {spec.name} SET {what} {value}")

    def rename(self, session):
        name = self.random.choice(PIPELINES).name
        self._try(session, f"ALTER PIPELINE {name} RENAME TO other")
        self._try(session, f"ALTER PIPELINE other RENAME TO {name}")

    def stop_and_start(self, session):
        name = self.random.choice(PIPELINES).name
        session.execute(f"STOP PIPELINE {name}")
        self._try(session, f"TEST PIPELINE {name} LIMIT 3")
        self._try(session, f"START PIPELINE {name} FOREGROUND LIMIT 2 BATCHES")
        self._try(session, f"START PIPELINE IF NOT RUNNING {name}")

    def replace(self, session):
        # One that trains may be refused, when not all it taught is in a snapshot.
        self._try(session, self._statement(self.random.choice(PIPELINES)),
                  "not in a snapshot yet")

    def stop_all(self, session):
        session.execute("STOP ALL PIPELINES")
        checks.check_cursors(session)
        self._try(session, "START ALL PIPELINES")

    def kill_programs(self, _):
        """What the transform runs now, if anything: its batch is run again."""
        laid_out = f"{self.server.data}/programs/"
        deadline = time.monotonic() + 1
        killed = 0
        while time.monotonic() < deadline and killed < PROGRAMS_KILLED_MAX:
            for pid in process.running(laid_out):
                process.kill_if_there(pid)
                killed += 1
                self.done["program"] = self.done.get("program", 0) + 1
            process.let_live(0.001)

    def _try(self, session, statement, *excuses):
        """A broker or a disk that is in trouble is no failure of the statement."""
        try:
            session.execute(statement)
        except pymysql.MySQLError as wrong:
            known = ("could not reach", "within", "has no leader", "without a leader", "full",
                     "does not exist", "is running already", *excuses)
            if not any(part in str(wrong) for part in known):
                raise

    TROUBLES = [cut_connection, stall_connection, slow_connection, kill_broker, restart_broker,
                fill_disk, add_partition, alter, rename, stop_and_start, replace, stop_all,
                kill_programs]
    WEIGHTS = [3, 2, 3, 1, 1, 2, 1, 3, 2, 3, 2, 2, 2]

    def _make_trouble(self, session, trouble):
        name = trouble.__name__
        self.done[name] = self.done.get(name, 0) + 1
        trouble(self, session)

    # --- Lives ------------------------------------------------------------------------------------

    def _check(self, session):
        checks.check_now(session)
        self.checks += 1
        unwell = session.rows("SELECT PIPELINE_NAME, STATE, ERROR_MESSAGE "
                              "FROM information_schema.PIPELINES WHERE STATE <> 'Running'")
        assert not unwell, f"after a restart {unwell}"

    def _live_to_a_point(self):
        """Until the server kills itself at a fault point, or nothing came by there."""
        point, passage = self.random.choice(POINTS), self.random.randint(1, 20)
        self.server.launch(fault=f"{point}:kill@{passage}")
        try:
            status = self.server.process.wait(FAULT_TIMEOUT_S)
            assert status == -signal.SIGKILL, f"{point}: {status}\n{self.server.log_tail()}"
            self.done[point] = self.done.get(point, 0) + 1
        except subprocess.TimeoutExpired:
            pass
        self._kill()

    def _live_hardly(self):
        self.server.launch()
        process.let_live(self.random.uniform(0, 0.3))
        self._kill()

    def _live(self, troubles):
        """Until a kill at any moment, or now and then an orderly end."""
        fault = None
        if self.random.random() < 0.2:
            fault = ",".join(f"store.commit.{where}:error@{self.random.randint(1, 20)}"
                             for where in ("before", "middle", "middle"))
        session = self.server.start(fault=fault).connect(database="chaos")
        self._check(session)
        for trouble in troubles:
            self._make_trouble(session, trouble)
        process.let_live(self.random.uniform(0, LIFE_S_MAX))
        if self.random.random() < 0.1:
            status = self.server.terminate()
            assert status == 0, f"the server ended with {status}\n{self.server.log_tail()}"
        else:
            self._kill()

    def _kill(self):
        self.server.kill()
        self.kills += 1

    def run(self):
        began = time.monotonic()
        self.open()
        self._kill()
        # Each trouble once, whatever the seed; then by chance.
        todo = self.random.sample(self.TROUBLES, len(self.TROUBLES))
        # What a life takes in is a share of all; as many kills as wanted, at the least.
        share = self.messages // self.kills_wanted
        while self.kills < self.kills_wanted or todo or self.sent() < self.messages:
            if self.sent() < self.messages:
                self._produce(share)
            kind = self.random.random()
            if kind < 0.25:
                self._live_to_a_point()
            elif kind < 0.3:
                self._live_hardly()
            else:
                count = min(self.random.choice([1, 1, 2, 3]), max(1, len(todo)))
                chosen, todo = todo[:count], todo[count:]
                self._live(chosen or self.random.choices(self.TROUBLES, self.WEIGHTS, k=count))
            if self.kills % 20 == 0:
                self.say(f"{time.monotonic() - began:.0f} s: {self.kills} kills, "
                         f"{self.sent()} messages sent")
        return self._finish(began)

    def sent(self):
        return sum(feed.messages() for feed in self.feeds.values())

    def _finish(self, began):
        self._end_producing()
        session = self.server.start().connect(database="chaos")
        # What is left comes in large batches, however small they were.
        for spec in PIPELINES:
            session.execute(f"ALTER PIPELINE {spec.name} SET BATCH_INTERVAL 0; ALTER PIPELINE "
                            f"{spec.name} SET MAX_OFFSETS_PER_BATCH_PARTITION {BATCHES[-1]}")
        handled = 0
        for spec in PIPELINES:
            wanted = self.feeds[spec.format].messages()
            streams.wait_for_messages(session, spec.name, wanted, timeout_s=300 + wanted // 1000)
            handled += wanted
        for format_, feed in self.feeds.items():
            ends = [end for _, (_, end) in sorted(self.broker.offsets(feed.topic).items())]
            assert ends == feed.ends, f"the topic of {format_} has {ends}, {feed.ends} were sent"
        for model in MODELS:
            streams.wait_for_replay(session, model)
        self._check(session)
        session.execute("STOP ALL PIPELINES")
        checks.check_cursors(session)
        lost, doubled, wrong = checks.count_faults(session, self.feeds)
        batches = checks.check_models(session)
        assert self.server.terminate() == 0
        session = self.server.start().connect(database="chaos")
        checks.check_cursors(session)
        checks.check_now(session)
        troubles = ", ".join(f"{name} {count}" for name, count in sorted(self.done.items()))
        self.say(f"messages {self.sent()}, handled {handled}, kills {self.kills}, faults "
                 f"{sum(self.done.values())} ({troubles})")
        self.say(f"checks {self.checks}, batches learned again {batches}, lost {lost}, "
                 f"doubled {doubled}, seconds {time.monotonic() - began:.0f}")
        for text in wrong:
            self.say(text)
        return lost == 0 and doubled == 0 and not wrong


def again(messages, kills, seed):
    """The command that runs the same campaign."""
    return f"make chaos CHAOS_ARGS='--messages {messages} --kills {kills} --seed {seed}'"


def run(folder, *, messages, kills, seed, say=print):
    """One campaign; whether nothing was lost or doubled. What broke is said with the seed."""
    say(f"seed {seed}; again: {again(messages, kills, seed)}")
    campaign = Campaign(folder, messages=messages, kills=kills, seed=seed, say=say)
    try:
        return campaign.run()
    except BaseException:
        say(f"broken off after {campaign.kills} kills, {campaign.done}\n"
            f"{campaign.server.log_tail(40)}\nagain: {again(messages, kills, seed)}")
        raise
    finally:
        campaign.close()


def main():
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-chaos-") as folder:
        well = run(folder, messages=arguments.messages, kills=arguments.kills,
                   seed=arguments.seed, say=lambda text: print(text, flush=True))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
