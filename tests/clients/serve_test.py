"""`millrace serve` and `millrace sql` as an operator meets them."""

import socket
import subprocess
import urllib.error
import urllib.request

import pymysql
import pytest
from lib import places, process


def millrace(*arguments, text_in=None, timeout=240):
    return subprocess.run([places.millrace_binary(), *map(str, arguments)], input=text_in,
                          text=True, capture_output=True, timeout=timeout)


def sql(server, *arguments, text_in=None):
    host, port = server.mysql
    return millrace("sql", "--server", f"{host}:{port}", *arguments, text_in=text_in)


def test_sigterm_ends_it_cleanly_with_clients_connected(server):
    session = server.connect()
    session.execute("CREATE DATABASE shop; CREATE TABLE shop.t (a INT)")
    session.execute("INSERT INTO shop.t VALUES (1)")
    assert server.terminate() == 0
    server.start()
    assert server.connect().rows("SELECT a FROM shop.t") == [(1,)]


def test_sigterm_interrupts_a_running_statement(server):
    busy = server.connect()
    busy.connection._execute_command(
        3, "SELECT count(*) FROM range(100000000000) a(i) WHERE i % 7 = 8")
    server.connect().wait_until("SHOW PROCESSLIST",
                                lambda rows: any("range(100" in str(row) for row in rows))
    assert server.terminate() == 0


def test_a_second_process_on_the_same_folder_is_refused(server):
    ran = millrace("serve", "--data", server.data, "--mysql-listen", "127.0.0.1:0",
                   "--http-listen", "127.0.0.1:0")
    assert ran.returncode == 1
    assert str(server.process.pid) in ran.stderr
    assert ran.stdout == ""
    assert server.connect().value("SELECT 1") == 1


def test_beyond_the_loopback_it_wants_a_password_first(make_server):
    server = make_server().start()
    server.terminate()
    arguments = ("serve", "--data", server.data, "--http-listen", "127.0.0.1:0", "--mysql-listen",
                 "0.0.0.0:0")
    refused = millrace(*arguments)
    assert refused.returncode == 1
    assert "has no password" in refused.stderr and "SET PASSWORD" in refused.stderr
    server.start()
    server.connect().execute("SET PASSWORD = 'sesame'")
    server.terminate()
    allowed = process.start([places.millrace_binary(), *arguments])
    try:
        line = process.read_line_starting(allowed, "ready ", 240)
        port = int(line.split("mysql=0.0.0.0:")[1].split()[0])
        with pytest.raises(pymysql.err.OperationalError):
            pymysql.connect(host="127.0.0.1", port=port, user="root")
        pymysql.connect(host="127.0.0.1", port=port, user="root", password="sesame").close()
    finally:
        allowed.terminate()
        allowed.wait(240)


def test_a_taken_port_is_said(server):
    host, port = server.mysql
    ran = millrace("serve", "--data", server.folder / "other", "--mysql-listen", f"{host}:{port}",
                   "--http-listen", "127.0.0.1:0")
    assert ran.returncode == 1
    assert f"cannot listen on {host}:{port}" in ran.stderr


def test_health_is_told_over_http(server):
    base = "http://{}:{}".format(*server.http)
    assert urllib.request.urlopen(f"{base}/healthz", timeout=240).read() == b"ok\n"
    assert urllib.request.urlopen(f"{base}/readyz", timeout=240).read() == b"ready\n"
    assert b"millrace" in urllib.request.urlopen(f"{base}/", timeout=240).read()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{base}/nothing", timeout=240)


def test_settings_come_from_a_file_and_the_command_line_wins(make_server, tmp_path):
    config = tmp_path / "millrace.toml"
    config.write_text('connections_max = 1\nmysql_listen = "127.0.0.1:1"\n')
    server = make_server().start(arguments=["--config", config])
    assert server.mysql[1] != 1
    first = server.connect()
    assert first.value("SELECT 1") == 1
    with pytest.raises(pymysql.err.OperationalError, match="Too many connections"):
        server.connect()
    config.write_text("conections_max = 1\n")
    wrong = millrace("serve", "--data", server.folder / "other", "--config", config)
    assert wrong.returncode == 2
    assert 'setting "conections_max" does not exist' in wrong.stderr
    assert "Did you mean connections_max?" in wrong.stderr


