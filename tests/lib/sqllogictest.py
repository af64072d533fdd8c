"""Runs .slt files: SQL and what it must answer, over the MySQL wire with PyMySQL.

    PYTHONPATH=tests .deps/venv/bin/python3 -m lib.sqllogictest [--rewrite] tests/slt/some.slt ...

A file is a list of records, separated by empty lines; `#` starts a comment line. Each file gets a
server of its own on an empty folder. The records:

    statement ok                     the SQL below must work
    statement error <regex>          ... must fail with an error like `1105: message`
    query ITR [rowsort] [retry]      ... must give the rows below `----`, fields separated by tabs
    connection NAME                  the next record runs on the session of that name
    restart | kill                   SIGTERM or SIGKILL the server, then start it on the same folder
    require kafka|shared             this file needs the real broker, or the shared data
    topic NAME [PARTITIONS]          makes a topic; its real name is ${NAME}
    produce NAME [PARTITION]         the lines below are sent to it, one message each

Column types: I integer, R number (compared as floats, 1e-6 relative), T text; NULL and (empty)
stand for themselves. rowsort compares the rows in any order, retry asks again until they are equal
or two minutes have passed. ${KAFKA}, ${DIR}, ${SHARED}, ${SOURCE} and the topics are replaced in
SQL and in expected text. --rewrite writes the answers that came into the file.
"""

import dataclasses
import math
import os
import pathlib
import re
import string
import sys
import tempfile
import time

import pymysql

from lib import kafka, places
from lib.server import Server
from lib.sql import WAIT_TIMEOUT_S, error_text

_RETRY_POLL_S = 0.05
_SKIPPED = 77
_COMMANDS = {"statement", "query", "connection", "restart", "kill", "require", "topic", "produce"}


class Mismatch(Exception):
    """A record whose answer is not the one in the file, or that cannot be read."""


class Skip(Exception):
    """The machine lacks what the file requires."""


@dataclasses.dataclass
class Record:
    line: int                 # of the head, from 1
    words: list               # the head, split
    head: str
    body: list                # the lines of SQL or messages
    expected: list            # the lines below ----
    answer_at: int            # index of the line after ----, -1 when there is none


def parse(text):
    """The records of a file. Raises Mismatch for a head that is none."""
    lines = text.split("\n")
    records, at = [], 0
    while at < len(lines):
        head = lines[at].strip()
        if not head or head.startswith("#"):
            at += 1
            continue
        words = head.split()
        if words[0] not in _COMMANDS:
            raise Mismatch(f"line {at + 1}: no record starts with \"{words[0]}\"")
        first, body, expected, answer_at = at + 1, [], [], -1
        at += 1
        while at < len(lines) and lines[at].strip():
            if lines[at] == "----" and words[0] == "query":
                answer_at = at + 1
            else:
                (body if answer_at < 0 else expected).append(lines[at])
            at += 1
        records.append(Record(first, words, head, body, expected, answer_at))
    return records


