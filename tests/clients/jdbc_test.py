"""Connector/J, MySQL's driver for Java: text and server-side prepared statements, cursors, TLS,
compression, generated keys, and the metadata that BI tools live on."""

import shutil
import subprocess

import pytest
from lib import places

SOURCE = places.ROOT / "tests" / "clients" / "Jdbc.java"
DRIVER = places.ROOT / ".deps" / "java" / "mysql-connector-j.jar"
PLAIN = "sslMode=DISABLED&allowPublicKeyRetrieval=true&allowLoadLocalInfile=true"
WAYS = {
    "text": PLAIN,
    "prepared": PLAIN + "&useServerPrepStmts=true&cachePrepStmts=true",
    "cursor": PLAIN + "&useServerPrepStmts=true&useCursorFetch=true",
    "tls": "sslMode=REQUIRED&useServerPrepStmts=true&allowLoadLocalInfile=true",
    "zlib": PLAIN + "&useCompression=true&useServerPrepStmts=true",
    "show": PLAIN + "&useInformationSchema=false",
    "bulk": PLAIN + "&rewriteBatchedStatements=true&allowMultiQueries=true",
}


@pytest.mark.parametrize("way", WAYS)
def test_connector_j_is_served(server, way):
    assert shutil.which("java") and DRIVER.exists(), "run tools/bootstrap --for test"
    server.connect().execute("SET PASSWORD = 'sesame'")
    server.connect(password="sesame").execute("CREATE DATABASE shop")
    server.connect(password="sesame").execute("SET GLOBAL local_infile = ON")
    url = "jdbc:mysql://{}:{}/shop?{}".format(*server.mysql, WAYS[way])
    ran = subprocess.run(["java", "-cp", DRIVER, SOURCE, url, "sesame"], text=True, timeout=400,
                         capture_output=True)
    assert ran.returncode == 0 and ran.stdout == "done\n", ran.stderr
