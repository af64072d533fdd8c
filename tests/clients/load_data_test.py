"""LOAD DATA [LOCAL] INFILE: files of clients through the drivers that give them, what becomes of
good and bad rows, and who may not."""

import gzip
import os
import random
import shutil
import socket
import struct
import subprocess

import mysql.connector
import pymysql
import pytest
from lib import places

CLIENT = shutil.which("mysql") or shutil.which("mariadb")


def connect(server, user="root", password="", **options):
    host, port = server.mysql
    options.setdefault("local_infile", True)
    return pymysql.connect(host=host, port=port, user=user, password=password, autocommit=True,
                           connect_timeout=120, read_timeout=240, **options)


def run(session, statement):
    with session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def load(session, path, rest="", *, before=""):
    """The OK's counts: rows changed and its info."""
    session.query(f"LOAD DATA LOCAL INFILE '{path}' {before} INTO TABLE shop.t {rest}")
    message = session._result.message  # with the byte of its length
    assert message[0] == len(message) - 1
    return session.affected_rows(), message[1:].decode()


def refusal(session, statement):
    with pytest.raises(pymysql.err.Error) as refused:
        run(session, statement)
    return refused.value.args


@pytest.fixture
def shop(make_server):
    server = make_server().start(arguments=["--local-infile"])
    server.connect().execute("CREATE DATABASE shop")
    return server


@pytest.fixture
def session(shop):
    with connect(shop) as made:
        yield made


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "rows.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return write


CSV = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"'"


def test_values_arrive_as_mysql_reads_them(session, write):
    run(session, "CREATE TABLE shop.t (id INT, name TEXT, price DECIMAL(10, 2), day DATE,"
                 " n DOUBLE)")
    path = write("1\tann\t1.50\t2026-11-23\t0.5\n"
                 "2\ttab\\\tand\\nline\t-2\t\\N\t\\N\n"
                 "3\t\t\\N\t2026-01-01\t1e3\n")
    assert load(session, path) == (3, "Records: 3  Deleted: 0  Skipped: 0  Warnings: 0")
    rows = run(session, "SELECT id, name, CAST(price AS CHAR), CAST(day AS CHAR), n FROM shop.t "
                        "ORDER BY id")
    assert rows == ((1, "ann", "1.50", "2026-11-23", 0.5),
                    (2, "tab\tand\nline", "-2.00", None, None),
                    (3, "", None, "2026-01-01", 1000.0))


def test_clauses_say_how_lines_are_read(session, write):
    run(session, "CREATE TABLE shop.t (id INT, name TEXT, twice INT, note TEXT DEFAULT 'none')")
    path = write('id,name,x\r\n1,"a, ""b""",5\r\n2,"two\r\nlines",6\r\n')
    assert load(session, path, f"CHARACTER SET utf8mb4 {CSV} LINES TERMINATED BY '\\r\\n' "
                "IGNORE 1 LINES (id, name, @x) SET twice = CAST(@x AS INT) * 2") == (
        2, "Records: 2  Deleted: 0  Skipped: 0  Warnings: 0")
    assert run(session, "SELECT * FROM shop.t ORDER BY id") == (
        (1, 'a, "b"', 10, "none"), (2, "two\r\nlines", 12, "none"))
    run(session, "DELETE FROM shop.t")
    path = write("xxx>>7|seven;noise;>>8|eight;")
    assert load(session, path, "COLUMNS TERMINATED BY '|' LINES STARTING BY '>>' TERMINATED BY ';' "
                "(id, name)")[0] == 2
    assert run(session, "SELECT id, name FROM shop.t ORDER BY id") == ((7, "seven"), (8, "eight"))


