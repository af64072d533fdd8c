"""A millrace server on a folder and free ports, to be started, asked, killed and started again."""

import pathlib
import re
import signal
import subprocess

from lib import places, process, sql

READY_TIMEOUT_S = 180
STOP_TIMEOUT_S = 180
_READY = re.compile(r"ready mysql=(\S+):(\d+) http=(\S+):(\d+)")


class Server:
    """One `millrace serve` on one data folder. `log` holds the stderr of all its lives."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.process = None
        self.mysql = None
        self.http = None
        self._sessions = []

    def start(self, *, fault=None, env=None, arguments=()):
        """Starts it and waits for its ready line; `fault` is a MILLRACE_FAULT specification."""
        self.launch(fault=fault, env=env, arguments=arguments)
        line = process.read_line_starting(self.process, "ready ", READY_TIMEOUT_S)
        ready = _READY.match(line) if line else None
        if not ready:
            status = self.process.poll()
            self.kill()
            raise AssertionError(f"the server was not ready (line {line!r}, exit status {status})"
                                 f"\n{self.log_tail()}")
        self.mysql = (ready[1], int(ready[2]))
        self.http = (ready[3], int(ready[4]))
        return self

    def launch(self, *, fault=None, env=None, arguments=()):
        """Starts it without waiting; for starts that are meant to fail."""
        assert self.process is None, "the server runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [places.millrace_binary(), "serve", "--data", self.data, "--mysql-listen",
                   "127.0.0.1:0", "--http-listen", "127.0.0.1:0", *arguments]
        variables = dict(env or {})
        if fault:
            variables["MILLRACE_FAULT"] = fault
        with open(self.log, "ab") as log:
            self.process = process.start(command, env=variables, stderr=log)

    def connect(self, **options):
        """A new SQL session; it is closed with the server at the latest."""
        session = sql.Session(*self.mysql, **options)
        self._sessions.append(session)
        return session

    def wait_for_exit(self, timeout_s=STOP_TIMEOUT_S):
        """The exit status (negative: the signal that ended it)."""
        try:
            status = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end within {timeout_s} s") from None
        self._forget()
        return status

    def terminate(self):
        """SIGTERM, as an operator stops it; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_for_exit()

    def kill(self):
        """SIGKILL, as a crash ends it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._forget()

    def restart(self, **options):
        """SIGTERM and a new start on the same folder."""
        status = self.terminate()
        assert status == 0, f"the server ended with status {status}\n{self.log_tail()}"
        return self.start(**options)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log_tail(self, lines=80):
        if not self.log.exists():
            return "(the server logged nothing)"
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(["--- the end of the server's log ---", *text[-lines:]])

    def _forget(self):
        for session in self._sessions:
            session.close()
        self._sessions.clear()
        self.process = None
