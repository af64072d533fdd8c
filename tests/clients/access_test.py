"""What a user without a right cannot do, by whatever way: a table of attempts by a user who may
SELECT from one table, each of which is refused with MySQL's own error, and leaves things as they
were; and beside it what the same user can do."""

import base64
import json
import urllib.error
import urllib.request

import pymysql
import pytest

DENIED = {1044, 1045, 1142, 1227}

WORLD = """
CREATE DATABASE shop;
CREATE DATABASE hr;
CREATE TABLE shop.orders (id INT, item VARCHAR(20), price DOUBLE);
CREATE TABLE shop.costs (id INT, cost DOUBLE);
CREATE TABLE hr.people (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20), salary INT);
INSERT INTO shop.orders VALUES (1, 'tea', 3.5), (2, 'cake', 4.5);
INSERT INTO shop.costs VALUES (1, 1.25);
INSERT INTO hr.people (name, salary) VALUES ('the secret name', 777777);
CREATE VIEW hr.names AS SELECT name FROM hr.people;
CREATE VIEW shop.leak AS SELECT name FROM hr.people;
CREATE VIEW shop.cheap AS SELECT * FROM shop.orders WHERE price < 4;
CREATE TYPE hr.mood AS ENUM ('the secret mood');
CREATE MACRO shop.peek() AS (SELECT max(salary) FROM hr.people);
CREATE MODEL hr.pay AS LinearRegressor(label => salary, feature_columns => [numeric_column(id)]);
CREATE USER clerk IDENTIFIED BY 'c';
GRANT SELECT ON shop.orders TO clerk;
GRANT SELECT ON shop.leak TO clerk;
GRANT SELECT ON shop.cheap TO clerk;
CREATE USER maker IDENTIFIED BY 'm';
CREATE DATABASE own;
GRANT ALL ON own.* TO maker;
GRANT SELECT ON shop.orders TO maker;
"""

