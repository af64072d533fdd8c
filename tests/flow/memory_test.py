# ctest: kafka
"""What a server takes of memory while a backlog is worked off, and after: the bound is in
docs/reference/operations.md."""

import pathlib
import re

import pytest

from lib import streams
from lib.sql import WAIT_TIMEOUT_S

STORE_MB = 64
STORE_SLACK = 1.25  # of the allocator's, on what the store may use
ROWS = 1_000_000
ROWS_PER_MESSAGE = 20
MESSAGES_PER_BATCH = 2000
NUMBERS = 16  # columns that no compression makes smaller: twice the store's memory in all


class Resident:
    """Resident memory of the server in MB, as the kernel counts it, and the most that was seen."""

    def __init__(self, server):
        self._status = pathlib.Path(f"/proc/{server.process.pid}/status")
        self.most = 0

    def now(self):
        megabytes = self._read("VmRSS")
        self.most = max(self.most, megabytes)
        return megabytes

    def peak(self):
        """Of the server's life, whether anybody looked at that moment or not."""
        return self._read("VmHWM")

    def _read(self, what):
        found = re.search(rf"^{what}:\s+(\d+) kB", self._status.read_text(), re.MULTILINE)
        return int(found[1]) / 1024


@pytest.fixture
def small_server(make_server):
    return make_server().start(arguments=["--memory-max", f"{STORE_MB}MB", "--threads-max", "1"])


def done(resident, messages):
    """For wait_until: looks at the memory, too."""
    def is_done(rows):
        resident.now()
        return int(rows[0][0] or 0) >= messages
    return is_done


def test_a_backlog_of_many_times_the_stores_memory_does_not_grow_it(small_server, broker):
    session = small_server.connect()
    topic = broker.create_topic("backlog")
    messages = ROWS // ROWS_PER_MESSAGE
    broker.produce_all(topic, (
        (0, "\n".join(str(first + i) for i in range(ROWS_PER_MESSAGE)))
        for first in range(0, ROWS, ROWS_PER_MESSAGE)))
    columns = ", ".join(f"c{i} UBIGINT" for i in range(NUMBERS))
    numbers = ", ".join(f"c{i} = hash(id + {i * ROWS})" for i in range(NUMBERS))
    session.execute(f"CREATE DATABASE shop; USE shop; CREATE TABLE t (id BIGINT, {columns})")
    session.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} "
                    f"MAX_OFFSETS_PER_BATCH_PARTITION {MESSAGES_PER_BATCH} INTO TABLE t "
                    f"FIELDS TERMINATED BY ',' (id) SET {numbers}")
    resident = Resident(small_server)
    idle = resident.now()
    session.execute("START PIPELINE feed")
    progress = "SELECT sum(messages) FROM millrace.batches"
    session.wait_until(progress, done(resident, messages // 2), 2 * WAIT_TIMEOUT_S)
    half = resident.most
    session.wait_until(progress, done(resident, messages), 2 * WAIT_TIMEOUT_S)
    assert session.value("SELECT count(*) FROM t") == ROWS
    # Four batches, decoded and shaped, and the whole topic as librdkafka may have fetched it.
    batch_rows = MESSAGES_PER_BATCH * ROWS_PER_MESSAGE
    pipeline = 4 * batch_rows * 2 * 8 * (NUMBERS + 1) + messages * (7 * ROWS_PER_MESSAGE + 400)
    assert resident.most < idle + STORE_SLACK * STORE_MB + pipeline / 2**20
    assert resident.most - half < STORE_MB / 2


def test_the_memory_of_a_backlog_is_given_back_at_its_end(small_server, broker):
    session = small_server.connect()
    topic = broker.create_topic("wide")
    messages = 200_000
    broker.produce_all(topic, ((0, f"{n},{'x' * 400}") for n in range(messages)))
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (id BIGINT)")
    session.execute(f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} INTO TABLE t "
                    "FIELDS TERMINATED BY ',' (id, @text)")
    resident = Resident(small_server)
    idle, before = resident.now(), resident.peak()
    session.execute("START PIPELINE feed")
    session.wait_until("SELECT sum(messages) FROM millrace.batches", done(resident, messages),
                       2 * WAIT_TIMEOUT_S)
    assert resident.peak() > max(idle + 100, before)
    session.wait_until("SELECT 1", lambda rows: resident.now() < idle + 60, 2 * WAIT_TIMEOUT_S)
