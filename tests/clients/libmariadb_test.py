"""libmariadb in C: prepared statements with bound buffers, long data, cursors, TLS, compression."""

import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).with_name("libmariadb.c")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    compiler = shutil.which("cc")
    assert compiler, "run tools/bootstrap --for test"
    made = tmp_path_factory.mktemp("libmariadb") / "client"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmariadb"], text=True,
                           capture_output=True, check=True).stdout.split()
    subprocess.run([compiler, "-std=c11", "-Wall", "-Werror", SOURCE, "-o", made, *flags],
                   check=True)
    return made


@pytest.mark.parametrize("way", ["plain", "tls", "zlib"])
def test_libmariadb_is_served(server, program, way):
    server.connect().execute("SET PASSWORD = 'sesame'")
    port = str(server.mysql[1])
    ran = subprocess.run([program, port, "sesame", way], text=True, timeout=240,
                         capture_output=True)
    assert ran.returncode == 0 and ran.stdout == "done\n", ran.stderr
