"""A schema registry in this process: the two answers of Confluent's HTTP interface that a reader
needs, behind a password if wanted."""

import base64
import http.server
import json
import random
import re
import threading


# Below those that the kernel gives to clients: while it does not answer, nobody takes its port, nor
# does a client that tries again on the loopback connect to itself.
_PORTS = range(20000, 32000)


class Registry:
    """Schemas by id and by subject; `calls` are the paths that were asked for."""

    def __init__(self, user=None):
        self.schemas = {}
        self.subjects = {}
        self.calls = []
        self._user = user
        self._server = None
        self._port = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def start(self):
        """Begins to answer, on the port it had before."""
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                registry.calls.append(self.path)
                status, answer = registry.answer(self.path, self.headers.get("Authorization"))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        while self._server is None:
            port = self._port or random.choice(_PORTS)
            try:
                self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
            except OSError:
                if self._port:
                    raise
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def register(self, number, schema, references=()):
        """`references`: [(name, subject, version)]."""
        self.schemas[number] = {"schema": json.dumps(schema), "references": [
            {"name": name, "subject": subject, "version": version}
            for name, subject, version in references]}

    def register_subject(self, subject, version, schema):
        self.subjects[(subject, version)] = {"schema": json.dumps(schema)}

    def answer(self, path, authorization):
        if self._user is not None:
            wanted = "Basic " + base64.b64encode(self._user.encode()).decode()
            if authorization != wanted:
                return 401, {"error_code": 40101, "message": "who are you"}
        by_id = re.fullmatch(r"/schemas/ids/(\d+)", path)
        found = self.schemas.get(int(by_id[1])) if by_id else None
        by_subject = re.fullmatch(r"/subjects/([^/]+)/versions/(\d+)", path)
        if by_subject:
            found = self.subjects.get((by_subject[1], int(by_subject[2])))
        return (200, found) if found else (404, {"error_code": 40403, "message": "not found"})