def test_an_unknown_fault_point_is_an_error_at_start(make_server):
    server = make_server()
    server.launch(fault="store.comit.before:kill@1")
    assert server.wait_for_exit() == 2
    assert "store.commit.before" in server.log_tail()


def test_noise_on_the_port_is_survived(server):
    for noise in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000, bytes(range(256)) * 100):
        with socket.create_connection(server.mysql, timeout=240) as client:
            client.sendall(noise)
    assert server.connect().value("SELECT 1") == 1


def test_sql_runs_statements_and_scripts(server):
    ran = sql(server, "SELECT 1 AS a, NULL AS b; SELECT 'x' AS c")
    assert (ran.returncode, ran.stdout) == (0, "a\tb\n1\tNULL\nc\nx\n")
    ran = sql(server, "--format", "table", text_in="CREATE DATABASE d;\nSELECT 12 AS n;\n")
    assert ran.returncode == 0, ran.stderr
    assert "| 12 |" in ran.stdout


def test_sql_fails_with_the_servers_words(server):
    ran = sql(server, "SELECT * FROM nowhere")
    assert ran.returncode == 1
    assert ran.stderr.startswith("ERROR 1146 (42S02)")
    server.connect().execute("SET PASSWORD = 'sesame'")
    assert sql(server, "SELECT 1").returncode == 1
    assert sql(server, "--password", "sesame", "SELECT 1").returncode == 0


def test_help_and_version_are_there():
    assert "serve" in millrace("--help").stdout
    assert millrace("--version").stdout.startswith("millrace ")
    assert millrace("serv").returncode == 2


def test_results_are_csv_or_json_for_programs(server):
    statement = ("SELECT 1 AS n, 'a,\"b\"' AS t, NULL AS nothing, '' AS empty, "
                 "'Infinity'::DOUBLE AS inf, 1.50 AS price")
    assert sql(server, "--csv", statement).stdout == (
        'n,t,nothing,empty,inf,price\n1,"a,""b""",,"",Infinity,1.50\n')
    assert sql(server, "--json", statement).stdout == (
        '{"n":1,"t":"a,\\"b\\"","nothing":null,"empty":"","inf":"Infinity","price":1.50}\n')


def test_slow_and_half_open_clients_hold_up_nobody(make_server, tmp_path):
    server = make_server().start(arguments=["--threads-max", "1"])
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t AS SELECT i, repeat('x', 1000) "
                    "AS text FROM range(40000) r(i); CREATE TABLE fed (i BIGINT)")
    slow = [server.connect(database="shop") for _ in range(6)]
    for reader in slow:  # they ask for 40 MB and take nothing
        reader.connection._execute_command(3, "SELECT * FROM t")
    silent = [socket.create_connection(server.mysql) for _ in range(6)]
    for number, client in enumerate(silent):  # half a login, or not even that
        client.sendall(b"\x20\x00\x00\x01\x85"[:number])
    half = server.connect()
    half.connection._sock.sendall(b"\xff\xff\x10\x00\x03SELECT")
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    (feeds / "first.csv").write_text("1\n2\n")
    session.execute(f"CREATE PIPELINE feed AS LOAD DATA FS '{feeds}/*.csv' INTO TABLE fed (i); "
                    "START PIPELINE feed")
    session.wait_until("SELECT count(*) FROM fed", 2)
    (feeds / "second.csv").write_text("3\n")
    session.wait_until("SELECT count(*) FROM fed", 3)
    session.execute("INSERT INTO t VALUES (-1, 'new'); ALTER TABLE fed ADD COLUMN later INT")
    assert session.value("SELECT count(*) FROM t") == 40001
    assert server.connect(database="shop").value("SELECT max(i) FROM fed") == 3
    # What a slow reader was promised, it gets.
    rows = slow[0].connection
    rows._read_query_result()
    assert len(rows._result.rows) == 40000
    assert server.terminate() == 0
