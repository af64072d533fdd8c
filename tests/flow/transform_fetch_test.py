"""WITH TRANSFORM ('http...'): programs that a web server gives, and whatever else it may answer."""

import http.server
import io
import os
import ssl
import subprocess
import tarfile
import threading

import pytest

PROGRAM = b"""#!/bin/sh
sed 's/$/,VERSION/'
"""
MIB = 1 << 20


class Web:
    """A web server in this process; `answers` is what it gives: path -> function of the handler."""

    def __init__(self, certificate=None):
        self.answers = {}
        self.calls = []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                web.calls.append(self.path)
                web.answers.get(self.path, status(404))(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def status(number, body=b"", **headers):
    def answer(handler):
        handler.send_response(number)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return answer


def program(version):
    return PROGRAM.replace(b"VERSION", version.encode())


@pytest.fixture
def web():
    made = Web()
    yield made
    made.stop()


@pytest.fixture
def certificate(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", "key",
                    "-out", "certificate"], cwd=tmp_path, check=True, capture_output=True)
    both = tmp_path / "both.pem"
    both.write_text((tmp_path / "key").read_text() + (tmp_path / "certificate").read_text())
    return both


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "in"
    made.mkdir()
    for number in range(2):
        put(made, number)
    return made


def put(folder, number):
    """One that nobody could still be writing."""
    path = folder / f"{number}.csv"
    path.write_text(f"{number}\n")
    os.utime(path, (1, 1))


@pytest.fixture
def shop(session):
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (a BIGINT, b VARCHAR)")
    return session


def statement(folder, uri, name="", verb="CREATE PIPELINE feed"):
    return (f"{verb} AS LOAD DATA FS '{folder}/*.csv' WITH TRANSFORM ('{uri}', '{name}', '') "
            "INTO TABLE t FIELDS TERMINATED BY ','")


def test_a_program_is_fetched_once_kept_and_fetched_again_when_asked(make_server, web, folder):
    web.answers["/t.sh?key=1"] = status(200, program("one"))
    server = make_server().start()
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (a BIGINT, b VARCHAR)")
    session.execute(statement(folder, web.url + "/t.sh?key=1#x"))
    shown = session.rows("SHOW CREATE PIPELINE feed")[0][1]
    assert f"WITH TRANSFORM ('{web.url}/t.sh?key=1#x', '', '')" in shown
    # Neither a run nor a restart of the server asks for it again.
    web.answers.clear()
    server.restart()
    session = server.connect(database="shop")
    session.execute("START PIPELINE feed FOREGROUND")
    assert session.rows("SELECT a, b FROM t ORDER BY a") == [(0, "one"), (1, "one")]
    session.expect_error("ALTER PIPELINE feed RELOAD TRANSFORM", "status 404")
    assert web.calls == ["/t.sh?key=1", "/t.sh?key=1"]
    # A statement that does nothing asks for nothing.
    session.execute(statement(folder, web.url + "/t.sh?key=1",
                              verb="CREATE PIPELINE IF NOT EXISTS feed"))
    assert len(web.calls) == 2
    web.answers["/t.sh?key=1"] = status(200, program("two"))
    session.execute("ALTER PIPELINE feed RELOAD TRANSFORM")
    put(folder, 2)
    session.execute("START PIPELINE feed FOREGROUND")
    assert session.rows("SELECT b FROM t WHERE a = 2") == [("two",)]


def test_redirects_are_followed_and_an_archive_is_told_by_its_path(shop, web, folder):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("bin/t.sh")
        entry.size, entry.mode = len(program("packed")), 0o755
        archive.addfile(entry, io.BytesIO(program("packed")))
    web.answers["/a/t.tar.gz?v=1"] = status(302, b"elsewhere", Location="../b/t")
    web.answers["/a/../b/t"] = status(301, b"", Location="/c")
    web.answers["/c"] = status(307, b"", Location=web.url + "/d")
    web.answers["/d"] = status(200, packed.getvalue())
    shop.execute(statement(folder, web.url + "/a/t.tar.gz?v=1", "bin/t.sh"))
    shop.execute("START PIPELINE feed FOREGROUND")
    assert shop.rows("SELECT DISTINCT b FROM t") == [("packed",)]


