"""go-sql-driver/mysql, Go's usual driver: values in text and in binary, TLS, transactions."""

import pathlib
import shutil
import subprocess

import pytest

SOURCES = pathlib.Path(__file__).with_name("go")
WAYS = {"prepared": "parseTime=true", "text": "parseTime=true&interpolateParams=true",
        "tls": "parseTime=true&tls=skip-verify"}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if not shutil.which("go"):
        pytest.skip("Go is not installed")
    made = tmp_path_factory.mktemp("go") / "client"
    built = subprocess.run(["go", "build", "-o", made, "."], cwd=SOURCES, text=True, timeout=400,
                           capture_output=True)
    if built.returncode != 0 and "dial tcp" in built.stderr:
        pytest.skip("Go's modules cannot be downloaded")
    assert built.returncode == 0, built.stderr
    return made


@pytest.mark.parametrize("way", WAYS)
def test_gos_driver_is_served(server, program, way):
    server.connect().execute("SET PASSWORD = 'sesame'")
    server.connect(password="sesame").execute("CREATE DATABASE shop")
    server.connect(password="sesame").execute("SET GLOBAL local_infile = ON")
    dsn = "root:sesame@tcp({}:{})/shop?{}".format(*server.mysql, WAYS[way])
    ran = subprocess.run([program, dsn], text=True, timeout=240, capture_output=True)
    assert ran.returncode == 0 and ran.stdout == "done\n", ran.stderr