def test_latin1_becomes_utf8(session, write):
    run(session, "CREATE TABLE shop.t (id INT, name TEXT)")
    path = write("1\u00a7m\u00fcller \u20ac\u00b62\u00a7\u0178\u00b6".encode("cp1252"))
    rest = "COLUMNS TERMINATED BY '\u00a7' LINES TERMINATED BY '\u00b6'"
    assert load(session, path, f"CHARACTER SET latin1 {rest}")[0] == 2
    assert run(session, "SELECT id, name FROM shop.t ORDER BY id") == (
        (1, "m\u00fcller \u20ac"), (2, "\u0178"))
    assert "Text is utf8mb4 (or utf8, ascii, binary), or latin1" in str(refusal(
        session, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t CHARACTER SET koi8r"))
    for name in ("utf8mb4", "utf8", "utf8mb3", "'binary'", "ascii"):
        assert load(session, write(b"3\tx"), f"CHARACTER SET {name}")[0] == 1
    assert "not valid UTF-8" in str(refusal(
        session, f"LOAD DATA LOCAL INFILE '{write(b'3' + bytes([9, 0xfc]))}' INTO TABLE shop.t "
                 "CHARACTER SET binary"))


def test_an_empty_line_is_a_row_of_one_column(session, write):
    run(session, "CREATE TABLE shop.t (name TEXT)")
    assert load(session, write("a\n\nb"))[0] == 3
    assert run(session, "SELECT name FROM shop.t") == (("a",), ("",), ("b",))


def test_a_bad_row_ends_it_all_and_says_where(session, write):
    run(session, "CREATE TABLE shop.t (id INT, age INT NOT NULL)")
    run(session, "INSERT INTO shop.t VALUES (0, 0)")
    many = "".join(f"{i},{i}\n" for i in range(1, 200_000))
    for bad, word in (("x,1", '"id"'), ("1", "fields"), ("1,2,3", "fields"), ("7,\\N", '"age"')):
        path = write(many + bad + "\n" + many)
        error = refusal(session, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t {CSV}")
        assert error[0] == 1366 and "row 200000" in error[1] and word in error[1], error
        # The rest of the file was read and thrown away: the connection goes on.
        assert run(session, "SELECT count(*) FROM shop.t") == ((1,),)


def test_ignore_leaves_out_bad_rows_and_taken_keys(session, write):
    run(session, "CREATE TABLE shop.t (id INT PRIMARY KEY, age INT NOT NULL, at TIME)")
    run(session, "INSERT INTO shop.t VALUES (1, 10, NULL)")
    path = write("1,11,\\N\n2,20,10:00:00\nx,1,\\N\n3,\\N,\\N\n4,40,nonsense\n2,21,\\N\n5,50,\\N\n")
    assert load(session, path, CSV, before="IGNORE") == (
        2, "Records: 7  Deleted: 0  Skipped: 5  Warnings: 5")
    assert run(session, "SELECT id, age FROM shop.t ORDER BY id") == ((1, 10), (2, 20), (5, 50))
    load(session, path, CSV, before="IGNORE")
    warnings = run(session, "SHOW WARNINGS")
    assert [code for _, code, _ in warnings] == [1366, 1366, 1366, 1062]
    assert sorted(text.split(":")[0] for _, _, text in warnings[:3]) == ["row 3", "row 4", "row 5"]
    path = write("6,60,\\N\n1,1,\\N\n")
    error = refusal(session, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t {CSV}")
    assert error[0] == 1062 and "rows 1 to 2" in error[1]
    assert run(session, "SELECT count(*) FROM shop.t") == ((3,),)


def test_replace_counts_what_it_took_the_place_of(session, write):
    run(session, "CREATE TABLE shop.t (id INT PRIMARY KEY, age INT)")
    run(session, "INSERT INTO shop.t VALUES (1, 10), (2, 20)")
    assert load(session, write("1,11\n3,30\n3,31\n"), CSV, before="REPLACE") == (
        5, "Records: 3  Deleted: 2  Skipped: 0  Warnings: 0")
    assert run(session, "SELECT * FROM shop.t ORDER BY id") == ((1, 11), (2, 20), (3, 31))


def test_numbers_are_made_where_the_file_has_none(session, write):
    run(session, "CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, name TEXT)")
    assert load(session, write("\\N,a\n0,b\n10,c\n"), CSV)[0] == 3
    assert load(session, write("d\ne\n"), "(name)")[0] == 2
    rows = run(session, "SELECT name, id FROM shop.t ORDER BY name")
    assert [name for name, _ in rows] == list("abcde")
    assert dict(rows)["c"] == 10 and len({id for _, id in rows}) == 5


def test_it_is_part_of_the_transaction_that_is_open(session, write):
    run(session, "CREATE TABLE shop.t (id INT)")
    path = write("1\n2\n")
    run(session, "BEGIN")
    load(session, path)
    assert run(session, "SELECT count(*) FROM shop.t") == ((2,),)
    run(session, "ROLLBACK")
    assert run(session, "SELECT count(*) FROM shop.t") == ((0,),)
    run(session, "BEGIN")
    load(session, path)
    run(session, "INSERT INTO shop.t VALUES (3)")
    run(session, "COMMIT")
    assert run(session, "SELECT count(*) FROM shop.t") == ((3,),)


def test_it_stands_among_other_statements(shop, write):
    path = write("1\n2\n")
    flag = pymysql.constants.CLIENT.MULTI_STATEMENTS
    with connect(shop, client_flag=flag) as session:
        run(session, "CREATE TABLE shop.t (id INT)")
        with session.cursor() as cursor:
            cursor.execute(f"SELECT 1; LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t;"
                           "SELECT count(*) FROM shop.t")
            assert cursor.fetchall() == ((1,),)
            assert cursor.nextset() and cursor.rowcount == 2
            assert cursor.nextset() and cursor.fetchall() == ((2,),)


def test_it_is_off_unless_both_sides_have_it_on(server, write):
    path = write("1\n")
    statement = f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t"
    with connect(server) as session:
        run(session, "CREATE DATABASE shop")
        run(session, "CREATE TABLE shop.t (id INT)")
        assert run(session, "SELECT @@local_infile") == ((0,),)
        assert "local_infile" in refusal(session, statement)[1]
        run(session, "SET GLOBAL local_infile = ON")
        assert run(session, "SHOW VARIABLES LIKE 'local_infile'") == (("local_infile", "ON"),)
        assert "local_infile" in refusal(session, statement)[1]  # connected before
    with connect(server) as session:
        run(session, statement)
    with connect(server, local_infile=False) as session:
        assert "local_infile" in refusal(session, statement)[1]
        assert run(session, "SELECT count(*) FROM shop.t") == ((1,),)
        run(session, "SET GLOBAL local_infile = DEFAULT")
    with connect(server) as session:
        assert "local_infile" in refusal(session, statement)[1]


def test_a_file_that_is_not_there_is_an_empty_one(session):
    run(session, "CREATE TABLE shop.t (id INT)")
    with pytest.raises(pymysql.err.OperationalError) as refused:
        run(session, "LOAD DATA LOCAL INFILE '/nowhere' INTO TABLE shop.t")
    assert refused.value.args[0] == 1017
    assert run(session, "SELECT count(*) FROM shop.t") == ((0,),)


def test_rights_are_those_of_an_insert(shop, session, write):
    run(session, "CREATE TABLE shop.t (id INT PRIMARY KEY)")
    run(session, "CREATE USER u IDENTIFIED BY 'p'")
    path = write("1\n")
    local = f"LOAD DATA LOCAL INFILE '{path}'"
    with connect(shop, "u", "p") as user:
        assert refusal(user, f"{local} INTO TABLE shop.t")[0] == 1142
        run(session, "GRANT INSERT ON shop.t TO u")
        run(user, f"{local} INTO TABLE shop.t")
        assert refusal(user, f"{local} REPLACE INTO TABLE shop.t")[0] == 1142
        run(session, "GRANT DELETE ON shop.t TO u")
        run(user, f"{local} REPLACE INTO TABLE shop.t")
        assert refusal(user, f"{local} INTO TABLE shop.t (@x) SET id = (SELECT 5)")[0] == 1227
        assert refusal(user, f"LOAD DATA INFILE '{path}' INTO TABLE shop.t")[0] == 1227
        assert refusal(user, "SET GLOBAL local_infile = OFF")[0] == 1227
        assert refusal(user, f"{local} INTO TABLE millrace.models")[0] in (1142, 1044)
    assert refusal(session, f"{local} INTO TABLE millrace_internal.settings")[0] == 1142


def test_a_file_of_the_servers_is_for_admins(make_server, write):
    path = write(gzip.compress(b"1\n2\n"))
    server = make_server().start()
    with connect(server, local_infile=False) as session:
        run(session, "CREATE DATABASE shop")
        run(session, "CREATE TABLE shop.t (id INT)")
        run(session, f"LOAD DATA INFILE '{path}' INTO TABLE shop.t")
        assert run(session, "SELECT count(*) FROM shop.t") == ((2,),)
        assert refusal(session, "LOAD DATA INFILE '/nowhere' INTO TABLE shop.t")[0] == 1146
    server.restart(arguments=["--no-file-access"])
    with connect(server, local_infile=False) as session:
        error = refusal(session, f"LOAD DATA INFILE '{path}' INTO TABLE shop.t")
        assert "--no-file-access" in error[1]


def test_it_cannot_be_prepared(shop):
    host, port = shop.mysql
    with mysql.connector.connect(host=host, port=port, user="root", allow_local_infile=True) as one:
        cursor = one.cursor(prepared=True)
        with pytest.raises(mysql.connector.errors.Error) as refused:
            cursor.execute("LOAD DATA LOCAL INFILE 'x' INTO TABLE shop.t")
        assert refused.value.errno == 1235


# --- How the packets come -------------------------------------------------------------------------

class Raw:
    """The protocol by hand, without TLS: packets of any size, or half of one."""

    def __init__(self, server):
        self.socket = socket.create_connection(server.mysql, timeout=240)
        _, greeting = self.read()
        assert struct.unpack_from("<H", greeting, greeting.index(0, 1) + 14)[0] & 128
        flags = 1 | 128 | 512 | 32768 | 65536 | 524288
        self.write(1, struct.pack("<IIB23x", flags, 1 << 24, 45) + b"root\0\0" +
                   b"mysql_native_password\0")
        sequence, answer = self.read()
        if answer[0] == 0xfe:
            self.write(sequence + 1, b"")
            sequence, answer = self.read()
        assert answer[0] == 0, answer

    def write(self, sequence, payload):
        self.socket.sendall(struct.pack("<I", len(payload) | (sequence % 256) << 24) + payload)

    def read(self):
        header = self.exactly(4)
        return header[3], self.exactly(int.from_bytes(header[:3], "little"))

    def exactly(self, size):
        got = b""
        while len(got) < size:
            more = self.socket.recv(size - len(got))
            if not more:
                raise EOFError
            got += more
        return got

    def ask(self, statement):
        self.write(0, b"\x03" + statement.encode())
        return self.read()


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_packets_may_have_any_size(shop, session, size):
    run(session, "CREATE TABLE shop.t (id INT, name TEXT)")
    rows = 300 if size == 1 else 5000
    text = "".join(f'{i},"name {i}, quoted\n"\n' for i in range(rows)).encode()
    raw = Raw(shop)
    sequence, request = raw.ask(f"LOAD DATA LOCAL INFILE 'any name' INTO TABLE shop.t {CSV}")
    assert request == b"\xfbany name"
    for at in range(0, len(text), size):
        sequence += 1
        raw.write(sequence, text[at:at + size])
    raw.write(sequence + 1, b"")
    assert raw.read()[1][0] == 0
    assert run(session, "SELECT count(*), count(DISTINCT name) FROM shop.t") == ((rows, rows),)


def test_a_client_that_goes_half_way_leaves_nothing(shop, session):
    run(session, "CREATE TABLE shop.t (id INT)")
    connections = "SELECT count(*) FROM information_schema.PROCESSLIST"
    before = run(session, connections)
    for end in ("hang up", "half a packet", "out of order"):
        raw = Raw(shop)
        sequence, _ = raw.ask("LOAD DATA LOCAL INFILE 'x' INTO TABLE shop.t")
        raw.write(sequence + 1, b"1\n2\n")
        if end == "half a packet":
            raw.socket.sendall(struct.pack("<I", 100 | (sequence + 2) << 24) + b"3\n")
        if end == "out of order":
            raw.write(sequence + 5, b"3\n")
            answer = raw.read()[1]
            assert answer[0] == 0xff and struct.unpack_from("<H", answer, 1)[0] == 1156
            with pytest.raises(EOFError):
                raw.read()
        raw.socket.close()
    for _ in range(20_000):  # until the last of them is gone
        if run(session, connections) == before:
            break
    assert run(session, "SELECT count(*) FROM shop.t") == ((0,),)


# --- Other clients --------------------------------------------------------------------------------

@pytest.mark.parametrize("way", [[], ["--compress"], ["--ssl"]], ids=["plain", "zlib", "tls"])
def test_the_command_line_gives_its_files(shop, session, write, way):
    run(session, "CREATE TABLE shop.t (id INT, name TEXT)")
    digits = random.Random(5)
    path = write("".join(f"{i}\t{digits.random()}\n" for i in range(100_000)))
    host, port = shop.mysql
    ran = subprocess.run([CLIENT, "--no-defaults", f"--host={host}", f"--port={port}",
                          "--protocol=tcp", "--user=root", "--local-infile=1", "-vv", *way, "-e",
                          f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t"], text=True,
                         capture_output=True, timeout=240, env={**os.environ, "MYSQL_PWD": ""})
    assert ran.returncode == 0, ran.stderr
    assert "Records: 100000  Deleted: 0  Skipped: 0  Warnings: 0" in ran.stdout
    assert run(session, "SELECT count(*), sum(id) FROM shop.t") == ((100_000, 4_999_950_000),)


def test_connector_python_gives_its_files(shop, session, write):
    run(session, "CREATE TABLE shop.t (id INT)")
    path = write("1\n2\n")
    host, port = shop.mysql
    with mysql.connector.connect(host=host, port=port, user="root", allow_local_infile=True) as one:
        cursor = one.cursor()
        cursor.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t")
        assert cursor.rowcount == 2
        one.commit()
    assert run(session, "SELECT count(*) FROM shop.t") == ((2,),)


def test_our_own_shell_gives_its_files_when_it_is_told_to(shop, session, write):
    run(session, "CREATE TABLE shop.t (id INT)")
    path = write("1\n2\n")
    statement = f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE shop.t"
    command = [places.millrace_binary(), "sql", "--server", "{}:{}".format(*shop.mysql)]
    refused = subprocess.run([*command, statement], text=True, capture_output=True, timeout=240)
    assert refused.returncode == 1 and "local-infile" in refused.stderr
    ran = subprocess.run([*command, "--local-infile", statement], text=True, capture_output=True,
                         timeout=240)
    assert ran.returncode == 0, ran.stderr
    missing = subprocess.run([*command, "--local-infile", "LOAD DATA LOCAL INFILE '/nowhere' INTO "
                              "TABLE shop.t"], text=True, capture_output=True, timeout=240)
    assert missing.returncode == 1 and "/nowhere" in missing.stderr
    assert run(session, "SELECT count(*) FROM shop.t") == ((2,),)