def endless(handler):
    """More than anybody takes, without saying so beforehand."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"#!" + b"x" * MIB)
    except OSError:
        pass


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(program("cut"))


def huge(handler):
    """Whoever reads on would wait for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(300 * MIB))
    handler.end_headers()
    handler.wfile.write(b"#!/bin/sh\n")
    handler.rfile.read(1)


def test_whatever_else_is_answered_is_said_and_leaves_nothing(shop, web, folder, certificate):
    secure = Web(certificate)
    secure.answers["/t"] = status(200, program("x"))
    web.answers.update({
        "/missing": status(404, program("x")), "/gone": status(410), "/login": status(401),
        "/broken": status(500, b"oh"), "/empty": status(200), "/page": status(200, b"<html>"),
        "/no.tar.gz": status(200, b"<html>"), "/loop": status(302, Location="/loop"),
        "/nowhere": status(302), "/file": status(302, Location="file:///bin/ls"),
        "/endless": endless, "/cut": cut, "/huge": huge, "/tls": status(302, Location=secure.url),
        "/named": status(302, Location="http://a:b@127.0.0.1:1/")})
    wrong = {
        "/missing": "status 404", "/gone": "status 410", "/login": "status 401",
        "/broken": "status 500", "/empty": "is no program", "/page": "is no program",
        "/no.tar.gz": "is no gzip archive", "/loop": "more than five redirects",
        "/nowhere": 'redirects to ""', "/file": 'redirects to "file:///bin/ls"',
        "/endless": "has more than 256 MiB", "/huge": "has more than 256 MiB",
        "/cut": "the host broke off", "/tls": "certificate is not trusted",
        "/named": "redirects to"}
    for path, message in wrong.items():
        name = "t" if path.endswith(".gz") else ""
        shop.expect_error(statement(folder, web.url + path, name), message)
    for uri, message in {"http://127.0.0.1:1/t": "no connection to the host",
                         "http:///t": "names no host", "ftp://h/t": "is no URI of a program",
                         "http://a:secret@h/t": "has a name or password",
                         secure.url + "/t": "certificate is not trusted"}.items():
        shop.expect_error(statement(folder, uri), message)
    assert shop.rows("SHOW PIPELINES") == []
    assert shop.value("SELECT count(*) FROM t") == 0
    secure.stop()


def test_tls_is_kept_to(make_server, web, folder, certificate):
    secure = Web(certificate)
    secure.answers["/t"] = status(200, program("tls"))
    secure.answers["/down"] = status(302, Location=web.url + "/t")
    web.answers["/t"] = status(200, program("plain"))
    server = make_server().start(env={"SSL_CERT_FILE": str(certificate)})
    session = server.connect()
    session.execute("CREATE DATABASE shop; USE shop; CREATE TABLE t (a BIGINT, b VARCHAR)")
    session.expect_error(statement(folder, secure.url + "/down"), "which is not TLS")
    session.execute(statement(folder, secure.url + "/t"))
    session.execute("START PIPELINE feed FOREGROUND")
    assert session.rows("SELECT DISTINCT b FROM t") == [("tls",)]
    assert web.calls == []
    secure.stop()


def test_a_slow_host_holds_up_nobody_else(server, shop, web, folder):
    asked, go_on = threading.Event(), threading.Event()

    def slow(handler):
        asked.set()
        go_on.wait(60)
        status(200, program("slow"))(handler)

    web.answers["/t"] = slow
    other = server.connect(database="shop")
    waiting = threading.Thread(target=shop.execute, args=(statement(folder, web.url + "/t"),))
    waiting.start()
    assert asked.wait(60)
    web.answers["/quick"] = status(200, program("quick"))
    other.execute(statement(folder, web.url + "/quick", verb="CREATE PIPELINE quick"))
    other.execute("DROP PIPELINE quick")
    go_on.set()
    waiting.join()
    assert [row[0] for row in other.rows("SHOW PIPELINES")] == ["feed"]
