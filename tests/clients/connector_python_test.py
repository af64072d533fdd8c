"""Oracle's mysql-connector-python: prepared statements, TLS, compression, types, errors,
transactions."""

import datetime
import decimal

import mysql.connector
import pytest

COMPRESSION = pytest.mark.parametrize("compress", [False, True], ids=["plain", "zlib"])


def connect(server, **options):
    host, port = server.mysql
    return mysql.connector.connect(host=host, port=port, user="root", connection_timeout=120,
                                   **options)


@pytest.fixture
def shop(server):
    server.connect().execute("CREATE DATABASE shop")
    return server


@COMPRESSION
def test_values_make_the_round_trip_through_a_prepared_statement(shop, compress):
    with connect(shop, database="shop", compress=compress) as session:
        cursor = session.cursor()
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, big BIGINT UNSIGNED, real_ DOUBLE,"
                       " price DECIMAL(20, 4), name TEXT, bytes BLOB, day DATE,"
                       " moment DATETIME(6), clock TIME)")
        cursor.close()
        row = (1, 2**64 - 1, -0.1, decimal.Decimal("12345678901234.5678"), "h\u00e9 ' \U0001f600",
               bytes(range(256)), datetime.date(2026, 11, 23),
               datetime.datetime(2026, 11, 23, 10, 0, 1, 500000),
               datetime.timedelta(hours=23, minutes=59, seconds=59))
        nothing = (2,) + (None,) * 8
        cursor = session.cursor(prepared=True)
        insert = "INSERT INTO t VALUES (" + ", ".join(["%s"] * len(row)) + ")"
        for values in (row, nothing):
            cursor.execute(insert, values)
            assert cursor.rowcount == 1
        session.commit()
        cursor.execute("SELECT * FROM t WHERE id >= ? ORDER BY id", (1,))
        assert cursor.column_names == ("id", "big", "real_", "price", "name", "bytes", "day",
                                       "moment", "clock")
        assert cursor.fetchall() == [row, nothing]


@COMPRESSION
def test_big_results_and_values_pass(server, compress):
    with connect(server, compress=compress) as session:
        cursor = session.cursor(prepared=True)
        cursor.execute("SELECT i, i * 2, 'row ' || i FROM range(100000) r(i) WHERE i >= ?", (10,))
        rows = cursor.fetchall()
        assert len(rows) == 99990 and rows[-1] == (99999, 199998, "row 99999")
        cursor.close()
        cursor = session.cursor()
        cursor.execute("SELECT repeat('y', 17000000)")
        assert cursor.fetchall() == [("y" * 17000000,)]


def test_tls_is_used_and_the_servers_certificate_is_its_own_ca(server):
    ca = str(server.data / "server-cert.pem")
    with connect(server, ssl_ca=ca, ssl_verify_cert=True,
                 ssl_verify_identity=True) as session:
        cursor = session.cursor()
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        (row,) = cursor.fetchall()
        assert row[0] == "Ssl_cipher" and row[1]
        cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
        assert cursor.fetchall() == [("Ssl_version", "TLSv1.3")]


def test_without_tls_a_server_that_requires_it_refuses(make_server):
    server = make_server().start(arguments=["--require-secure-transport"])
    with pytest.raises(mysql.connector.Error) as refused:
        connect(server, ssl_disabled=True)
    assert refused.value.errno == 3159
    with connect(server) as session:
        assert session.is_connected()


def test_passwords_go_through_both_plugins_with_and_without_tls(server):
    server.connect().execute("SET PASSWORD = 'sesame'")
    for options in ({}, {"ssl_disabled": True}, {"auth_plugin": "caching_sha2_password"}):
        with connect(server, password="sesame", **options) as session:
            assert session.is_connected()
        with pytest.raises(mysql.connector.Error) as refused:
            connect(server, password="sesam", **options)
        assert refused.value.errno == 1045


def test_errors_have_their_numbers_and_leave_the_session_well(shop):
    with connect(shop, database="shop") as session:
        cursor = session.cursor()
        cursor.execute("CREATE TABLE t (a INT PRIMARY KEY)")
        cursor.close()
        cursor = session.cursor(prepared=True)
        for statement, values, number in [
                ("SELECT * FROM nowhere WHERE a = ?", (1,), 1146),
                ("SELEKT ?", (1,), 1064),
                ("INSERT INTO t VALUES (?)", ("no number",), 1366)]:
            with pytest.raises(mysql.connector.Error) as wrong:
                cursor.execute(statement, values)
            assert wrong.value.errno == number, statement
            session.rollback()
        cursor.execute("INSERT INTO t VALUES (?)", (1,))
        with pytest.raises(mysql.connector.IntegrityError) as wrong:
            cursor.execute("INSERT INTO t VALUES (?)", (1,))
        assert wrong.value.errno == 1062
        session.rollback()
        cursor.execute("SELECT count(*) FROM t WHERE a > ?", (0,))
        assert cursor.fetchall() == [(0,)]


