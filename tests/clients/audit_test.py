"""The audit log: who came, who did not get in, what changed, what was denied; and no secrets."""

import base64
import http.client
import json

import pymysql
import pytest


def connect(server, user, password):
    host, port = server.mysql
    return pymysql.connect(host=host, port=port, user=user, password=password, autocommit=True,
                           connect_timeout=120, read_timeout=240)


def events(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_it_has_what_happened_and_no_secrets(make_server, tmp_path):
    path = tmp_path / "audit.jsonl"
    arguments = ["--audit-log", str(path)]
    server = make_server().start(arguments=arguments)
    with connect(server, "root", "") as root, root.cursor() as cursor:
        cursor.execute("CREATE DATABASE d")
        cursor.execute("CREATE TABLE d.t (a VARCHAR(20) DEFAULT 'sesame')")
        cursor.execute("CREATE USER u IDENTIFIED BY 'sesame'")
        cursor.execute("GRANT SELECT ON d.t TO u")
        cursor.execute("INSERT INTO d.t VALUES ('sesame')")
    with connect(server, "u", "sesame") as session, session.cursor() as cursor:
        cursor.execute("SELECT * FROM d.t WHERE a = 'sesame'")
        with pytest.raises(pymysql.err.Error):
            cursor.execute("DELETE FROM d.t WHERE a = 'sesame'")
    with pytest.raises(pymysql.err.OperationalError):
        connect(server, "u", "open sesame")
    server.restart(arguments=arguments)
    connect(server, "u", "sesame").close()
    assert path.stat().st_mode & 0o077 == 0
    assert "sesame" not in path.read_text()
    told = [(event["event"], event["user"], event.get("statement", ""), event.get("error", 0))
            for event in events(path)]
    assert told == [
        ("login", "root", "", 0),
        ("ddl", "root", "CREATE DATABASE d", 0),
        ("ddl", "root", "CREATE TABLE d.t (a VARCHAR(20) DEFAULT '?')", 0),
        ("users", "root", "CREATE USER u IDENTIFIED BY '?'", 0),
        ("users", "root", "GRANT SELECT ON d.t TO u", 0),
        ("login", "u", "", 0),
        ("denied", "u", "DELETE FROM d.t WHERE a = '?'", 1142),
        ("login_failed", "u", "", 1045),
        ("login", "u", "", 0),
    ]
    for event in events(path):
        assert event["at"].endswith("Z") and event["host"].startswith("127.0.0.1:")
        assert event["connection"] > 0


def ask(server, authorization, connection=None):
    connection = connection or http.client.HTTPConnection(*server.http, timeout=240)
    connection.request("GET", "/api/v1/models", headers={"Authorization": authorization})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_it_has_who_came_over_http_once_a_connection(make_server, tmp_path):
    path = tmp_path / "audit.jsonl"
    server = make_server().start(arguments=["--audit-log", str(path)])
    with connect(server, "root", "") as root, root.cursor() as cursor:
        cursor.execute("CREATE USER u IDENTIFIED BY 'sesame'")
        cursor.execute("CREATE TOKEN robot FOR u")
        ((token,),) = cursor.fetchall()
        cursor.execute("DROP TOKEN robot FOR u")
        cursor.execute("CREATE TOKEN robot FOR u")
        ((robot,),) = cursor.fetchall()
    basic = "Basic " + base64.b64encode(b"u:sesame").decode()
    kept = http.client.HTTPConnection(*server.http, timeout=240)
    for _ in range(3):
        assert ask(server, basic, kept) == 200
    assert ask(server, f"Bearer {robot}") == 200
    assert ask(server, f"Bearer {token}") == 401
    told = [(event["event"], event["user"], event.get("statement", "")) for event in events(path)]
    assert told == [
        ("login", "root", ""),
        ("users", "root", "CREATE USER u IDENTIFIED BY '?'"),
        ("users", "root", "CREATE TOKEN robot FOR u"),
        ("users", "root", "DROP TOKEN robot FOR u"),
        ("users", "root", "CREATE TOKEN robot FOR u"),
        ("login", "u", ""), ("login", "u", ""), ("login_failed", "", ""),
    ]
    assert token not in path.read_text() and robot not in path.read_text()


def test_a_log_that_cannot_be_opened_stops_the_start(make_server, tmp_path):
    server = make_server()
    server.launch(arguments=["--audit-log", str(tmp_path / "nowhere" / "audit.jsonl")])
    assert server.wait_for_exit() == 1
    assert "could not open audit log" in server.log.read_text()


def test_after_many_wrong_passwords_the_right_one_still_opens(server):
    with connect(server, "root", "") as root, root.cursor() as cursor:
        cursor.execute("SET PASSWORD = 'sesame'")
    for _ in range(8):
        with pytest.raises(pymysql.err.OperationalError) as refused:
            connect(server, "root", "wrong")
        assert refused.value.args[0] == 1045
    connect(server, "root", "sesame").close()
