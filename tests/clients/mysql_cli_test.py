"""The mysql command line (MariaDB's, as Debian has it) against the server."""

import os
import pty
import select
import shutil
import signal
import subprocess
import time

import pytest

CLIENT = shutil.which("mysql") or shutil.which("mariadb")


def command(server, *arguments):
    assert CLIENT, "run tools/bootstrap --for test"
    host, port = server.mysql
    return [CLIENT, "--no-defaults", f"--host={host}", f"--port={port}", "--protocol=tcp",
            "--user=root", *arguments]


def run(server, sql, *arguments):
    return subprocess.run(command(server, *arguments), input=sql, text=True, capture_output=True,
                          timeout=240, env={**os.environ, "MYSQL_PWD": ""})


def test_rows_come_as_text(server):
    ran = run(server, "SELECT 1 AS a, 'x' AS b, NULL AS c; SELECT 2;", "--batch")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "a\tb\tc\n1\tx\tNULL\n2\n2\n"


@pytest.mark.parametrize("plugin", ["caching_sha2_password", "mysql_native_password"])
def test_a_password_opens_and_another_does_not(make_server, plugin):
    server = make_server().start(arguments=["--auth-plugin", plugin])
    assert run(server, "SET PASSWORD = 'sesame';").returncode == 0
    assert run(server, "SELECT 1;", "--password=sesame").returncode == 0
    refused = run(server, "SELECT 1;", "--password=Sesame")
    assert refused.returncode == 1
    assert "ERROR 1045 (28000)" in refused.stderr


def test_an_error_has_number_state_and_words(server):
    ran = run(server, "SELECT * FROM nowhere;")
    assert ran.returncode == 1
    assert "ERROR 1146 (42S02)" in ran.stderr and "nowhere" in ran.stderr


def test_names_are_completed_from_the_field_list(server):
    """With a terminal and a database the client asks for every table's columns (COM_FIELD_LIST)."""
    run(server, "CREATE DATABASE shop; CREATE TABLE shop.t (a INT, b VARCHAR);")
    ran = run(server, "SELECT 1;", "--auto-rehash", "--database=shop", "--batch")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "1\n1\n"


def test_status_and_ping_are_answered(server):
    ran = run(server, "status\n", "--batch")
    assert ran.returncode == 0, ran.stderr
    assert "8.0.36-millrace" in ran.stdout


def test_ctrl_c_ends_the_query_and_the_client_goes_on(server):
    watch = server.connect()
    leader, follower = pty.openpty()
    client = subprocess.Popen(command(server, "--unbuffered"), stdin=follower, stdout=follower,
                              stderr=follower, start_new_session=True)
    os.close(follower)
    terminal = Terminal(leader)
    try:
        terminal.read_until(b"> ")
        os.write(leader, b"SELECT count(*) FROM range(100000000000) a(i) WHERE i % 7 = 8;\n")
        watch.wait_until("SHOW PROCESSLIST",
                         lambda rows: any("range(100" in str(row) for row in rows))
        client.send_signal(signal.SIGINT)
        terminal.read_until(b"ERROR 1317")
        assert b"70100" in terminal.read_until(b"> ")
        os.write(leader, b"SELECT 40 + 2 AS answer;\n")
        assert b"42" in terminal.read_until(b"1 row in set")
    finally:
        client.kill()
        client.wait()
        os.close(leader)


class Terminal:
    """What a program writes to a terminal, up to one word after another."""

    def __init__(self, leader):
        self.leader = leader
        self.unread = b""

    def read_until(self, word, seconds=240):
        end = time.monotonic() + seconds
        while word not in self.unread:
            ready, _, _ = select.select([self.leader], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {word!r} in {seconds} s; the client said {self.unread!r}"
            part = os.read(self.leader, 65536)
            assert part, f"the client ended; it said {self.unread!r}"
            self.unread += part
        end = self.unread.index(word) + len(word)
        seen, self.unread = self.unread[:end], self.unread[end:]
        return seen


DUMP = shutil.which("mariadb-dump") or shutil.which("mysqldump")


def test_a_dump_makes_the_database_again(server):
    made = run(server, "CREATE DATABASE shop; USE shop;"
               "CREATE TABLE item (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL,"
               " price DECIMAL(10, 2) DEFAULT 1.5, bytes BLOB, at DATETIME(6), flag BOOLEAN,"
               " UNIQUE KEY by_name (name));"
               "INSERT INTO item VALUES"
               " (1, 'it''s', 2.25, x'00ff5c27', '2026-11-26 10:00:00.5', 1),"
               " (7, 'line\\nbreak', NULL, NULL, NULL, NULL);"
               "CREATE TABLE empty_one (a INT); CREATE VIEW names AS SELECT name FROM item;")
    assert made.returncode == 0, made.stderr
    host, port = server.mysql
    dumped = subprocess.run([DUMP, "--no-defaults", f"--host={host}", f"--port={port}",
                             "--protocol=tcp", "--user=root", "--hex-blob", "shop"],
                            capture_output=True, timeout=240, text=True)
    assert dumped.returncode == 0, dumped.stderr
    assert run(server, "CREATE DATABASE again;").returncode == 0
    loaded = run(server, dumped.stdout, "again")
    assert loaded.returncode == 0, loaded.stderr
    asked = ("SELECT id, name, price, HEX(bytes), at, flag FROM item ORDER BY id;"
             "SELECT * FROM empty_one; SELECT * FROM names ORDER BY 1;")
    rows = {database: run(server, asked, database).stdout for database in ("shop", "again")}
    assert rows["shop"] == rows["again"] and "line" in rows["again"]
    taken = run(server, "INSERT INTO item (name) VALUES ('it''s');", "again")
    assert "ERROR 1062" in taken.stderr
