"""LOAD DATA FS: a folder's files, each exactly once, gzip and zstd too, whatever happens."""

import gzip
import io
import json
import os
import shutil
import subprocess
import time

import fastavro
import pytest

from lib import streams


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop")
    return session


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "in"
    made.mkdir()
    return made


def put(path, data):
    """Writes a file as a careful program does: under another name, then renamed. It looks old."""
    hidden = path.with_name("." + path.name)
    hidden.write_bytes(data)
    settled = time.time() - 60
    os.utime(hidden, (settled, settled))
    hidden.rename(path)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


def lines(first, count):
    return "".join(f"{number},w{number}\n" for number in range(first, first + count)).encode()


def make_feed(session, path, more="", clauses="FIELDS TERMINATED BY ',' (a, b)"):
    session.execute(f"CREATE PIPELINE feed AS LOAD DATA FS '{path}' {more} INTO TABLE t {clauses}")


def states(session):
    return session.rows("SELECT FILE_NAME, FILE_STATE FROM information_schema.PIPELINES_FILES "
                        "ORDER BY 1")


def test_files_of_all_kinds_are_loaded_once(shop, server, folder):
    put(folder / "1.csv", lines(0, 100))
    put(folder / "2.csv.gz", gzip.compress(lines(100, 50)) + gzip.compress(lines(150, 50)))
    put(folder / "3.csv", lines(200, 100).replace(b"\n", b"\r\n")[:-2])
    if shutil.which("zstd"):
        put(folder / "4.csv.zst", zstd(lines(300, 50)) + zstd(lines(350, 50)))
    else:
        put(folder / "4.csv.zst", lines(300, 100))
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, folder, "MAX_OFFSETS_PER_BATCH_PARTITION 30")
    shop.execute("START PIPELINE feed")
    shop.wait_until("SELECT count(*) FROM t", 400)
    put(folder / "0-late.csv", lines(400, 10))
    shop.wait_until("SELECT count(*) FROM t", 410)
    assert shop.rows("SELECT count(DISTINCT a), min(a), max(a) FROM t") == [(410, 0, 409)]
    assert shop.value("SELECT b FROM t WHERE a = 299") == "w299"
    assert [state for _, state in states(shop)] == ["Loaded"] * 5
    server.restart()
    session = server.connect(database="shop")
    put(folder / "5.csv", lines(410, 5))
    session.wait_until("SELECT count(*) FROM t", 415)
    assert session.value("SELECT count(DISTINCT a) FROM t") == 415
    assert session.value("SELECT sum(messages) FROM millrace.batches") == 415
    shown = session.rows("SHOW CREATE PIPELINE feed")[0][1]
    assert f"LOAD DATA FS '{folder}'" in shown


@pytest.mark.parametrize("fault", ["store.commit.before", "store.commit.middle",
                                   "store.commit.after", "engine.batch.decoded"])
def test_a_crash_loses_and_doubles_nothing(make_server, folder, fault):
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (a BIGINT, b VARCHAR)")
    for number in range(6):
        data = lines(number * 1000, 1000)
        put(folder / f"{number}.csv", gzip.compress(data) if number % 2 else data)
    make_feed(session, folder, "MAX_OFFSETS_PER_BATCH_PARTITION 300")
    server.restart(fault=f"{fault}:kill@4")
    session = server.connect(database="shop")
    session.error("START PIPELINE feed FOREGROUND")
    server.wait_for_exit()
    server.start()
    session = server.connect(database="shop")
    session.execute("START PIPELINE feed FOREGROUND")
    assert session.rows("SELECT count(*), count(DISTINCT a) FROM t") == [(6000, 6000)]


def test_quotes_hold_newlines_and_headers_are_dropped(shop, folder):
    put(folder / "a.csv", b'a,b\n1,"x\ny"\n2,"say ""hi"""\n\n3,plain\n')
    put(folder / "b.csv", b'a,b\n4,"never closed\n5,fine\n')
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, f"{folder}/*.csv", clauses="FIELDS TERMINATED BY ',' ENCLOSED BY '\"' "
              "IGNORE 1 LINES (a, b)")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT a, b FROM t ORDER BY a") == [
        (1, "x\ny"), (2, 'say "hi"'), (3, "plain"), (5, "fine")]
    assert shop.rows("SELECT reason, line FROM millrace.rejects") == [("bad-quoting", 2)]
    put(folder / "c.csv", b'a,b\n6,"x\ny"\nnone,7\n')
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT LOAD_DATA_LINE_NUMBER, LOAD_DATA_LINE FROM "
                     "information_schema.PIPELINES_ERRORS ORDER BY 1") == [
        (2, '4,"never closed'), (4, "none,7")]


def test_a_quote_within_a_field_opens_none(shop, folder):
    put(folder / "1.csv", b'screen (5"),size\n1,it"s\n2,5"\n3,"x\ny"\n')
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, folder, clauses="FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' "
                                    "IGNORE 1 LINES (a, b)")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT * FROM t ORDER BY a") == [(1, 'it"s'), (2, '5"'), (3, "x\ny")]