def cell_text(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    text = str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return text if text else "(empty)"


def same_cell(kind, got, wanted):
    if got == wanted:
        return True
    if kind != "R":
        return False
    try:
        return math.isclose(float(got), float(wanted), rel_tol=1e-6, abs_tol=1e-12)
    except ValueError:
        return False


def same_rows(kinds, got, wanted):
    """Compares rows of cells, column by column as their kind asks."""
    return len(got) == len(wanted) and all(
        len(a) == len(b) and all(map(same_cell, kinds, a, b)) for a, b in zip(got, wanted))


class Runner:
    """One file on one server."""

    def __init__(self, path, folder):
        self.path = pathlib.Path(path)
        self.folder = pathlib.Path(folder)
        self.server = Server(self.folder / "server")
        self.broker = None
        self.sessions = {}
        self.next_session = "main"
        self.names = {"DIR": str(self.folder), "SOURCE": str(places.ROOT)}
        self.answers = {}     # answer_at of a record -> (end of the old answer, the new lines)

    def run(self, rewrite=False):
        text = self.path.read_text()
        records = parse(text)
        for record in records:
            if record.words[0] == "require":
                self._require(record.words[1])
        self.server.start()
        for record in records:
            try:
                self._run_record(record, rewrite)
            except (Mismatch, AssertionError, pymysql.MySQLError) as wrong:
                reason = error_text(wrong) if isinstance(wrong, pymysql.MySQLError) else wrong
                raise Mismatch(f"{self.path}:{record.line}: {record.head}\n"
                               + "".join(f"    {line}\n" for line in record.body[:30])
                               + f"{reason}") from wrong
        self.server.terminate()
        if rewrite:
            self._write_answers(text)

    def _run_record(self, record, rewrite):
        verb = record.words[0]
        if verb == "statement":
            self._statement(record)
        elif verb == "query":
            self._query(record, rewrite)
        elif verb == "connection":
            self.next_session = record.words[1]
        elif verb == "topic":
            partitions = int(record.words[2]) if len(record.words) > 2 else 1
            self.names[record.words[1]] = self.broker.create_topic(record.words[1], partitions)
        elif verb == "produce":
            partition = int(record.words[2]) if len(record.words) > 2 else 0
            self.broker.produce(self.names[record.words[1]], record.body, partition)
        elif verb in ("restart", "kill"):
            self.sessions.clear()
            if verb == "kill":
                self.server.kill()
                self.server.start()
            else:
                self.server.restart()

    def _require(self, what):
        if what == "kafka":
            self.broker = kafka.shared_broker()
            if self.broker is None:
                self.broker = kafka.Broker(self.folder / "kafka").start()
            self.names["KAFKA"] = self.broker.address
        elif what == "shared":
            shared = places.shared_folder()
            if shared is None:
                raise Skip("the shared reference data is not there; set MILLRACE_SHARED")
            self.names["SHARED"] = str(shared)
        else:
            raise Mismatch(f"{self.path}: require knows kafka and shared, not \"{what}\"")

    def _session(self):
        """The session for this record; only a `connection` line moves away from `main`."""
        name, self.next_session = self.next_session, "main"
        if name not in self.sessions:
            self.sessions[name] = self.server.connect(raw=True)
        return self.sessions[name]

    def _replace(self, text):
        return string.Template(text).safe_substitute(self.names)

    def _statement(self, record):
        sql = self._replace("\n".join(record.body))
        session = self._session()
        kind = record.words[1] if len(record.words) > 1 else ""
        if kind == "ok":
            session.execute(sql)
        elif kind == "error":
            pattern = self._replace(record.head.split("error", 1)[1].strip())
            if not pattern:
                raise Mismatch("statement error needs the text of the error")
            text = session.error(sql)
            if not re.search(pattern, text, re.DOTALL):
                raise Mismatch(f"the error was\n    {text}\nnot like\n    {pattern}")
        else:
            raise Mismatch(f"a statement is ok or error, not \"{kind}\"")

    def _query(self, record, rewrite):
        kinds = record.words[1] if len(record.words) > 1 else ""
        options = set(record.words[2:])
        if not kinds or set(kinds) - set("ITR") or options - {"rowsort", "retry"}:
            raise Mismatch("a query is: query TYPES [rowsort] [retry], TYPES of I, T and R")
        sql = self._replace("\n".join(record.body))
        wanted = [self._replace(line).split("\t") for line in record.expected]
        session = self._session()
        sort = "rowsort" in options
        wanted = sorted(wanted) if sort else wanted
        deadline = time.monotonic() + (WAIT_TIMEOUT_S if "retry" in options else 0)
        while True:
            got = [[cell_text(value) for value in row] for row in session.rows(sql)]
            got = sorted(got) if sort else got
            if any(len(row) != len(kinds) for row in got):
                raise Mismatch(f"{len(got[0])} columns came, {len(kinds)} types are given")
            if same_rows(kinds, got, wanted):
                return
            if time.monotonic() >= deadline:
                break
            time.sleep(_RETRY_POLL_S)
        came = ["\t".join(row) for row in got]
        if rewrite and record.answer_at >= 0:
            self.answers[record.answer_at] = (record.answer_at + len(record.expected), came)
            return
        raise Mismatch("expected\n" + "".join(f"    {line}\n" for line in record.expected)
                       + "came\n" + "".join(f"    {line}\n" for line in came[:200]))

    def _write_answers(self, text):
        lines = text.split("\n")
        for start in sorted(self.answers, reverse=True):
            end, came = self.answers[start]
            lines[start:end] = came
        self.path.write_text("\n".join(lines))


def run_file(path, rewrite):
    """0 when the file holds, 1 when not, 77 when it cannot be tried here."""
    with tempfile.TemporaryDirectory(prefix="millrace-slt-") as folder:
        runner = Runner(path, folder)
        try:
            runner.run(rewrite)
        except Skip as reason:
            print(f"SKIP {path}: {reason}")
            return _SKIPPED
        except (Mismatch, AssertionError, pymysql.MySQLError) as wrong:
            print(f"FAIL {wrong}\n{runner.server.log_tail()}")
            return 1
        finally:
            runner.server.kill()
            if runner.broker is not None and not os.environ.get("MILLRACE_KAFKA_DIR"):
                runner.broker.kill()
    print(f"ok {path}")
    return 0


def main():
    words = sys.argv[1:]
    paths = [word for word in words if word != "--rewrite"]
    if not paths:
        print(__doc__)
        return 2
    return max(run_file(path, "--rewrite" in words) for path in paths)


if __name__ == "__main__":
    sys.exit(main())
