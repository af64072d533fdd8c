"""A child process that cannot outlive its test."""

import ctypes
import os
import pathlib
import selectors
import signal
import subprocess
import threading
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, *, env=None, stderr=None, cwd=None):
    """Starts `command` with its stdout as a pipe; the kernel kills it when this process ends."""
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=stderr, cwd=cwd,
                            env={**os.environ, **(env or {})}, preexec_fn=_die_with_parent)


def read_line_starting(process, word, timeout_s):
    """The first line on stdout that starts with `word`, and then keeps the pipe drained.

    None when the process ended or the time ran out before there was one.
    """
    deadline = time.monotonic() + timeout_s
    pending = b""
    found = None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while found is None:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                return None
            part = os.read(process.stdout.fileno(), 65536)
            if not part:
                return None
            *lines, pending = (pending + part).split(b"\n")
            found = next((line for line in lines if line.startswith(word.encode())), None)
    threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
    return found.decode()


def let_live(seconds):
    """Lets things run until a moment that is the test's own choice, such as that of a kill."""
    time.sleep(seconds)


def running(part):
    """The ids of processes that have `part` in their command line or environment."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            known = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue  # it has ended
        if part.encode() in known:
            found.append(int(folder.name))
    return found


def kill_if_there(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _drain(pipe):
    with pipe:
        while os.read(pipe.fileno(), 65536):
            pass