def test_lines_of_json_and_the_file_they_came_from(shop, folder):
    put(folder / "x.jsonl", b"".join(json.dumps({"a": number}).encode() + b"\n"
                                     for number in range(5)) + b"nonsense\n")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, folder, clauses="FORMAT JSON (a <- a) SET b = pipeline_source_file()")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT count(*), any_value(b) FROM t") == [(5, f"{folder}/x.jsonl")]
    assert shop.value("SELECT reason FROM millrace.rejects") == "bad-document"


def test_a_damaged_file_stops_and_can_be_dropped(shop, folder):
    whole = gzip.compress(b"".join(lines(number * 10, 10) for number in range(20000)))
    put(folder / "1.gz", whole[:len(whole) // 2])
    put(folder / "2.csv", b"7,seven\n")
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, folder)
    shop.expect_error("START PIPELINE feed FOREGROUND", "1.gz.*end too early")
    shop.expect_error("ALTER PIPELINE feed DROP FILE '/none'", "no file \"/none\"")
    shop.execute(f"ALTER PIPELINE feed DROP FILE '{folder}/1.gz'")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.value("SELECT count(*) FROM t WHERE b = 'seven'") == 1
    assert states(shop) == [(f"{folder}/1.gz", "Skipped"), (f"{folder}/2.csv", "Loaded")]


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_what_stands_before_the_damage_is_kept(shop, folder, pack):
    packed = pack(lines(0, 10))
    put(folder / "1.csv", lines(100, 3))
    put(folder / "2", packed + pack(lines(10, 10)) + b"no more of it")
    put(folder / "3", packed + b"\0" * 512 if pack is gzip.compress else packed)
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, folder)
    shop.expect_error("START PIPELINE feed FOREGROUND",
                      f'"feed": file "{folder}/2" cannot be read to its end')
    kept = shop.rows("SELECT a FROM t ORDER BY a")
    assert kept == [(number,) for number in [*range(20), 100, 101, 102]]
    shop.execute(f"ALTER PIPELINE feed DROP FILE '{folder}/2'")
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.value("SELECT count(*) FROM t") == len(kept) + 10


def test_a_foreground_start_loads_a_file_that_was_just_written(shop, folder):
    (folder / "now.csv").write_bytes(lines(0, 3))
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    make_feed(shop, folder)
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.value("SELECT count(*) FROM t") == 3


def test_a_folder_that_is_missing_is_said_and_waited_for(shop, folder):
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    for path in (folder / "none" / "*.csv", folder / "none.csv", folder / "none"):
        make_feed(shop, path)
        shop.expect_error("START PIPELINE feed",
                          "none.*\" cannot be read: No such file or directory")
        assert streams.state_of(shop, "feed") == "Error"
        if path.name != "none":
            shop.execute("DROP PIPELINE feed")
    (folder / "none").mkdir()
    shop.execute("START PIPELINE feed")
    (folder / "none").rmdir()
    streams.wait_for_error(shop, "feed", "none\" cannot be read")
    (folder / "none").mkdir()
    put(folder / "none" / "1.csv", lines(0, 3))
    shop.wait_until("SELECT count(*) FROM t", 3)


def test_what_has_no_meaning_for_files_is_refused(shop, folder):
    shop.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    shop.expect_error(f"CREATE PIPELINE feed AS LOAD DATA FS '{folder}' INTO TABLE t "
                      "FORMAT AVRO SCHEMA REGISTRY 'h:1' (a <- a)", "means nothing")
    shop.expect_error(f"CREATE PIPELINE feed AS LOAD DATA FS '{folder}' "
                      "CONFIG '{\"client.id\": \"x\"}' INTO TABLE t", "means nothing")


def container(rows, codec="null", more_fields=(), block_rows=50):
    """An Avro container file as fastavro writes it, in several blocks."""
    fields = [{"name": "a", "type": "long"}, {"name": "b", "type": ["null", "string"]}]
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema({"type": "record", "name": "r",
                                                "fields": [*fields, *more_fields]}),
                    rows, codec=codec, sync_interval=block_rows * 6)
    return out.getvalue()


def avro_rows(first, count, **more):
    return [{"a": number, "b": None if number % 10 == 0 else f"w{number}", **more}
            for number in range(first, first + count)]


def make_avro_feed(session, folder, more="", schema=""):
    session.execute("CREATE TABLE t (a BIGINT, b VARCHAR, f VARCHAR)")
    make_feed(session, folder, more, f"FORMAT AVRO (a <- a, b <- b) {schema} "
              "SET f = pipeline_source_file()")


