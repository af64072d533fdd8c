"""Where things are: the binary under test, the bootstrap's files, the shared reference data."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def millrace_binary():
    """The binary under test: $MILLRACE_BIN (ctest sets it), else the newest of the usual builds."""
    chosen = os.environ.get("MILLRACE_BIN")
    if chosen:
        return pathlib.Path(chosen)
    built = [path for path in (ROOT / "build" / "dev" / "millrace", ROOT / "build" / "millrace")
             if path.exists()]
    if not built:
        raise FileNotFoundError("no millrace binary: run make build, or set MILLRACE_BIN")
    return max(built, key=lambda path: path.stat().st_mtime)


def shared_folder():
    """The reference data beside the source tree ($MILLRACE_SHARED, else ../shared), or None."""
    folder = pathlib.Path(os.environ.get("MILLRACE_SHARED") or ROOT.parent / "shared")
    return folder if folder.is_dir() else None
