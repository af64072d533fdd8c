# ctest: kafka
"""WITH TRANSFORM: programs written for SingleStore, real ones, that change rows, fail, hang and are
killed; each message's output is in the table exactly once whatever happens."""

import os
import pathlib
import re
import tarfile
import time

import pytest

from lib import process, streams
from lib.sql import WAIT_TIMEOUT_S

# As the vendor's documentation has it: a native 64-bit length, then the message; rows on stdout.
HEAD = """#!/usr/bin/env python3
import os
import struct
import sys


def input_stream():
    while True:
        head = sys.stdin.buffer.read(8)
        if len(head) != 8:
            return
        yield sys.stdin.buffer.read(struct.unpack("L", head)[0])


def emit(row):
    sys.stdout.buffer.write(row + b"\\n")


"""
# A row for each word of a message.
WORDS = HEAD + """
for message in input_stream():
    number, words = message.split(b",")
    for word in words.split():
        emit(number + b"\\t" + word)
"""
# One row a message, after what `before` does.
ECHO = HEAD + """
{before}
for message in input_stream():
    emit(message)
"""


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


@pytest.fixture
def write(tmp_path):
    def write(text, name="t.py"):
        (tmp_path / name).write_text(text)
        return f"file://{tmp_path / name}"

    return write


def make_feed(session, broker, topic, uri, more="", rest="(a, b)", program="", arguments=""):
    session.execute(
        f"CREATE PIPELINE feed AS {streams.load_data(broker, topic)} {more} "
        f"WITH TRANSFORM ('{uri}', '{program}', '{arguments}') INTO TABLE t {rest}")


def wait_for(condition):
    deadline = time.monotonic() + WAIT_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        os.sched_yield()


def transform_errors(session):
    return session.rows(
        "SELECT ERROR_TYPE, ERROR_MESSAGE, STD_ERROR FROM information_schema.PIPELINES_ERRORS "
        "WHERE ERROR_KIND = 'Transform' ORDER BY ERROR_ID")


def test_a_script_of_singlestores_makes_other_rows(shop, broker, write):
    topic = broker.create_topic("words", 2)
    broker.produce_all(topic, [(0, b"1,a b c"), (0, b"2,"), (0, b"x,d e"), (1, b"3,f")])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR, p BIGINT, s VARCHAR)")
    uri = write(WORDS)
    rest = "(a, b) SET p = get_kafka_pipeline_prop('prop_partition') WHERE b <> 'c'"
    make_feed(shop, broker, topic, uri, rest=rest)
    shown = shop.rows("SHOW CREATE PIPELINE feed")[0][1]
    assert f"WITH TRANSFORM ('{uri}', '', '')" in shown
    shop.execute("DROP PIPELINE feed; " + shown)
    assert shop.rows("SHOW CREATE PIPELINE feed")[0][1] == shown
    assert shop.rows("SELECT TRANSFORM_URI, TRANSFORM_PROGRAM, TRANSFORM_ARGUMENTS, "
                     "length(TRANSFORM_CHECKSUM) FROM information_schema.PIPELINES") == [
                         (uri, "", "", 64)]

    # The broker may let one of the partitions wait: for the next batch.
    shop.wait_until("TEST PIPELINE feed", [("1", "a", "0"), ("1", "b", "0"), ("3", "f", "1")])
    assert shop.value("SELECT count(*) FROM t") == 0
    steps = [row[0] for row in shop.rows("PROFILE PIPELINE feed")]
    assert steps == ["take", "transform", "decode", "shape", "model", "commit"]
    shop.execute("START PIPELINE feed FOREGROUND")

    assert shop.rows("SELECT a, b, p FROM t ORDER BY b") == [(1, "a", 0), (1, "b", 0), (3, "f", 1)]
    # Nothing says which message a row was made of: the place is where the batch begins.
    assert shop.rows("SELECT source_partition, source_offset, reason, bytes FROM millrace.rejects "
                     "ORDER BY bytes") == [(0, 0, "bad-number", b"x\td"),
                                           (0, 0, "bad-number", b"x\te")]
    # Rows and rejects together are the records, less those that WHERE dropped.
    assert shop.rows("SELECT source_partition, messages, records, rows_out, rejects "
                     "FROM millrace.batches ORDER BY 1") == [(0, 3, 5, 2, 2), (1, 1, 1, 1, 0)]
    assert shop.rows("SELECT BATCH_PARTITION_EXTRACTED_BYTES, BATCH_PARTITION_TRANSFORMED_BYTES, "
                     "BATCH_PARTITION_TRANSFORM_WAIT_TIME > 0 "
                     "FROM information_schema.PIPELINES_BATCHES ORDER BY 1") == [
                         (3, 4, 1), (14, 20, 1)]
    shop.expect_error(f"CREATE PIPELINE q AS {streams.load_data(broker, topic)} WITH TRANSFORM "
                      f"('{uri}', '', '') INTO TABLE t (a) "
                      "SET s = get_kafka_pipeline_prop('prop_offset')", "is not known behind")