def test_avro_containers_of_every_codec_are_loaded_once(make_server, folder):
    """Block by block, with a crash in between; files of other schemas beside one another."""
    codecs = ["null", "deflate", "zstandard", "snappy", "bzip2", "xz"]
    for number, codec in enumerate(codecs):
        more = number % 2 == 1
        put(folder / f"{number}.avro",
            container(avro_rows(500 * number, 500, **({"c": 1.5} if more else {})), codec,
                      [{"name": "c", "type": "double"}] if more else []))
    put(folder / "6.avro.gz", gzip.compress(container(avro_rows(3000, 500))))
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop")
    make_avro_feed(session, folder, "MAX_OFFSETS_PER_BATCH_PARTITION 3")
    server.restart(fault="store.commit.after:kill@6")
    session = server.connect(database="shop")
    session.error("START PIPELINE feed FOREGROUND")
    server.wait_for_exit()
    server.start()
    session = server.connect(database="shop")
    session.execute("START PIPELINE feed FOREGROUND")
    assert session.rows("SELECT count(*), count(DISTINCT a), min(a), max(a), count(b) FROM t") == [
        (3500, 3500, 0, 3499, 3150)]
    assert session.rows("SELECT count(*) FROM t WHERE b <> 'w' || a") == [(0,)]
    assert session.rows("SELECT f, count(*) FROM t GROUP BY 1 ORDER BY 1") == [
        (f"{folder}/{number}.avro{'.gz' if number == 6 else ''}", 500) for number in range(7)]
    assert session.value("SELECT count(*) FROM millrace.batches") > 10
    assert session.value("SELECT count(*) FROM millrace.rejects") == 0


def test_damaged_avro_containers_cost_their_rest_and_no_other(shop, folder):
    whole = container(avro_rows(0, 200))
    put(folder / "1.avro", whole[:-30])  # its last block is cut
    put(folder / "2.avro", b"not an Avro file at all")
    put(folder / "3.avro", container(avro_rows(1000, 20)))
    put(folder / "4.avro", container(avro_rows(2000, 20)).replace(b"\x08null", b"\x08lzo9"))
    # The last byte of the sum behind a block of snappy, then the file's mark.
    summed = container(avro_rows(3000, 20), "snappy")
    put(folder / "5.avro", summed[:-17] + bytes([summed[-17] ^ 1]) + summed[-16:])
    make_avro_feed(shop, folder)
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT count(*) FROM t WHERE a BETWEEN 1000 AND 2999") == [(20,)]
    kept = shop.value("SELECT count(*) FROM t WHERE a < 1000")
    assert 100 < kept < 200 and kept == shop.value("SELECT max(a) + 1 FROM t WHERE a < 1000")
    assert [row[0] for row in shop.rows("SELECT detail FROM millrace.rejects ORDER BY "
                                        "source_offset")] == [
        "a block of the file is damaged or cut", "not an Avro container file",
        'the codec "lzo9" is not known; these are: null, deflate, snappy, zstandard, bzip2, xz',
        "a block's snappy data are damaged"]
    assert [state for _, state in states(shop)] == ["Loaded"] * 5


def test_a_table_is_not_taken_from_a_pipeline_that_runs(shop, folder):
    shop.execute("CREATE TABLE t (a INT, b INT); CREATE TABLE bad (a INT)")
    shop.execute(f"CREATE PIPELINE feed AS LOAD DATA FS '{folder}' INTO TABLE t "
                 "FIELDS TERMINATED BY ',' REJECTS INTO TABLE refused (a, b)")
    shop.execute("START PIPELINE feed")
    for statement, table in [("DROP TABLE t", "t"), ("DROP TABLE IF EXISTS bad, shop.t", "t"),
                             ("RENAME TABLE t TO u", "t"), ("ALTER TABLE t DROP COLUMN b", "t"),
                             ("ALTER TABLE t CHANGE b c INT", "t"),
                             ("DROP TABLE refused", "refused"),
                             ("CREATE OR REPLACE TABLE t (a INT)", "t"),
                             ("CREATE OR REPLACE TABLE t AS SELECT 1 AS a", "t")]:
        shop.expect_error(
            statement, f'pipeline "shop"."feed" runs and writes into table "shop"."{table}"'
            ".*STOP PIPELINE feed")
    # What it does not mind is done, and it goes on.
    shop.execute("TRUNCATE TABLE t; ALTER TABLE t ADD COLUMN c INT, MODIFY a BIGINT")
    put(folder / "a.csv", b"1,2\n")
    streams.wait_for_messages(shop, "feed", 1)
    assert shop.rows("SELECT * FROM t") == [(1, 2, None)]
    shop.execute("STOP PIPELINE feed; DROP TABLE bad; DROP TABLE t")


def test_a_database_is_not_taken_from_a_pipeline_that_runs(shop, folder):
    shop.execute("CREATE DATABASE kept; CREATE TABLE kept.t (a INT)")
    shop.execute(f"CREATE PIPELINE feed AS LOAD DATA FS '{folder}' INTO TABLE kept.t")
    shop.execute("START PIPELINE feed")
    shop.expect_error("DROP DATABASE kept", 'holds a table that pipeline "shop"."feed" writes into')
    shop.execute("STOP PIPELINE feed; DROP DATABASE kept")
