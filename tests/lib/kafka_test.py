# ctest: kafka
"""The broker of the tests keeps its promises: what a test blames on millrace is millrace's."""

import json
import os
import signal
import subprocess
import sys

import pytest
from confluent_kafka import Consumer, TopicPartition

from lib import places, process
from lib.sql import WAIT_TIMEOUT_S


def read(broker, topic, partition, count):
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "reader",
                         "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0)])
    values = []
    while len(values) < count:
        message = consumer.poll(WAIT_TIMEOUT_S)
        assert message is not None, f"only {len(values)} of {count} messages came"
        if message.error() is None:
            values.append(message.value().decode())
    consumer.close()
    return values


def test_rows_keep_their_partition_and_order(broker):
    topic = broker.create_topic("ordered", partitions=3)
    broker.produce_all(topic, ((number % 3, str(number)) for number in range(3000)))
    assert {p: end for p, (_, end) in broker.offsets(topic).items()} == {0: 1000, 1: 1000, 2: 1000}
    assert read(broker, topic, 1, 1000) == [str(number) for number in range(1, 3000, 3)]


def test_a_killed_broker_comes_back_on_its_port_with_its_data(make_broker):
    broker = make_broker().start()
    address = broker.address
    topic = broker.create_topic("kept")
    broker.produce(topic, ["one", "two"])
    broker.kill()
    broker.start()
    assert broker.address == address
    broker.produce(topic, ["three"])
    assert read(broker, topic, 0, 3) == ["one", "two", "three"]


def test_a_broker_that_has_no_time_for_a_while_keeps_its_topics(make_broker):
    broker = make_broker().start()
    topic = broker.create_topic("kept")
    pid = json.loads((broker.folder / "broker.json").read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    process.let_live(4)
    os.kill(pid, signal.SIGCONT)
    broker.produce(topic, ["one"])
    assert read(broker, topic, 0, 1) == ["one"]
    assert "session has timed out" not in (broker.folder / "server.log").read_text()


def test_records_can_be_made_to_vanish(broker):
    topic = broker.create_topic("short")
    broker.produce(topic, ["a", "b", "c"])
    broker.delete_records(topic, {0: 2})
    assert broker.offsets(topic) == {0: (2, 3)}


def test_a_topic_can_be_deleted_and_made_again(broker):
    topic = broker.create_topic("again")
    broker.produce(topic, ["a"])
    broker.delete_topic(topic)
    broker.create_topic(topic, exact=True)
    assert broker.offsets(topic) == {0: (0, 0)}


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_a_broker_ends_with_the_process_that_owns_it(make_broker, signal):
    owner = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                             stdin=subprocess.PIPE)
    broker = make_broker().start(owner=owner.pid)
    owner.terminate() if signal == "TERM" else owner.kill()
    owner.wait()
    tool = [sys.executable, places.ROOT / "tools" / "kafka", "status", "--dir", broker.folder]
    while subprocess.run(tool, capture_output=True).returncode == 0:
        pass
