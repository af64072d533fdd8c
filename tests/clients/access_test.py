"""What a user without a right cannot do, by whatever way: a table of attempts by a user who may
SELECT from one table, each of which is refused with MySQL's own error, and leaves things as they
were; and beside it what the same user can do."""

import base64
import json
import urllib.error
import urllib.request

import pymysql
import pytest
from lib.access_cases import (ALLOWED, ATTEMPTS, MAKER_ALLOWED, MAKERS_ATTEMPTS,
                              WORLD)

DENIED = {1044, 1045, 1142, 1227}

@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from lib import server as servers
    running = servers.Server(tmp_path_factory.mktemp("access")).start()
    with connect(running, "root") as root:
        for statement in WORLD.strip().split(";\n"):
            run(root, statement)
        run(root, "CREATE TABLE own.notes (note VARCHAR)")
    yield running
    running.terminate()


def connect(server, user, password=None, **options):
    host, port = server.mysql
    if password is None:
        password = {"root": "", "clerk": "c", "maker": "m"}.get(user, "")
    return pymysql.connect(host=host, port=port, user=user, password=password, autocommit=True,
                           connect_timeout=120, read_timeout=240, **options)


def run(session, statement, values=None):
    with session.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def refusal(session, statement):
    with pytest.raises(pymysql.err.Error) as refused:
        rows = run(session, statement)
        pytest.fail(f"{statement!r} was allowed: {rows}")
    return refused.value.args


@pytest.mark.parametrize("user, database, attempts", [
    ("clerk", None, ATTEMPTS), ("clerk", "shop", ATTEMPTS), ("maker", "own", MAKERS_ATTEMPTS)])
def test_what_was_not_granted_is_refused(world, user, database, attempts):
    before = everything(world)
    wrong = []
    with connect(world, user, database=database) as session:
        for statement in attempts:
            try:
                rows = run(session, statement)
                wrong.append((statement, "allowed", rows))
                continue
            except pymysql.err.Error as error:
                code, text = error.args[0], str(error.args[1])
            if code not in DENIED or "the secret" in text or "777777" in text:
                wrong.append((statement, code, text))
    assert not wrong, "\n".join(map(str, wrong))
    assert everything(world) == before


def everything(world):
    with connect(world, "root") as root:
        return (run(root, "SELECT * FROM shop.orders ORDER BY id"),
                run(root, "SELECT * FROM hr.people ORDER BY id"),
                run(root, "SELECT * FROM own.notes"),
                run(root, "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
                          " ORDER BY 1, 2"),
                run(root, "SHOW DATABASES"), run(root, "SHOW USERS"))


@pytest.mark.parametrize("user, statements", [("clerk", ALLOWED), ("maker", MAKER_ALLOWED)])
def test_what_was_granted_works(world, user, statements):
    wrong = []
    with connect(world, user) as session:
        if user == "maker":
            run(session, "USE own")
        for statement in statements:
            try:
                run(session, statement)
            except pymysql.err.Error as error:
                wrong.append((statement, error.args))
    assert not wrong, "\n".join(map(str, wrong))


# --- Other ways in -------------------------------------------------------------------------------

# Prepared statements reach the server as such through mysql-connector, not through PyMySQL.
def test_prepared_statements_ask_at_prepare_and_at_each_run(world):
    connector = pytest.importorskip("mysql.connector")
    host, port = world.mysql
    with connect(world, "root") as root, connector.connect(
            host=host, port=port, user="clerk", password="c", autocommit=True) as clerk:
        for statement in ("SELECT name FROM hr.people WHERE id = ?",
                          "SELECT content FROM read_text(?)",
                          "SELECT predict(?, {'id': 1})",
                          "INSERT INTO shop.orders VALUES (?, 'x', 1)"):
            with pytest.raises(connector.Error) as refused:
                clerk.cursor(prepared=True).execute(statement, (1,))
            assert refused.value.errno in DENIED, statement
        cursor = clerk.cursor(prepared=True)
        for _ in range(3):
            cursor.execute("SELECT item FROM shop.orders WHERE id = ? LIMIT ?", (2, 5))
            assert cursor.fetchall() == [("cake",)]
        run(root, "REVOKE SELECT ON shop.orders FROM clerk")
        try:
            with pytest.raises(connector.Error) as refused:
                cursor.execute("SELECT item FROM shop.orders WHERE id = ? LIMIT ?", (2, 5))
            assert refused.value.errno == 1142
        finally:
            run(root, "GRANT SELECT ON shop.orders TO clerk")
        cursor.execute("SELECT item FROM shop.orders WHERE id = ? LIMIT ?", (2, 5))
        assert cursor.fetchall() == [("cake",)]