# By clerk, who may SELECT from shop.orders and two views.
ATTEMPTS = [
    # Other tables, by whatever name.
    "SELECT * FROM hr.people",
    "SELECT * FROM `hr`.`people`",
    "SELECT * FROM HR.People",
    "SELECT * FROM __millrace.hr.people",
    "SELECT * FROM hr.nothing_there",
    "SELECT nothing FROM hr.people",
    "SELECT nothing FROM shop.costs",
    "SELECT enum_range(NULL::hr.mood)",
    "SELECT enum_range(CAST(NULL AS hr.mood))",
    "SELECT enum_range((NULL::STRUCT(a hr.mood)).a)",
    "SELECT hr.mood 'x'",
    "SELECT * FROM (DESCRIBE hr.people)",
    "SELECT * FROM (SUMMARIZE hr.people)",
    "SELECT * FROM (SHOW TABLES)",
    "EXPLAIN SELECT * FROM millrace.rejects",
    "EXPLAIN ANALYZE SELECT * FROM information_schema.TABLES",
    "EXPLAIN (FORMAT JSON) SELECT * FROM hr.people",
    "SELECT * FROM shop.costs",
    "SELECT * FROM shop.orders, hr.people",
    "SELECT * FROM shop.orders o JOIN hr.people p ON o.id = p.id",
    "SELECT (SELECT max(salary) FROM hr.people)",
    "SELECT id FROM shop.orders WHERE EXISTS (SELECT 1 FROM hr.people WHERE salary > 5)",
    "SELECT id FROM shop.orders UNION ALL SELECT salary FROM hr.people",
    "WITH x AS (SELECT * FROM hr.people) SELECT count(*) FROM x",
    "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT salary FROM hr.people) SELECT * FROM x",
    "SELECT * FROM (VALUES (1)) v(x), LATERAL (SELECT * FROM hr.people) p",
    "SELECT id FROM shop.orders ORDER BY (SELECT max(salary) FROM hr.people)",
    "SELECT id FROM shop.orders LIMIT (SELECT max(salary) FROM hr.people)",
    "SELECT list_transform([1], x -> (SELECT max(salary) FROM hr.people))",
    "FROM hr.people",
    "TABLE hr.people",
    "(SELECT * FROM hr.people)",
    "SELECT * FROM hr.names",
    "SELECT * FROM shop.leak",  # a view lends no rights
    "SELECT shop.peek()",  # nor does a macro
    "EXPLAIN SELECT * FROM hr.people",
    "EXPLAIN ANALYZE SELECT * FROM hr.people",
    "DESCRIBE hr.people",
    "SHOW CREATE TABLE hr.people",
    "SHOW CREATE VIEW hr.names",
    "SHOW COLUMNS FROM hr.people",
    "SHOW INDEX FROM hr.people",
    "SHOW TABLES FROM hr",
    "SHOW TABLE STATUS FROM hr",
    "SHOW TABLES FROM shop WHERE (SELECT max(salary) FROM hr.people) > 5",
    "SUMMARIZE hr.people",
    "PIVOT hr.people ON name",
    "USE hr",
    "SET @x = (SELECT max(salary) FROM hr.people)",
    "SET autocommit = (SELECT max(salary) FROM hr.people)",
    # The catalogue, and what stands behind the system tables.
    "SELECT * FROM millrace_internal.settings",
    "SELECT * FROM millrace_internal.reject_log",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_columns()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_databases()",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM pg_tables",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM system.information_schema.tables",
    "SELECT * FROM millrace_information_schema.tables",
    "SELECT * FROM pragma_storage_info('hr.people')",
    "SELECT * FROM pragma_table_info('hr.people')",
    "SELECT * FROM query('SELECT * FROM hr.people')",
    "SELECT * FROM query_table('hr.people')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM hr.people'))",
    "SELECT json_serialize_plan('SELECT * FROM hr.people')",
    "SELECT * FROM seq_scan('hr.people')",
    "SELECT getvariable('millrace_sees')",
    "SET @millrace_sees = 1",
    "SELECT @millrace_sees",
    "SELECT nextval('hr.people_id_seq')",
    "SELECT currval('hr.people_id_seq')",
    "SELECT current_setting('temp_directory')",
    "SELECT getenv('HOME')",
    "SELECT predict('hr.pay', {'id': 1})",
    "SELECT predict('hr.pay', r).prediction FROM (SELECT 1 AS id) r",
    "SELECT explain('hr.pay', {'id': 1})",
    "SELECT predict(concat('hr.', 'pay'), {'id': 1})",
    "SELECT 'hr.pay'.predict({'id': 1})",
    # Files and the network.
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('/etc/passwd')",
    "SELECT * FROM parquet_metadata('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM `read_text`('/etc/passwd')",
    "SELECT * FROM main.read_text('/etc/passwd')",
    "SELECT * FROM system.main.read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM \"/tmp/x.csv\"",
    "SELECT * FROM `/tmp/x.csv`",
    "SELECT * FROM shop.orders, '/tmp/x.csv'",
    "SELECT * FROM shop.orders, `/tmp/x.csv`",
    "SELECT * FROM (SELECT * FROM '/tmp/x.parquet')",
    "COPY shop.orders TO '/tmp/millrace_leak.csv'",
    "COPY (SELECT 1) TO '/tmp/millrace_leak.csv'",
    "COPY shop.orders FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/millrace_leak'",
    "IMPORT DATABASE '/tmp/millrace_leak'",
    "ATTACH '/tmp/millrace_leak.db' AS leak",
    "ATTACH ':memory:' AS leak",
    "DETACH __millrace",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '/tmp/evil.so'",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "EXPORT MODEL hr.pay INTO OUTFILE '/tmp/millrace_leak'",
    # Settings and the server.
    "PRAGMA database_list",
    "PRAGMA table_info('hr.people')",
    "SET threads = 1",
    "SET memory_limit = '1GB'",
    "SET GLOBAL pipelines_batch_interval = 5",
    "SET search_path = 'hr'",
    "RESET threads",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "PREPARE p AS SELECT * FROM hr.people",
    "EXECUTE p",
    "SHOW USERS",
    "SHOW GRANTS FOR root",
    "KILL 1",
    # Changes.
    "INSERT INTO shop.orders VALUES (3, 'x', 1)",
    "INSERT INTO hr.people (name) VALUES ('x')",
    "INSERT INTO hr.people (name) SELECT item FROM shop.orders",
    "REPLACE INTO hr.people VALUES (1, 'x', 1)",
    "UPDATE shop.orders SET price = 0",
    "UPDATE hr.people SET salary = 0",
    "DELETE FROM shop.orders",
    "DELETE FROM hr.people WHERE id = 1",
    "TRUNCATE shop.orders",
    "MERGE INTO hr.people USING shop.orders ON people.id = orders.id WHEN MATCHED THEN DELETE",
    "WITH x AS (SELECT 1) DELETE FROM hr.people",
    "WITH x AS (SELECT 1 AS a) INSERT INTO shop.costs SELECT a, a FROM x",
    "CREATE TABLE shop.t (a INT)",
    "CREATE TABLE shop.t2 AS SELECT 1",
    "CREATE TEMPORARY TABLE t AS SELECT * FROM hr.people",
    "CREATE VIEW shop.v AS SELECT * FROM hr.people",
    "CREATE INDEX i ON shop.orders (id)",
    "CREATE SEQUENCE shop.s",
    "CREATE TYPE shop.e AS ENUM ('a')",
    "CREATE MACRO shop.m() AS 1",
    "CREATE FUNCTION shop.m() AS TABLE SELECT 1",
    "CREATE DATABASE more",
    "DROP DATABASE hr",
    "DROP TABLE shop.orders",
    "DROP VIEW shop.cheap",
    "DROP MACRO shop.peek",
    "ALTER TABLE shop.orders ADD COLUMN x INT",
    "ALTER TABLE hr.people RENAME TO folk",
    "COMMENT ON TABLE shop.orders IS 'x'",
    # Models, pipelines, users.
    "CREATE MODEL shop.m AS LinearRegressor(label => a, feature_columns => [numeric_column(b)])",
    "DROP MODEL hr.pay",
    "DESCRIBE MODEL hr.pay",
    "SHOW CREATE MODEL hr.pay",
    "SHOW MODELS FROM hr",
    "SHOW PIPELINES FROM hr",
    "TRAIN MODEL hr.pay ON SELECT id, 1 AS salary FROM shop.orders",
    "EVALUATE MODEL hr.pay ON SELECT id, 1 AS salary FROM shop.orders",
    "CREATE PIPELINE shop.p AS LOAD DATA KAFKA '127.0.0.1:1/t' INTO TABLE orders"
    " FIELDS TERMINATED BY ','",
    "START PIPELINE hr.p",
    "CREATE USER eve IDENTIFIED BY 'x'",
    "ALTER USER root IDENTIFIED BY 'x'",
    "SET PASSWORD FOR root = 'x'",
    "ALTER USER clerk WITH MAX_QUERY_TIME 0",
    "DROP USER maker",
    "GRANT ALL ON *.* TO clerk",
    "REVOKE SELECT ON shop.orders FROM clerk",
]

