"""singlestoredb, SingleStore's own client for Python."""

import decimal

import pytest
import singlestoredb


def connect(server, **options):
    host, port = server.mysql
    return singlestoredb.connect(host=host, port=port, user="root", password="", **options)


@pytest.fixture
def shop(server):
    server.connect().execute("CREATE DATABASE shop")
    return server


def test_a_table_in_singlestores_words_is_made_filled_and_read(shop):
    with connect(shop, database="shop") as session, session.cursor() as cursor:
        cursor.execute("CREATE ROWSTORE TABLE t (a INT, b TEXT, c JSON, d DECIMAL(10, 2),"
                       " PRIMARY KEY (a), SHARD KEY (a), SORT KEY (a))")
        cursor.execute("INSERT INTO t VALUES (%s, %s, %s, %s)",
                       (1, "h\u00e9 '", '{"q": [1]}', decimal.Decimal("1.25")))
        assert cursor.executemany("INSERT INTO t VALUES (%s, %s, %s, %s)",
                                  [(2, "y", None, None), (3, None, None, None)]) == 2
        cursor.execute("SELECT * FROM t WHERE a >= %s ORDER BY a", (1,))
        assert [column[0] for column in cursor.description] == ["a", "b", "c", "d"]
        assert list(cursor.fetchall()) == [(1, "h\u00e9 '", '{"q": [1]}', decimal.Decimal("1.25")),
                                           (2, "y", None, None), (3, None, None, None)]


def test_parameters_may_have_names(shop):
    with connect(shop) as session, session.cursor() as cursor:
        cursor.execute("SELECT %(a)s + 1, %(b)s", {"a": 1, "b": "x"})
        assert list(cursor.fetchall()) == [(2, "x")]


@pytest.mark.parametrize("kind", ["dicts", "namedtuples", "numpy", "pandas"])
def test_results_come_in_every_form(shop, kind):
    with connect(shop, results_type=kind) as session, session.cursor() as cursor:
        cursor.execute("SELECT i, i / 2 AS half FROM range(10000) r(i)")
        rows = cursor.fetchall()
        assert len(rows) == 10000
        last = {"dicts": lambda: tuple(rows[-1].values()), "namedtuples": lambda: tuple(rows[-1]),
                "numpy": lambda: tuple(rows[-1]), "pandas": lambda: tuple(rows.iloc[-1])}[kind]()
        assert last == (9999, 4999.5)


def test_errors_have_their_numbers_and_transactions_are_kept(shop):
    with connect(shop, database="shop") as session, session.cursor() as cursor:
        with pytest.raises(singlestoredb.ProgrammingError) as wrong:
            cursor.execute("SELECT * FROM nowhere")
        assert wrong.value.errno == 1146
        cursor.execute("CREATE TABLE t (a INT)")
        for end, left in ((session.rollback, 0), (session.commit, 1)):
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO t VALUES (1)")
            end()
            cursor.execute("SELECT count(*) FROM t")
            assert list(cursor.fetchall()) == [(left,)]


def test_show_asks_what_there_is(shop):
    with connect(shop, database="shop") as session, session.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT)")
        assert [next(iter(row.values())) for row in session.show.tables()] == ["t"]
        assert "shop" in [next(iter(row.values())) for row in session.show.databases()]
        assert next(iter(session.show.columns("t")[0].values())) == "a"