def ask(world, path, body=None, user="clerk", password="c"):
    host, port = world.http
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(
        f"http://{host}:{port}{path}", data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Basic " + login, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=240) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_http_gives_what_mysql_gives_and_no_more(world):
    assert ask(world, "/api/v1/sql", {"sql": "SELECT item FROM shop.orders"})[0] == 200
    for body in ("SELECT * FROM hr.people", "SELECT * FROM read_text('/etc/passwd')"):
        status, text = ask(world, "/api/v1/sql", {"sql": body})
        assert status == 403 and "the secret" not in text, text
    status, text = ask(world, "/api/v1/models/hr.pay:predict", {"instances": [{"id": 1}]})
    assert status == 403, text
    status, text = ask(world, "/api/v1/models")
    assert (status, "pay" in text) == (200, False), text
    assert "pay" in ask(world, "/api/v1/models", user="root", password="")[1]
    status, text = ask(world, "/metrics")
    assert "pay" not in text, text
    assert ask(world, "/api/v1/models", password="wrong")[0] == 401
    assert ask(world, "/api/v1/models", user="nobody")[0] == 401


def test_system_tables_show_an_account_its_own(make_server, tmp_path):
    server = make_server().start()
    with connect(server, "root") as root:
        for database, line in (("hr", "the secret line"), ("shop", "a plain line")):
            folder = tmp_path / database
            folder.mkdir()
            (folder / "rows.csv").write_text(f"{line}\n")
            run(root, f"CREATE DATABASE {database}")
            run(root, f"CREATE TABLE {database}.t (a VARCHAR(20), b INT)")
            run(root, f"CREATE PIPELINE {database}.p AS LOAD DATA FS '{folder}/*.csv'"
                      f" INTO TABLE {database}.t FIELDS TERMINATED BY ','")
            run(root, f"START PIPELINE {database}.p")
        server.connect().wait_until("SELECT count(*) FROM millrace.rejects", 2)
        run(root, "CREATE USER one IDENTIFIED BY 'p', two IDENTIFIED BY 'p',"
                  " all_ IDENTIFIED BY 'p'")
        run(root, "GRANT SELECT ON shop.* TO one")
        run(root, "GRANT SELECT ON shop.t TO two")
        run(root, "GRANT SELECT ON *.* TO all_")
    views = ["millrace.rejects", "millrace.batches", "information_schema.PIPELINES",
             "information_schema.PIPELINES_BATCHES", "information_schema.PIPELINES_FILES",
             "information_schema.PIPELINES_CURSORS"]
    with connect(server, "one", "p") as one, connect(server, "two", "p") as two, connect(
            server, "all_", "p") as everything_:
        for view in views:
            for session, expected in ((one, {"shop"}), (two, set()),
                                      (everything_, {"shop", "hr"})):
                rows = run(session, f"SELECT DATABASE_NAME FROM {view}")
                assert {row[0] for row in rows} == expected, view
        assert run(two, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN"
                        " ('shop', 'hr')") == (("t",),)
        assert [row[0] for row in run(two, "SHOW DATABASES")] == ["information_schema", "shop"]
        # A condition of the reader's is never tried on rows that it may not see.
        for attempt in ("CAST(detail AS INT) = 1", "error(bytes::VARCHAR) IS NULL",
                        "1 / (CASE WHEN database_name = 'hr' THEN 0 ELSE 1 END) = 1"):
            try:
                rows = run(one, f"SELECT detail FROM millrace.rejects WHERE {attempt}")
            except pymysql.err.Error as error:
                rows = error.args[1]
            assert "the secret" not in str(rows)
        for hidden in ("SHOW PIPELINES FROM hr", "SHOW CREATE PIPELINE hr.p",
                       "SHOW CREATE PIPELINE shop.p", "START PIPELINE shop.p"):
            assert refusal(one, hidden)[0] in DENIED


def test_a_change_holds_from_the_next_statement_on_and_over_a_restart(make_server):
    server = make_server().start()
    with connect(server, "root") as root:
        run(root, "CREATE DATABASE d")
        run(root, "CREATE TABLE d.t (a INT)")
        run(root, "CREATE USER 'u'@'127.0.0.%' IDENTIFIED BY 'p',"
                  " 'v'@'192.0.2.%' IDENTIFIED BY 'p'")
        with connect(server, "u", "p") as user:
            assert refusal(user, "SELECT * FROM d.t")[0] == 1142
            run(root, "GRANT SELECT, INSERT ON d.* TO u")
            run(user, "INSERT INTO d.t VALUES (1)")
            run(root, "REVOKE INSERT ON d.* FROM u")
            assert refusal(user, "INSERT INTO d.t VALUES (1)")[0] == 1142
            assert refusal(user, "SELECT 1; DROP TABLE d.t")
            run(user, "SET PASSWORD = 'q'")
            run(root, "GRANT ADMIN ON *.* TO u")
            run(user, "CREATE TABLE d.made_by_admin (a INT)")
            run(root, "REVOKE ADMIN ON *.* FROM u")
            assert refusal(user, "DROP TABLE d.t")[0] == 1142
        with pytest.raises(pymysql.err.OperationalError) as refused:
            connect(server, "v", "p")
        assert refused.value.args[0] == 1045  # from another host
    server.restart()
    with connect(server, "u", "q") as user, connect(server, "root") as root:
        assert run(user, "SELECT * FROM d.t") == ((1,),)
        assert run(user, "SELECT CURRENT_USER()") == (("u@127.0.0.%",),)
        assert refusal(user, "INSERT INTO d.t VALUES (1)")[0] == 1142
        assert [row[0] for row in run(root, "SHOW USERS")] == ["root", "u", "v"]
        run(root, "DROP USER u")
        assert refusal(user, "SELECT 1")[0] == 1045
    with pytest.raises(pymysql.err.OperationalError):
        connect(server, "u", "q")


def test_tables_of_mysqls_show_an_account_its_own(world):
    with connect(world, "root") as root, connect(world, "clerk") as clerk:
        assert run(clerk, "SELECT User FROM mysql.user") == (("clerk",),)
        assert {user for (user,) in run(root, "SELECT User FROM mysql.user")} == {
            "root", "clerk", "maker"}
        assert {user for (user,) in run(clerk, "SELECT USER FROM information_schema.PROCESSLIST")
                } == {"clerk"}
        assert {user for (user,) in run(clerk, "SELECT PROCESSLIST_USER FROM "
                                        "performance_schema.threads")} == {"clerk"}
        assert run(clerk, "SELECT * FROM mysql.db WHERE User <> 'clerk'") == ()
        assert run(clerk, "SELECT count(*) FROM mysql.tables_priv") == ((3,),)


def test_a_pipeline_says_who_made_it(world):
    with connect(world, "maker") as maker, connect(world, "root") as root:
        run(maker, "CREATE PIPELINE own.told AS LOAD DATA KAFKA '127.0.0.1:1/t' INTO TABLE"
                   " own.notes FIELDS TERMINATED BY ','")
        assert run(root, "SELECT CREATE_USER FROM information_schema.PIPELINES") == (("maker",),)
        run(root, "ALTER PIPELINE own.told SET BATCH_INTERVAL 5")
        assert run(root, "SELECT CREATE_USER FROM information_schema.PIPELINES") == (("maker",),)
        run(maker, "DROP PIPELINE own.told")