# By maker, who has all rights on a database of its own.
MAKERS_ATTEMPTS = [
    "CREATE VIEW own.v AS SELECT * FROM hr.people",
    "CREATE VIEW own.v AS SELECT * FROM read_text('/etc/passwd')",
    "CREATE TABLE own.t AS SELECT * FROM hr.people",
    "CREATE TABLE own.t AS SELECT * FROM '/etc/passwd'",
    "INSERT INTO own.notes SELECT name FROM hr.people",
    "INSERT INTO own.notes VALUES ((SELECT name FROM hr.people))",
    "INSERT INTO own.notes SELECT content FROM read_text('/etc/passwd')",
    "UPDATE own.notes SET note = (SELECT max(name) FROM hr.people)",
    "DELETE FROM own.notes WHERE note IN (SELECT name FROM hr.people)",
    "CREATE TABLE own.t (a INT DEFAULT nextval('hr.people_id_seq'))",
    "CREATE TABLE own.t (a INT, FOREIGN KEY (a) REFERENCES hr.people (id))",
    "CREATE MODEL own.m AS LinearRegressor(label => a, feature_columns => "
    "[categorical_column_with_vocabulary_file(b, '/etc/passwd')])",
    "CREATE PIPELINE own.p AS LOAD DATA FS '/etc/passwd' INTO TABLE notes",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t' WITH TRANSFORM"
    " ('file:///bin/cat', '', '') INTO TABLE notes",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t' INTO TABLE hr.people",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t' INTO TABLE notes (@a)"
    " SET note = shop.peek()",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t' INTO TABLE notes (@a)"
    " SET note = read_text('/etc/passwd')",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t' INTO TABLE notes (@a)"
    " WHERE predict('hr.pay', {'id': 1}) IS NULL",
    "ALTER TABLE own.notes ADD COLUMN z hr.mood",
    "ALTER TABLE own.notes ADD COLUMN z INT DEFAULT (SELECT max(salary) FROM hr.people)",
    "UPDATE own.notes SET note = p.name FROM hr.people p",
    "DELETE FROM own.notes USING hr.people p WHERE p.name = note",
    "DROP TABLE own.notes, hr.people",
    "TRUNCATE hr.people",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t' INTO TABLE notes (@a)"
    " SET note = (SELECT max(name) FROM hr.people)",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t' CLASSIFY WITH MODEL hr.pay"
    " INTO TABLE notes (id)",
    "CREATE PIPELINE own.p AS LOAD DATA KAFKA '127.0.0.1:1/t'"
    " CONFIG '{\"ssl.key.location\": \"/etc/passwd\"}' INTO TABLE notes",
    "DROP DATABASE shop",
    "ALTER TABLE shop.orders RENAME TO o2",
    "CREATE SEQUENCE own.s",
    "CREATE MACRO own.m() AS 1",
    "COPY own.notes TO '/tmp/millrace_leak.csv'",
]

