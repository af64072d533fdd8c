"""The limits of an account: each ends what goes beyond it, with an error that names it, and leaves
everything else alone. And the limit for everybody, --no-file-access."""

import base64
import json
import time
import urllib.error
import urllib.request

import pymysql
import pytest

from lib.sql import WAIT_TIMEOUT_S

LIMIT = 1226
ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b"


def connect(server, user="u", password="p"):
    host, port = server.mysql
    return pymysql.connect(host=host, port=port, user=user, password=password, autocommit=True,
                           connect_timeout=120, read_timeout=240)


def run(session, statement):
    with session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def refusal(session, statement):
    with pytest.raises(pymysql.err.Error) as refused:
        run(session, statement)
    return refused.value.args


@pytest.fixture
def root(server):
    with connect(server, "root", "") as session:
        run(session, "CREATE USER u IDENTIFIED BY 'p'")
        yield session


def test_connections_are_counted_over_mysql_and_http(server, root):
    run(root, "ALTER USER u WITH MAX_USER_CONNECTIONS 2")
    with connect(server) as first, connect(server):
        with pytest.raises(pymysql.err.OperationalError) as refused:
            connect(server)
        assert refused.value.args[0] == LIMIT
        assert "MAX_USER_CONNECTIONS" in refused.value.args[1]
        assert ask(server, "SELECT 1")[0] == 429
        assert run(first, "SELECT 1") == ((1,),)
        assert run(root, "SELECT 1") == ((1,),)
    run(root, "ALTER USER u WITH MAX_USER_CONNECTIONS 1")
    # Those that closed may take a moment to be gone.
    deadline = time.monotonic() + WAIT_TIMEOUT_S
    while True:
        try:
            connect(server).close()
            break
        except pymysql.err.OperationalError as error:
            assert error.args[0] == LIMIT and time.monotonic() < deadline


def test_a_statement_that_takes_too_long_is_ended(server, root):
    run(root, "ALTER USER u WITH MAX_QUERY_TIME 1")
    with connect(server) as session:
        code, text = refusal(session, ENDLESS)
        assert code == LIMIT and "MAX_QUERY_TIME" in text and '"u"' in text
        assert run(session, "SELECT 1") == ((1,),)
        run(root, "ALTER USER u WITH MAX_QUERY_TIME 0")
        assert run(session, "SELECT 2") == ((2,),)
    run(root, "ALTER USER u WITH MAX_QUERY_TIME 1")
    status, text = ask(server, ENDLESS)
    assert status == 429 and "MAX_QUERY_TIME" in text


def test_a_result_has_so_many_rows_and_bytes(server, root):
    run(root, "ALTER USER u WITH MAX_RESULT_ROWS 5000")
    with connect(server) as session:
        assert len(run(session, "SELECT * FROM range(5000)")) == 5000
        code, text = refusal(session, "SELECT * FROM range(5001)")
        assert code == LIMIT and "MAX_RESULT_ROWS" in text
        run(root, "ALTER USER u WITH MAX_RESULT_ROWS 0 MAX_RESULT_BYTES 1000")
        assert len(run(session, "SELECT repeat('x', 100) FROM range(10)")) == 10
        code, text = refusal(session, "SELECT repeat('x', 100) FROM range(11)")
        assert code == LIMIT and "MAX_RESULT_BYTES" in text
        assert len(run(session, "SELECT * FROM range(10)")) == 10
    assert len(run(root, "SELECT * FROM range(100000)")) == 100000


def ask(server, sql, login="u:p"):
    host, port = server.http
    request = urllib.request.Request(
        f"http://{host}:{port}/api/v1/sql", data=json.dumps({"sql": sql}).encode(),
        headers={"Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
                 "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=240) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_without_file_access_nobody_reaches_files(make_server, tmp_path):
    server = make_server().start(arguments=["--no-file-access"])
    (tmp_path / "rows.csv").write_text("1,2\n")
    with connect(server, "root", "") as root:
        run(root, "CREATE DATABASE d")
        run(root, "USE d")
        run(root, "CREATE TABLE t (a INT, b INT)")
        run(root, "CREATE MODEL m AS LinearRegressor(label => a,"
                  " feature_columns => [numeric_column(b)])")
        for attempt in (
                f"SELECT * FROM read_csv('{tmp_path}/rows.csv')",
                f"SELECT * FROM '{tmp_path}/rows.csv'",
                f"SELECT * FROM glob('{tmp_path}/*')",
                f"COPY t TO '{tmp_path}/out.csv'",
                f"COPY t FROM '{tmp_path}/rows.csv'",
                f"ATTACH '{tmp_path}/other.db' AS other",
                f"LOAD '{tmp_path}/evil.so'",
                "SET enable_external_access = true",
                f"EXPORT MODEL m INTO OUTFILE '{tmp_path}/model'",
                f"CREATE PIPELINE p AS LOAD DATA FS '{tmp_path}/*.csv' INTO TABLE t",
                "CREATE PIPELINE p AS LOAD DATA KAFKA '127.0.0.1:1/t' WITH TRANSFORM"
                " ('file:///bin/cat', '', '') INTO TABLE t",
                "CREATE MODEL n AS LinearClassifier(label => a, feature_columns => "
                f"[categorical_column_with_vocabulary_file(b, '{tmp_path}/rows.csv')])"):
            refusal(root, attempt)
        # What the server itself keeps goes on.
        run(root, "INSERT INTO t SELECT range, range FROM range(100000)")
        run(root, "CHECKPOINT")
        run(root, "TRAIN MODEL m ON SELECT a, b FROM t LIMIT 10")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "server"]
    server.restart(arguments=["--no-file-access"])
    with connect(server, "root", "") as root:
        assert run(root, "SELECT count(*) FROM d.t") == ((100000,),)
