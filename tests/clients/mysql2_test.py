"""mysql2, the usual MySQL client of Node.js, against the server."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from lib import places

SCRIPT = pathlib.Path(__file__).with_name("mysql2.js")
MODULES = places.ROOT / ".deps" / "node" / "node_modules"


@pytest.mark.parametrize("way", ["plain", "tls", "zlib"])
@pytest.mark.parametrize("password", ["", "sesame"])
@pytest.mark.parametrize("plugin", ["caching_sha2_password", "mysql_native_password"])
def test_mysql2_is_served(make_server, plugin, password, way):
    assert shutil.which("node") and MODULES.is_dir(), "run tools/bootstrap --for test"
    server = make_server().start(arguments=["--auth-plugin", plugin])
    if password:
        server.connect().execute(f"SET PASSWORD = '{password}'")
    ran = subprocess.run(["node", SCRIPT, str(server.mysql[1]), password, way], text=True,
                         env={**os.environ, "NODE_PATH": str(MODULES)}, capture_output=True,
                         timeout=240)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "row": {"one": 1, "text": "h\u00e9llo", "number": 1.5, "nothing": None,
                "big": "9007199254740993", "day": "2026-11-23", "tree": {"a": [1, 2]}},
        "names": ["one", "text", "number", "nothing", "big", "day", "tree"],
        "several": [1, 2],
        "database": "node",
        "error": [1146, "42S02"],
        "count": 200000,
        "prepared": [1,
                     {"id": 1, "name": "h\u00e9 ' --", "bytes": "00ff5c78",
                      "at": "2026-11-23 10:00:01"},
                     {"id": 2, "name": None, "bytes": None, "at": None}],
        "preparedCount": [100000, 49999.5],
        "preparedError": 1146,
        "left": 2,
        "wrong": 1045,
    }
