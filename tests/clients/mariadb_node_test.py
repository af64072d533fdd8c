"""mariadb, MariaDB's client of Node.js: a pool, prepared statements, batches, streams."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from lib import places

SCRIPT = pathlib.Path(__file__).with_name("mariadb.js")
MODULES = places.ROOT / ".deps" / "node" / "node_modules"


@pytest.mark.parametrize("way", ["plain", "tls", "zlib"])
@pytest.mark.parametrize("password", ["", "sesame"])
def test_mariadbs_client_is_served(make_server, password, way):
    assert shutil.which("node") and MODULES.is_dir(), "run tools/bootstrap --for test"
    server = make_server().start()
    if password:
        server.connect().execute(f"SET PASSWORD = '{password}'")
    ran = subprocess.run(["node", SCRIPT, str(server.mysql[1]), password, way], text=True,
                         env={**os.environ, "NODE_PATH": str(MODULES)}, capture_output=True,
                         timeout=240)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "database": "node",
        "made": [1, 1],
        "batch": 3,
        "rows": [{"id": 1, "name": "h\u00e9 ' --", "bytes": "00ff5c", "price": "1.25",
                  "at": "2026-11-23 10:00:01.000000"},
                 {"id": 2, "name": "a", "bytes": None, "price": None, "at": None}],
        "next": [2, 42],
        "big": 100000,
        "streamed": 50000,
        "error": [1146, "42S02"],
        "left": 4,
        "together": [1, 2, 3],
        "wrong": 1045,
    }