def test_rejects_of_a_transform_are_records_when_they_are_retried(shop, broker, write):
    topic = broker.create_topic("words")
    broker.produce(topic, ["1,a b", "300,c"])
    shop.execute("CREATE TABLE t (a TINYINT, b VARCHAR)")
    uri = write(WORDS)
    make_feed(shop, broker, topic, uri)
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT b FROM t ORDER BY b") == [("a",), ("b",)]
    shop.execute("DROP TABLE t; CREATE TABLE t (a BIGINT, b VARCHAR)")
    assert shop.rows("RETRY REJECTS FOR PIPELINE feed") == [(1, 1, 0)]
    assert shop.rows("SELECT a, b FROM t") == [(300, "c")]


def test_a_failing_program_stops_after_its_retries_and_goes_on_when_reloaded(shop, broker, write):
    topic = broker.create_topic("feed")
    broker.produce(topic, ["1\tx", "2\ty"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, write(ECHO.format(
        before="print('no such luck', file=sys.stderr); sys.exit(7)")),
        "MAX_RETRIES_PER_BATCH_PARTITION 2")
    shop.execute("START PIPELINE feed")
    streams.wait_for_state(shop, "feed", "Error")
    (kind, message, said), = set(transform_errors(shop))
    assert kind == "Error" and said == "no such luck\n"
    assert 'transform "t.py" ended with status 7 at partition 0, offsets 0 to 2' in message
    batches = "SELECT DISTINCT BATCH_ID FROM information_schema.PIPELINES_ERRORS"
    assert shop.rows(batches) == [(1,)]
    # The program that the pipeline has is the one of its CREATE, until it is told otherwise.
    write(ECHO.format(before="print('well now', file=sys.stderr)"))
    shop.expect_error("START PIPELINE feed FOREGROUND", "ended with status 7")
    shop.execute("ALTER PIPELINE feed RELOAD TRANSFORM")
    shop.execute("START PIPELINE feed")
    shop.wait_until("SELECT count(*) FROM t", 2)
    assert streams.state_of(shop, "feed") == "Running"
    assert transform_errors(shop)[-1] == (
        "Warning", "the transform wrote to stderr", "well now\n")
    shop.execute("STOP PIPELINE feed")
    shop.expect_error("ALTER PIPELINE feed SET TRANSFORM ('file:///nowhere', '', '')",
                      "is not a file")
    shop.execute(f"ALTER PIPELINE feed SET TRANSFORM ('{write(WORDS, 'w.py')}', '', '')")
    broker.produce(topic, ["3,z"])
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT a, b FROM t ORDER BY a") == [(1, "x"), (2, "y"), (3, "z")]
    broker.produce(topic, ["4"])
    shop.expect_error("START PIPELINE feed FOREGROUND", "ended with status 1")
    assert shop.rows(f"{batches} WHERE ERROR_TYPE = 'Error' ORDER BY 1") == [(1,), (3,)]


def test_what_a_program_says_in_other_bytes_than_utf8_is_kept(shop, broker, write):
    topic = broker.create_topic("feed")
    broker.produce(topic, ["1\tx"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, broker, topic, write(ECHO.format(
        before=r"sys.stderr.buffer.write(b'\xffx\n'); sys.exit(7)")))
    shop.expect_error("START PIPELINE feed FOREGROUND", "ended with status 7")
    (_, _, said), = transform_errors(shop)
    assert said == "\\xFFx\n"


def test_a_program_that_hangs_is_killed_and_costs_nobody_else(shop, broker, write, tmp_path):
    topic = broker.create_topic("feed")
    broker.produce(topic, ["1\tx"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    mark = f"hang-{topic}"
    # The first run hangs, with a child that has left its group; the next one does not.
    uri = write(ECHO.format(before=f"""
import subprocess
if not os.path.exists('{tmp_path}/hung'):
    open('{tmp_path}/hung', 'w').close()
    child = subprocess.Popen(['sleep', '86400'], start_new_session=True)
    child.wait()
"""))
    # Long enough for a program that does not hang to start on a busy machine.
    make_feed(shop, broker, topic, uri, """CONFIG '{"transform.timeout.ms": "3500"}'""",
              arguments=mark)
    shop.execute("START PIPELINE feed")
    shop.wait_until("SELECT count(*) FROM t", 1)
    assert any("neither read nor wrote for 3500 ms" in row[1] for row in transform_errors(shop))
    wait_for(lambda: not process.running(mark))


def test_a_stop_does_not_wait_for_the_program(shop, broker, write):
    topic = broker.create_topic("feed")
    broker.produce(topic, ["1\tx"])
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    mark = f"slow-{topic}"
    make_feed(shop, broker, topic, write("#!/bin/sh\nsleep 86400\n"), arguments=mark)
    shop.execute("START PIPELINE feed")
    wait_for(lambda: process.running(mark))
    shop.execute("STOP PIPELINE feed")
    assert streams.state_of(shop, "feed") == "Stopped"
    assert not process.running(mark)
    shop.execute("START PIPELINE feed")
    wait_for(lambda: process.running(mark))
    shop.execute("DETACH PIPELINE feed")
    assert streams.state_of(shop, "feed") == "Stopped"
    wait_for(lambda: not process.running(mark))
    shop.expect_error("DETACH PIPELINE feed", "is not running")


def test_kills_of_program_and_server_lose_and_double_nothing(make_server, broker, write):
    """Every fifth run of the program kills itself; the server is killed while a program runs."""
    topic = broker.create_topic("feed", 2)
    count = 4_000
    broker.produce_all(topic, [(number % 2, b"%d\tr%d" % (number, number))
                               for number in range(count)])
    mark = f"killed-{topic}"
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (a BIGINT, b VARCHAR)")
    uri = write(ECHO.format(before="""
import subprocess
child = subprocess.Popen(['sleep', '86400'], start_new_session=True)
if os.getpid() % 5 == 0:
    emit(b'half a row that nobody must see')
    sys.stdout.flush()
    os.kill(os.getpid(), 9)
"""))
    make_feed(session, broker, topic, uri, arguments=mark,
              more="MAX_OFFSETS_PER_BATCH_PARTITION 100 MAX_RETRIES_PER_BATCH_PARTITION 1000")
    session.execute("START PIPELINE feed")
    for _ in range(4):
        # It may be done before we had time to look.
        wait_for(lambda: process.running(mark) or streams.messages_of(session, "feed") == count)
        server.kill()
        wait_for(lambda: not process.running(mark))
        server.start()
        session = server.connect(database="shop")
        streams.wait_for_state(session, "feed", "Running")
    streams.wait_for_messages(session, "feed", count)
    assert session.rows("SELECT count(*), count(DISTINCT a), min(a), max(a) FROM t") == [
        (count, count, 0, count - 1)]
    streams.check_batch_log(session, "feed", {0: (0, count // 2), 1: (0, count // 2)})
    assert session.value("SELECT count(*) FROM millrace.batches WHERE records <> messages") == 0
    session.execute("STOP PIPELINE feed")
    assert not process.running(mark)


def test_a_model_behind_a_transform_is_replayed_through_it(make_server, broker, write):
    topic = broker.create_topic("clicks")
    broker.produce(topic, [f"{number % 90};{number % 7};{int(number % 90 > 45)}"
                           for number in range(3000)])
    server = make_server().start()
    session = server.connect()
    session.execute("""CREATE DATABASE shop; USE shop;
        CREATE MODEL clicks AS LinearClassifier(label => clicked, feature_columns => [
            numeric_column(age), categorical_column_with_identity(city, 7)])""")
    script = HEAD + "for message in input_stream():\n    emit(message.replace(b';', b','))\n"
    uri = write(script)
    session.execute(f"""CREATE PIPELINE learn AS {streams.load_data(broker, topic)}
        MAX_OFFSETS_PER_BATCH_PARTITION 300 WITH TRANSFORM ('{uri}', '', '')
        TRAIN MODEL clicks INTO TABLE e FIELDS TERMINATED BY ',' (age, city, clicked)""")
    server.restart(fault="engine.publish.after:kill@5")
    session = server.connect(database="shop")
    session.error("START PIPELINE learn FOREGROUND")
    server.wait_for_exit()
    server.start()
    session = server.connect(database="shop")
    session.execute("START PIPELINE learn FOREGROUND")
    assert session.rows("SELECT examples, model_version FROM e") == [(3000, 10)]
    checked = session.rows("CHECK MODEL clicks")
    assert checked and {row[3] for row in checked} == {"equal"}
    write(script + "# another one\n")
    session.execute("ALTER PIPELINE learn RELOAD TRANSFORM")
    checked = session.rows("CHECK MODEL clicks")
    assert {row[3] for row in checked} == {"cannot be checked"}
    assert all("went through another transform" in row[4] for row in checked)


def test_an_archive_and_a_classification_behind_it(shop, broker, write, tmp_path):
    topic = broker.create_topic("people")
    broker.produce(topic, ["30|1", "60|0"])
    (tmp_path / "cut.py").write_text("SEPARATOR = b'|'\n")
    (tmp_path / "run.py").write_text(HEAD + """
from cut import SEPARATOR
for message in input_stream():
    emit(sys.argv[2].encode().join(message.split(SEPARATOR)))
""")
    with tarfile.open(tmp_path / "people.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "cut.py", "lib/cut.py")
        archive.add(tmp_path / "run.py", "lib/run.py")
    shop.execute("""CREATE TABLE t (age INT, probability DOUBLE, model_version BIGINT);
        CREATE MODEL m AS LinearClassifier(label => y, feature_columns => [numeric_column(age)])""")
    shop.execute(f"""CREATE PIPELINE feed AS {streams.load_data(broker, topic)}
        WITH TRANSFORM ('file://localhost{tmp_path}/people.tar.gz', 'lib/run.py', '-s ";"')
        CLASSIFY WITH MODEL m INTO TABLE t FIELDS TERMINATED BY ';' (age, @y)""")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT age, probability FROM t ORDER BY 1") == [(30, 0.5), (60, 0.5)]
    shop.expect_error(f"""CREATE PIPELINE q AS {streams.load_data(broker, topic)}
        WITH TRANSFORM ('file://{tmp_path}/people.tar.gz', 'run.py', '') INTO TABLE t""",
                      'lacks program "run.py"')


def test_files_go_through_as_they_are(shop, write, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        path = folder / f"{number}.csv"
        path.write_text("a,b\n" + "".join(f"{number},{row}\n" for row in range(4)))
        os.utime(path, (1, 1))
    shop.execute("CREATE TABLE t (a BIGINT, b BIGINT, f VARCHAR)")
    # A whole file with its header, read by name, and a header of its own.
    uri = write("""#!/usr/bin/env python3
import csv, sys
print("sum,rows")
rows = list(csv.DictReader(sys.stdin))
print(rows[0]["a"], sum(int(row["b"]) for row in rows), sep=",")
""")
    shop.execute(f"""CREATE PIPELINE feed AS LOAD DATA FS '{folder}'
        WITH TRANSFORM ('{uri}', '', '') INTO TABLE t FIELDS TERMINATED BY ',' IGNORE 1 LINES (a, b)
        SET f = pipeline_source_file()""")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT a, b, f FROM t ORDER BY a") == [
        (number, 6, f"{folder}/{number}.csv") for number in range(3)]


def test_avro_comes_as_a_stream_of_data(shop, broker, write):
    topic = broker.create_topic("avro")
    broker.produce(topic, ["1", "2", "3"])
    shop.execute("CREATE TABLE t (a BIGINT NOT NULL, b VARCHAR)")
    # zigzag of a long, then a string: a union of null and long, of which one is null.
    uri = write(HEAD + """
for message in input_stream():
    number = int(message)
    head = b"\\x00" if number == 2 else bytes([2, 2 * number])
    sys.stdout.buffer.write(head + bytes([2]) + message)
if len(sys.argv) > 1:
    sys.stdout.buffer.write(b"\\x06no branch of the union")
""")
    schema = ('{"type": "record", "name": "r", "fields": [{"name": "a", "type": ["null", "long"]},'
              ' {"name": "b", "type": "string"}]}')
    make_feed(shop, broker, topic, uri, arguments="spoiled",
              rest=f"FORMAT AVRO (a <- a, b <- b) SCHEMA '{schema}'")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT a, b FROM t ORDER BY a") == [(1, "1"), (3, "3")]
    assert sorted(shop.rows("SELECT reason, bytes FROM millrace.rejects")) == [
        ("bad-document", b"\x06no branch of the union"), ("null-not-allowed", b"\x00\x022")]


def test_dropped_programs_leave_the_store_and_the_disk(shop, server, broker, write):
    topic = broker.create_topic("feed")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    programs = server.data / "programs"
    make_feed(shop, broker, topic, write(WORDS))
    assert len(list(programs.iterdir())) == 1
    write(WORDS + "# again\n")
    shop.execute("ALTER PIPELINE feed RELOAD TRANSFORM")
    kept, = programs.iterdir()
    checksum = shop.value("SELECT TRANSFORM_CHECKSUM FROM information_schema.PIPELINES")
    assert re.fullmatch(checksum + r"-t\.py", kept.name)
    shop.execute("DROP PIPELINE feed")
    assert not list(programs.iterdir())
