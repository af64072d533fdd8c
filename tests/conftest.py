"""pytest fixtures of the black-box tests. ctest runs each *_test.py by itself; so can you:

    PYTHONPATH=tests .deps/venv/bin/python3 -m pytest tests/flow/some_test.py
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lib import kafka, places  # noqa: E402
from lib.server import Server  # noqa: E402

_ALL_SKIPPED = 77


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash_failed = report.failed
    return report


def pytest_sessionfinish(session, exitstatus):
    """A file whose every test was skipped must not look like one that passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    if exitstatus == 0 and stats.get("skipped") and not stats.get("passed"):
        session.exitstatus = _ALL_SKIPPED


@pytest.fixture
def make_server(request, tmp_path):
    """Makes servers that are not started yet; ends them, and shows their logs after a failure."""
    made = []

    def make(name="server"):
        server = Server(tmp_path / name)
        made.append(server)
        return server

    yield make
    for server in made:
        server.kill()
        if getattr(request.node, "stash_failed", True):
            print(server.log_tail())


@pytest.fixture
def server(make_server):
    """A running server on an empty folder."""
    return make_server().start()


@pytest.fixture
def session(server):
    """A SQL session on a running server."""
    return server.connect()


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """The real Kafka that all tests share: topics are each test's own. Never stop or kill it."""
    shared = kafka.shared_broker()
    if shared is not None:
        yield shared
        return
    own = kafka.Broker(tmp_path_factory.mktemp("kafka")).start()
    yield own
    own.kill()


@pytest.fixture
def make_broker(tmp_path):
    """Makes real Kafka brokers of the test's own, not started yet, to be killed at will."""
    made = []

    def make(name="kafka"):
        one = kafka.Broker(tmp_path / name)
        made.append(one)
        return one

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def shared_folder():
    folder = places.shared_folder()
    if folder is None:
        pytest.skip("the shared reference data is not there; set MILLRACE_SHARED")
    return folder
