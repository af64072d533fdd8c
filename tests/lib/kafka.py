"""A real Apache Kafka broker for a test, and a producer that loses and doubles nothing."""

import os
import pathlib
import subprocess
import sys
import time
import uuid

from confluent_kafka import (Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException,
                             Producer, TopicCollection, TopicPartition)
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from lib import places

_TOOL = places.ROOT / "tools" / "kafka"
_TIMEOUT_S = 120
_POLL_S = 0.02
_NO_COORDINATOR = {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE,
                   KafkaError.NOT_COORDINATOR}


def shared_broker():
    """The broker that ctest started for all tests ($MILLRACE_KAFKA_DIR), or None."""
    folder = os.environ.get("MILLRACE_KAFKA_DIR")
    if not folder or not (pathlib.Path(folder) / "address").exists():
        return None
    return Broker(folder)


class Broker:
    """One broker folder of tools/kafka."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.address = None
        self.listeners = {}  # of the ones that start() asked for: name to address
        known = self.folder / "address"
        if known.exists():
            self.address = known.read_text().strip()

    def start(self, *, config=None, owner=None, listeners=None, **options):
        """Starts it, or starts it again on its port; `config` goes into server.properties.

        `listeners` {name: PROTOCOL[@address]} are there besides the plain one of `address`.
        """
        words = [f"--config={key}={value}" for key, value in (config or {}).items()]
        words += [f"--listener={name}={what}" for name, what in (listeners or {}).items()]
        words += [f"--{key}={value}" for key, value in options.items()]
        said = self._tool("start", *words, f"--with-pid={owner or os.getpid()}")
        self.address, *more = said.split()[1:]
        self.listeners = dict(word.split("=") for word in more)
        (self.folder / "address").write_text(self.address + "\n")
        return self

    def stop(self):
        self._tool("stop")

    def kill(self):
        self._tool("stop", "--kill")

    def _tool(self, verb, *words):
        done = subprocess.run([sys.executable, _TOOL, verb, "--dir", self.folder, *words],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"tools/kafka {verb}: {done.stderr.strip()}")
        return done.stdout.strip()

    def create_topic(self, stem="topic", partitions=1, config=None, exact=False):
        """Creates a topic of a name that no other test has (unless `exact`); its name."""
        name = stem if exact else f"{stem}-{uuid.uuid4().hex[:12]}"
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1,
                         config={key: str(value) for key, value in (config or {}).items()})
        admin = self._admin()
        admin.create_topics([topic])[name].result(_TIMEOUT_S)
        self._wait_for_partitions(admin, name, partitions)
        return name

    def delete_topic(self, name):
        admin = self._admin()
        admin.delete_topics([name])[name].result(_TIMEOUT_S)
        self._wait_for_partitions(admin, name, 0)

    def topic_id(self, name, other_than=None):
        """Waits until the broker, which has just made the topic, knows it too."""
        admin = self._admin()
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            asked = admin.describe_topics(TopicCollection([name]))
            try:
                found = str(asked[name].result(_TIMEOUT_S).topic_id)
                if found != other_than:
                    return found
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            if time.monotonic() > deadline:
                raise AssertionError(f"the broker knows no new topic {name}")
            time.sleep(_POLL_S)

    def produce(self, topic, rows, partition=0, key=None):
        """Sends `rows` (str or bytes) in order to one partition and waits for every receipt."""
        self.produce_all(topic, ((partition, row) for row in rows), key=key)

    def produce_all(self, topic, placed_rows, key=None, message_bytes_max=1_000_000,
                    compression="none"):
        """Sends (partition, row) pairs, each partition in order, with an idempotent producer."""
        producer = Producer({"bootstrap.servers": self.address, "enable.idempotence": True,
                             "linger.ms": 5, "queue.buffering.max.messages": 1000000,
                             "compression.type": compression,
                             "message.max.bytes": message_bytes_max})
        failed = []

        def receipt(error, _message):
            if error is not None:
                failed.append(error)

        for partition, row in placed_rows:
            value = row.encode() if isinstance(row, str) else row
            while True:
                try:
                    producer.produce(topic, value, key=key, partition=partition,
                                     on_delivery=receipt)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        left = producer.flush(_TIMEOUT_S)
        assert not left and not failed, f"{left} unsent, {len(failed)} failed: {failed[:3]}"

    def offsets(self, topic):
        """{partition: (first offset, end offset)} as the broker has them now."""
        consumer = self._consumer()
        try:
            known = consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic]
            if known.error is not None:
                raise KafkaException(known.error)
            return {partition: consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=_TIMEOUT_S)
                for partition in sorted(known.partitions)}
        finally:
            consumer.close()

    def group_offsets(self, group, topic):
        """{partition: offset} that lag tools show of a consumer group; none of one whose
        coordinator is not at work yet."""
        admin = self._admin()
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        try:
            found = asked[group].result(_TIMEOUT_S).topic_partitions
        except KafkaException as error:
            if error.args[0].code() not in _NO_COORDINATOR:
                raise
            return {}
        return {one.partition: one.offset for one in found if one.topic == topic}

    def add_partitions(self, topic, partitions):
        """Lets the topic have `partitions` of them in all."""
        admin = self._admin()
        admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(_TIMEOUT_S)
        self._wait_for_partitions(admin, topic, partitions)

    def _wait_for_partitions(self, admin, topic, count):
        """Until the broker tells of as many as the controller has agreed to, a little before."""
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            known = admin.list_topics(topic, timeout=_TIMEOUT_S).topics[topic]
            led = [one for one in known.partitions.values() if one.leader >= 0]
            gone = known.error is not None and (
                known.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART)
            if gone if count == 0 else known.error is None and len(led) == count:
                return
            assert time.monotonic() < deadline, f"topic {topic} has {known.partitions}, not {count}"
            time.sleep(_POLL_S)

    def delete_records(self, topic, before):
        """Lets the broker forget what lies before the offsets {partition: offset}."""
        admin = self._admin()
        asked = admin.delete_records(
            [TopicPartition(topic, partition, offset) for partition, offset in before.items()])
        for one in asked.values():
            one.result(_TIMEOUT_S)

    def _admin(self):
        # Hold it until the answer is there: an admin client that goes takes its requests with it.
        return AdminClient({"bootstrap.servers": self.address})

    def _consumer(self):
        return Consumer({"bootstrap.servers": self.address, "group.id": uuid.uuid4().hex})