def test_transactions_are_kept_and_given_up(shop):
    with connect(shop, database="shop") as session:
        cursor = session.cursor()
        cursor.execute("CREATE TABLE t (a INT)")
        for end, left in ((session.rollback, 0), (session.commit, 1)):
            session.start_transaction()
            cursor.execute("INSERT INTO t VALUES (%s)", (1,))
            assert session.in_transaction
            end()
            assert not session.in_transaction
            cursor.execute("SELECT count(*) FROM t")
            assert cursor.fetchall() == [(left,)]
            session.commit()


def test_a_session_is_reset_and_changes_its_user(shop):
    with connect(shop) as session:
        cursor = session.cursor()
        cursor.execute("SET @seen = 1")
        session.cmd_reset_connection()
        cursor.execute("SELECT @seen")
        assert cursor.fetchall() == [(None,)]
        cursor.close()
        session.cmd_change_user("root", "", "shop")
        assert session.database == "shop"
        with pytest.raises(mysql.connector.Error) as refused:
            session.cmd_change_user("eve", "x", "")
        assert refused.value.errno == 1045


def test_executemany_writes_its_rows_in_one_statement(shop):
    with connect(shop, database="shop") as session:
        cursor = session.cursor()
        cursor.execute("CREATE TABLE t (a INT, b TEXT)")
        rows = [(i, f"row {i}") for i in range(1000)]
        cursor.executemany("INSERT INTO t VALUES (%s, %s)", rows)
        assert cursor.rowcount == 1000
        session.commit()
        cursor.execute("SELECT * FROM t ORDER BY a")
        assert cursor.fetchall() == rows


def both_ways(session, statement, values=()):
    """(names, types, rows) outside of a transaction, and inside, where the store answers."""
    answers = []
    for begin in (None, "BEGIN"):
        for prepared in (False, True):
            cursor = session.cursor(prepared=True) if prepared else session.cursor()
            if values and not prepared:
                continue
            if begin:
                session.start_transaction()
            cursor.execute(statement, values)
            answers.append((cursor.column_names, [one[1] for one in cursor.description],
                            cursor.fetchall()))
            cursor.close()
            session.rollback()
    return answers


def test_answers_without_a_planner_are_those_of_the_store(shop):
    with connect(shop, database="shop", autocommit=True) as session:
        cursor = session.cursor()
        cursor.execute("CREATE MODEL m AS LinearClassifier(label => y, feature_columns => ["
                       "numeric_column(x), categorical_column_with_hash_bucket(field, 10)])")
        cursor.execute("CREATE TABLE seen AS SELECT i % 2 AS y, i / 10 AS x, "
                       "'f' || (i % 5) AS field FROM range(500) r(i)")
        cursor.execute("TRAIN MODEL m ON SELECT * FROM seen")
        cursor.fetchall()
        cursor.close()
        row = "FROM (SELECT 3 AS x, 'f1' AS field) r"
        for statement in (
                "SELECT 1", "SELECT 1 AS `one`, 'two', 3000000000", "SELECT 'it''s \\'x\\''",
                f"SELECT predict('m', r).probability, predict('shop.m', r).class_id AS k {row}",
                f"SELECT 1 AS id, predict('m', r).class AS c, predict('m', r).prediction {row}",
                f"SELECT predict('m', r).class {row}",
                f"SELECT predict('m', r).model_version {row}",
                "SELECT predict('m', r).probability FROM (SELECT -0.25 AS x, 'f2' AS field) r"):
            first, *others = both_ways(session, statement)
            assert others == [first] * 3, statement
        marks = "SELECT predict('m', r).probability FROM (SELECT ? AS x, ? AS field) r"
        for values in ((3, "f1"), (0.75, "none such"), (-4, "f2")):
            first, *others = both_ways(session, marks, values)
            assert others == [first] and first[2][0][0] is not None


def test_a_prepared_query_sees_rows_that_are_beyond_those_it_was_planned_with(shop):
    with connect(shop, database="shop", autocommit=True) as session, \
            connect(shop, database="shop", autocommit=True) as other:
        writer = other.cursor()
        writer.execute("CREATE TABLE t AS SELECT i::INT AS i FROM range(10) r(i)")
        # A cursor prepares its statement once.
        query, plain = session.cursor(prepared=True), session.cursor(prepared=True)
        for written, seen in ((None, 0), (2000, 1), (3000, 2)):
            if written:
                writer.execute("INSERT INTO t VALUES (%s)", (written,))
            query.execute("SELECT count(*) FROM t WHERE i > 1000 AND i <> ?", (1,))
            assert query.fetchall() == [(seen,)]
            plain.execute("SELECT count(*) FROM t WHERE i > 1000")
            assert plain.fetchall() == [(seen,)]
