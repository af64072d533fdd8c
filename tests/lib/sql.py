"""A SQL session through PyMySQL, a client library that many programs use."""

import re
import time

import pymysql
from pymysql.constants import CLIENT

# Longer than anything takes, even on a machine that has no time for it.
WAIT_TIMEOUT_S = 120
_POLL_S = 0.05


class Session:
    """One connection. Rows are lists of tuples; `raw` sessions give every value as text."""

    def __init__(self, host, port, *, user="root", password="", database=None, raw=False):
        extra = {"conv": {}} if raw else {}
        self.connection = pymysql.connect(
            host=host, port=port, user=user, password=password, database=database,
            autocommit=True, connect_timeout=WAIT_TIMEOUT_S, read_timeout=300, write_timeout=300,
            client_flag=CLIENT.MULTI_STATEMENTS, **extra)

    def close(self):
        if self.connection.open:
            # The server may be gone: drop the socket without a farewell.
            self.connection._force_close()

    def execute(self, sql):
        """Runs one or several statements; the rows of the last."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            rows = list(cursor.fetchall())
            while cursor.nextset():
                rows = list(cursor.fetchall())
            return rows

    def rows(self, sql):
        return self.execute(sql)

    def columns(self, sql):
        """The column names of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [column[0] for column in cursor.description or []]

    def value(self, sql):
        """The one value of a query that gives one row of one column."""
        rows = self.execute(sql)
        assert len(rows) == 1 and len(rows[0]) == 1, f"{sql} gave {rows!r}, not one value"
        return rows[0][0]

    def error(self, sql):
        """The text of the error that the statement must give."""
        try:
            rows = self.execute(sql)
        except pymysql.MySQLError as wrong:
            return error_text(wrong)
        raise AssertionError(f"{sql} gave {rows!r}, not an error")

    def expect_error(self, sql, pattern):
        text = self.error(sql)
        assert re.search(pattern, text), f"{sql} gave the error {text!r}, not /{pattern}/"

    def wait_until(self, sql, expected, timeout_s=WAIT_TIMEOUT_S):
        """Asks until the answer is `expected`; the answer.

        `expected` is a list of rows, one value, or a function of the rows that gives a bool.
        """
        if callable(expected):
            right = expected
        elif isinstance(expected, list):
            def right(rows):
                return rows == expected
        else:
            def right(rows):
                return len(rows) == 1 and rows[0][0] == expected
        deadline = time.monotonic() + timeout_s
        while True:
            rows = self.execute(sql)
            if right(rows):
                return rows
            if time.monotonic() > deadline:
                raise AssertionError(f"after {timeout_s} s {sql} still gives {rows[:20]!r}, "
                                     f"not {expected!r}")
            time.sleep(_POLL_S)


def error_text(wrong):
    """`1105: message`, much as the mysql client shows an error."""
    code, message = (list(wrong.args) + ["", ""])[:2]
    return f"{code}: {message}"
