"""A data file of a server that does not run, opened with DuckDB's own library: for tests that
take something away behind millrace's back."""

import ctypes

from lib import places

_DUCKDB = places.ROOT / ".deps" / "duckdb" / "libduckdb.so"
_RESULT_BYTES = 256  # more than sizeof(duckdb_result)


def forget_snapshots(folder, which):
    """Takes those models away of which the condition holds. One is kept a second after the one
    before, so that which there are is a matter of the machine's speed."""
    with DataFile(folder) as file:
        file.run(f"DELETE FROM millrace_internal.snapshots WHERE {which}")


class DataFile:
    """`with DataFile(folder) as file: file.run("DELETE ...")`; the folder is a server's data."""

    def __init__(self, folder):
        self._path = str(folder / "millrace.duckdb").encode()
        self._duckdb = ctypes.CDLL(str(_DUCKDB))
        self._duckdb.duckdb_result_error.restype = ctypes.c_char_p
        self._database = ctypes.c_void_p()
        self._connection = ctypes.c_void_p()

    def __enter__(self):
        assert self._duckdb.duckdb_open(self._path, ctypes.byref(self._database)) == 0
        assert self._duckdb.duckdb_connect(self._database, ctypes.byref(self._connection)) == 0
        return self

    def __exit__(self, *_):
        self._duckdb.duckdb_disconnect(ctypes.byref(self._connection))
        self._duckdb.duckdb_close(ctypes.byref(self._database))

    def run(self, sql):
        result = ctypes.create_string_buffer(_RESULT_BYTES)
        failed = self._duckdb.duckdb_query(self._connection, sql.encode(), result)
        why = self._duckdb.duckdb_result_error(result) if failed else None
        self._duckdb.duckdb_destroy_result(result)
        assert not failed, f"{sql}: {why.decode()}"
