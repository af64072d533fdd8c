"""`millrace sql` on a terminal: a person types into a pty."""

import os
import pty
import re
import select
import signal
import stat
import subprocess
import time

import pytest
from lib import places

WAIT_S = 240


class Terminal:
    """One `millrace sql` on a terminal of its own."""

    def __init__(self, server, home):
        host, port = server.mysql
        self.master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [places.millrace_binary(), "sql", "--server", f"{host}:{port}"],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: os.environ.pop("MILLRACE_HISTORY", None),
            env={**os.environ, "HOME": str(home), "TERM": "dumb"})
        os.close(slave)
        self.expect("millrace> ")

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern):
        """Reads until the pattern is there; forgets what was read up to its end."""
        deadline = time.monotonic() + WAIT_S
        while True:
            found = re.search(pattern, self.text)
            if found:
                before, self.text = self.text[:found.end()], self.text[found.end():]
                return before
            left = deadline - time.monotonic()
            ready = select.select([self.master], [], [], max(0, left))[0]
            assert ready, f"{pattern} did not come, but {self.text!r}"
            try:
                self.text += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"it ended before {pattern}: {self.text!r}") from None

    def ask(self, statement, pattern):
        self.type(statement + "\n")
        return self.expect(pattern)

    def interrupt(self):
        """Ctrl-C while a statement runs; the terminal makes a signal of it."""
        os.kill(self.process.pid, signal.SIGINT)

    def leave(self):
        self.type("\\q\n")
        status = self.process.wait(WAIT_S)
        os.close(self.master)
        return status


@pytest.fixture
def terminal(server, tmp_path):
    terminal = Terminal(server, tmp_path)
    yield terminal
    terminal.process.kill()
    terminal.process.wait()


def test_statements_have_several_lines_and_results_are_tables(terminal):
    terminal.type("SELECT 'a;b' AS text,\n")
    terminal.expect("-> ")
    terminal.type("  40 + 2 AS n; -- the end\n")
    shown = terminal.expect("1 row")
    assert "| a;b  | 42 |" in shown
    terminal.ask("SELECT * FROM no_such;", r"\"no_such\" does not exist")
    terminal.ask("SELECT 7 AS still;", r"\|     7 \|")
    assert terminal.leave() == 0


def test_the_history_is_private_and_has_no_passwords(terminal, server, tmp_path):
    terminal.ask("SELECT 'kept' AS x;", "1 row")
    terminal.ask("SET PASSWORD = 'hush';", "OK")
    terminal.ask("SET PASSWORD = '';", "OK")
    assert terminal.leave() == 0
    file = tmp_path / ".millrace_history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "kept" in file.read_text() and "hush" not in file.read_text()
    again = Terminal(server, tmp_path)
    again.type("\x10")  # Ctrl-P: the one before
    again.expect("SELECT 'kept' AS x;")
    again.type("\n")
    again.expect("1 row")
    assert again.leave() == 0


def test_tab_completes_keywords_and_names(terminal, server):
    server.connect().execute("CREATE DATABASE shop; CREATE TABLE shop.couples_of_today (i INT)")
    terminal.type("sel\t")
    terminal.expect("select ")
    terminal.type("count(*) from shop.couples_o\t;\n")
    terminal.expect("couples_of_today ;")
    terminal.expect("1 row")
    assert terminal.leave() == 0


def test_ctrl_c_ends_the_statement_and_not_the_client(terminal, server):
    terminal.type("SELECT 1 +\n")
    terminal.expect("-> ")
    terminal.type("\x03")
    terminal.expect("millrace> ")
    terminal.type("SELECT count(*) FROM range(100000000000) a(i) WHERE i % 7 = 8;\n")
    server.connect().wait_until("SHOW PROCESSLIST",
                                lambda rows: any("i % 7" in str(row) and row[4] == "Query"
                                                 and "SELECT" in str(row[7]) for row in rows))
    terminal.interrupt()
    terminal.expect("interrupted")
    terminal.expect("millrace> ")
    terminal.ask("SELECT 7 AS still;", r"\|     7 \|")
    assert terminal.leave() == 0


def test_watch_runs_it_again_until_ctrl_c(terminal):
    terminal.ask("CREATE DATABASE d; USE d; CREATE SEQUENCE turn;", "OK[^$]*OK[^$]*OK")
    terminal.ask("SELECT nextval('turn') AS turn;", r"\|    1 \|")
    terminal.type("\\watch 0.1\n")
    for turn in (2, 3, 4):
        terminal.expect(rf"\|    {turn} \|")
    terminal.interrupt()
    terminal.expect("millrace> ")
    assert "watch" in terminal.ask("\\?", "Ctrl-C")
    assert terminal.leave() == 0
