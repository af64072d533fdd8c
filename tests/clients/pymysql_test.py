"""PyMySQL against the server: both authentication plugins, types, large values, errors."""

import datetime
import decimal
import threading

import pymysql
import pytest
from pymysql.constants import CLIENT, FIELD_TYPE, SERVER_STATUS

PLUGINS = ["caching_sha2_password", "mysql_native_password"]


def connect(server, **options):
    host, port = server.mysql
    return pymysql.connect(host=host, port=port, user=options.pop("user", "root"),
                           connect_timeout=120, read_timeout=120, **options)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_password_opens_and_another_does_not(make_server, plugin):
    server = make_server().start(arguments=["--auth-plugin", plugin])
    with connect(server) as session, session.cursor() as cursor:
        assert session._auth_plugin_name == plugin
        cursor.execute("SET PASSWORD = 'ses\u00e4me 1'")
    for wrong in ("", "sesame", "ses\u00e4me 1 "):
        with pytest.raises(pymysql.err.OperationalError) as refused:
            connect(server, password=wrong)
        assert refused.value.args[0] == 1045
    server.restart(arguments=["--auth-plugin", plugin])
    # PyMySQL sends a str as Latin-1; the statement above was UTF-8, as all of SQL is.
    right = "ses\u00e4me 1".encode()
    with connect(server, password=right) as session, session.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == ((1,),)


def test_an_unknown_user_is_refused_like_a_wrong_password(server):
    with pytest.raises(pymysql.err.OperationalError) as refused:
        connect(server, user="eve", password="x")
    assert refused.value.args[0] == 1045


def test_values_come_with_their_types(server):
    with connect(server) as session, session.cursor() as cursor:
        cursor.execute("""SELECT 1::TINYINT, -2::SMALLINT, 3::INTEGER, 4::BIGINT,
                                 18446744073709551615::UBIGINT, 1.5::FLOAT, 2.25::DOUBLE,
                                 3.50::DECIMAL(10, 2), true, 'h\u00e9llo \U0001f600', NULL,
                                 DATE '2026-11-23', TIMESTAMP '2026-11-23 10:00:01.5',
                                 TIME '10:00:01', '\\x00\\xff'::BLOB, [1, 2], {'a': 1}""")
        (row,) = cursor.fetchall()
        assert row == (1, -2, 3, 4, 18446744073709551615, 1.5, 2.25, decimal.Decimal("3.50"), 1,
                       "h\u00e9llo \U0001f600", None, datetime.date(2026, 11, 23),
                       datetime.datetime(2026, 11, 23, 10, 0, 1, 500000),
                       datetime.timedelta(hours=10, seconds=1), row[14], row[15], row[16])
        kinds = [column[1] for column in cursor.description]
        assert kinds[:9] == [FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.LONG,
                             FIELD_TYPE.LONGLONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.FLOAT,
                             FIELD_TYPE.DOUBLE, FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.TINY]
        assert kinds[9] == FIELD_TYPE.VAR_STRING and kinds[14] == FIELD_TYPE.BLOB
        assert kinds[15:] == [FIELD_TYPE.JSON, FIELD_TYPE.JSON]
        assert isinstance(row[14], bytes) and isinstance(row[16], str)


def test_bytes_are_kept_as_they_are(server):
    # PyMySQL writes bytes as a text of whatever they are, and cares for no character set.
    values = [b"\x00\xff", b"q'\\\n\x1a", "h\u00e9".encode(), b"", b"\\xAA"]
    with connect(server) as session, session.cursor() as cursor:
        cursor.execute("CREATE DATABASE kept")
        cursor.execute("USE kept")
        cursor.execute("CREATE TABLE bytes_kept (n INT PRIMARY KEY, b BLOB)")
        cursor.executemany("INSERT INTO bytes_kept VALUES (%s, %s)", list(enumerate(values)))
        cursor.execute("UPDATE bytes_kept SET b = %s WHERE b = %s", (b"\xfe\\", values[0]))
        cursor.execute("SELECT b FROM bytes_kept ORDER BY n")
        assert [row[0] for row in cursor.fetchall()] == [b"\xfe\\", *values[1:]]


