"""sqlx, Rust's usual driver: prepared statements, big results, errors, transactions, a pool."""

import pathlib
import shutil
import subprocess

import pytest
from lib import places

SOURCES = pathlib.Path(__file__).with_name("rust")
BUILD_S = 700  # a hundred crates, once: half a minute on two cores


@pytest.fixture(scope="module")
def program():
    if not shutil.which("cargo"):
        pytest.skip("cargo is not installed")
    target = places.ROOT / "build" / "rust-client"
    built = subprocess.run(["cargo", "build", "--locked", "--quiet", "--target-dir", target],
                           cwd=SOURCES, text=True, timeout=BUILD_S, capture_output=True)
    unreachable = ("failed to download", "spurious network error", "Could not resolve")
    if built.returncode != 0 and any(word in built.stderr for word in unreachable):
        pytest.skip("Rust's crates cannot be downloaded")
    if built.returncode != 0 and "requires rustc" in built.stderr:
        pytest.skip("this rustc is too old for sqlx")
    assert built.returncode == 0, built.stderr
    return target / "debug" / "client"


def test_rusts_sqlx_is_served(server, program):
    server.connect().execute("CREATE DATABASE shop")
    ran = subprocess.run([program, *map(str, server.mysql)], text=True, timeout=240,
                         capture_output=True)
    assert ran.returncode == 0 and ran.stdout == "done\n", ran.stderr