ALLOWED = [
    "SELECT 1",
    "SELECT * FROM shop.orders",
    "SELECT item, count(*), sum(price) FROM shop.orders GROUP BY item HAVING count(*) > 0",
    "SELECT * FROM shop.orders a JOIN shop.orders b ON a.id = b.id ORDER BY 1 LIMIT 0, 5",
    "WITH x AS (SELECT * FROM shop.orders) SELECT * FROM x a, x b",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n",
    "SELECT *, row_number() OVER (ORDER BY price) FROM shop.orders",
    "SELECT id FROM shop.orders WHERE price > (SELECT avg(price) FROM shop.orders)",
    "SELECT id FROM shop.orders UNION SELECT 5 EXCEPT SELECT 1 INTERSECT SELECT 2",
    "SELECT DISTINCT item FROM shop.orders ORDER BY item",
    "SELECT * FROM shop.cheap",
    "SELECT * FROM range(3)",
    "SELECT trim(BOTH 'x' FROM 'xhix'), EXTRACT(YEAR FROM '2020-01-01'::DATE)",
    "SELECT * FROM shop.orders hr WHERE hr.id IN (1, 2) AND hr.item LIKE 't%'",
    "SELECT CAST(id AS DECIMAL(10, 2)), id::VARCHAR, {'a': id} FROM shop.orders",
    "SHOW TABLES FROM information_schema",
    "DESCRIBE information_schema.TABLES",
    "SELECT unnest([1, 2])",
    "SELECT * FROM unnest([1, 2])",
    "SELECT NOW(), DATABASE(), USER(), CURRENT_USER(), VERSION(), CONNECTION_ID()",
    "EXPLAIN SELECT * FROM shop.orders",
    "EXPLAIN ANALYZE SELECT * FROM shop.orders",
    "USE shop",
    "DESCRIBE shop.orders",
    "SHOW CREATE TABLE shop.orders",
    "SHOW DATABASES",
    "SHOW TABLES FROM shop",
    "SHOW GRANTS",
    "SHOW PROCESSLIST",
    "SHOW VARIABLES LIKE 'auto%'",
    "SHOW WARNINGS",
    "SET NAMES utf8mb4",
    "SET autocommit = 1",
    "SET @a = 1 + 1",
    "SELECT @a, @@version, @@sql_mode",
    "BEGIN",
    "SELECT * FROM shop.orders",
    "COMMIT",
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop'",
    "SELECT t.TABLE_NAME, c.COLUMN_NAME FROM information_schema.TABLES t JOIN"
    " information_schema.COLUMNS AS c ON t.TABLE_NAME = c.TABLE_NAME",
    "SELECT information_schema.SCHEMATA.SCHEMA_NAME FROM information_schema.SCHEMATA",
    "SELECT * FROM millrace.rejects",
    "SELECT * FROM millrace.models m",
    "SELECT * FROM information_schema.PIPELINES",
    "FLUSH PRIVILEGES",
]

MAKER_ALLOWED = [
    "CREATE TABLE own.things (id INT PRIMARY KEY AUTO_INCREMENT, n INT)",
    "INSERT INTO own.things (n) VALUES (1), (2)",
    "INSERT INTO own.things (id, n) VALUES (1, 5) ON DUPLICATE KEY UPDATE n = 6",
    "REPLACE INTO own.things VALUES (1, 9)",
    "INSERT IGNORE INTO own.things VALUES (1, 9)",
    "UPDATE own.things SET n = 7 WHERE id = 1",
    "DELETE FROM own.things WHERE id = 2",
    "CREATE TABLE own.copy AS SELECT * FROM shop.orders",
    "INSERT INTO own.copy SELECT * FROM shop.orders",
    "CREATE VIEW own.v AS SELECT * FROM own.copy",
    "SELECT * FROM own.v",
    "CREATE INDEX i ON own.copy (id)",
    "DROP INDEX own.i",
    "ALTER TABLE own.copy ADD COLUMN z INT",
    "TRUNCATE own.copy",
    "DROP VIEW own.v",
    "DROP TABLE own.copy",
    "CREATE TEMPORARY TABLE own_temp AS SELECT 1 AS a",
    "CREATE MODEL own.m AS LinearRegressor(label => n, feature_columns => [numeric_column(id)])",
    "TRAIN MODEL own.m ON SELECT id, n FROM own.things",
    "SELECT predict('own.m', t) FROM own.things t",
    "SHOW MODELS FROM own",
    "DROP MODEL own.m",
    "SET PASSWORD = 'm'",
]


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
                           connect_timeout=20, read_timeout=60, **options)


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
        with urllib.request.urlopen(request, timeout=30) as answer:
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
        run(root, "CREATE USER one IDENTIFIED BY 'p', two IDENTIFIED BY 'p', all_ IDENTIFIED BY 'p'")
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
        run(root, "CREATE USER 'u'@'127.0.0.%' IDENTIFIED BY 'p', 'v'@'192.0.2.%' IDENTIFIED BY 'p'")
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