def test_several_statements_give_several_results(server):
    with connect(server, client_flag=CLIENT.MULTI_STATEMENTS) as session:
        with session.cursor() as cursor:
            cursor.execute("SELECT 1; SELECT 2, 3; SELECT 4")
            answers = [cursor.fetchall()]
            while cursor.nextset():
                answers.append(cursor.fetchall())
        assert answers == [((1,),), ((2, 3),), ((4,),)]


def test_without_the_flag_a_second_statement_is_refused_and_nothing_runs(server):
    with connect(server) as session, session.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
        with pytest.raises(pymysql.err.ProgrammingError):
            cursor.execute("CREATE TABLE shop.t (a INT); SELECT 1")
        cursor.execute("SHOW TABLES FROM shop")
        assert cursor.fetchall() == ()


def test_statements_and_values_over_16_mib_pass(server):
    size = 17 * 1024 * 1024
    with connect(server, max_allowed_packet=1 << 26) as session, session.cursor() as cursor:
        cursor.execute("SELECT length('" + "x" * size + "')")
        assert cursor.fetchall() == ((size,),)
        cursor.execute(f"SELECT repeat('y', {size})")
        assert cursor.fetchall()[0][0] == "y" * size


def test_a_long_result_is_streamed(server):
    with connect(server, cursorclass=pymysql.cursors.SSCursor) as session:
        cursor = session.cursor()
        cursor.execute("SELECT i, i * 2 FROM range(3000000) r(i)")
        assert cursor.fetchone() == (0, 0)
        last, count = None, 1
        for last in cursor:
            count += 1
        assert (count, last) == (3000000, (2999999, 5999998))
        cursor.close()


def test_databases_are_chosen_at_login_and_later(server):
    with connect(server) as session, session.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
        session.select_db("shop")
        cursor.execute("SELECT DATABASE()")
        assert cursor.fetchall() == (("shop",),)
        with pytest.raises(pymysql.err.OperationalError) as missing:
            session.select_db("nowhere")
        assert missing.value.args[0] == 1049
    with connect(server, database="shop") as session, session.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT)")
        assert cursor.execute("INSERT INTO t VALUES (1), (2)") == 2
        session.commit()
    with pytest.raises(pymysql.err.OperationalError) as missing:
        connect(server, database="nowhere")
    assert missing.value.args[0] == 1049


def test_the_status_tells_of_transactions(server):
    with connect(server, autocommit=True) as session, session.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert session.server_status & SERVER_STATUS.SERVER_STATUS_AUTOCOMMIT
        cursor.execute("BEGIN")
        assert session.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS
        cursor.execute("ROLLBACK")
        assert not session.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS


def test_an_error_leaves_the_connection_usable(server):
    with connect(server) as session, session.cursor() as cursor:
        with pytest.raises(pymysql.err.ProgrammingError):
            cursor.execute("SELECT * FROM no_such_table")
        session.ping(reconnect=False)
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == ((1,),)


def test_kill_query_ends_a_running_statement(server):
    with connect(server) as victim, connect(server) as killer:
        begun = threading.Event()
        outcome = []

        def run():
            with victim.cursor() as cursor:
                begun.set()
                try:
                    cursor.execute("SELECT count(*) FROM range(100000000000) a(i) WHERE i % 7 = 8")
                    outcome.append("finished")
                except pymysql.MySQLError as wrong:
                    outcome.append(wrong.args[0])

        worker = threading.Thread(target=run)
        worker.start()
        begun.wait()
        with killer.cursor() as cursor:
            while worker.is_alive():
                cursor.execute(f"KILL QUERY {victim.thread_id()}")
                worker.join(0.1)
        assert outcome == [1317]
        with victim.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == ((1,),)


def test_kill_ends_another_connection(server):
    with connect(server) as victim, connect(server) as killer:
        with killer.cursor() as cursor:
            cursor.execute(f"KILL {victim.thread_id()}")
        with pytest.raises(pymysql.MySQLError), victim.cursor() as cursor:
            cursor.execute("SELECT 1")
