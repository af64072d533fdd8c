"""pandas: frames written with to_sql and read with read_sql, through SQLAlchemy."""

import datetime

import pandas
import pytest
import sqlalchemy

DRIVERS = ["pymysql", "mysqlconnector"]


@pytest.fixture(params=DRIVERS)
def engine(request, server):
    server.connect().execute("CREATE DATABASE lab")
    host, port = server.mysql
    made = sqlalchemy.create_engine(f"mysql+{request.param}://root@{host}:{port}/lab")
    yield made
    made.dispose()


@pytest.fixture
def frame():
    return pandas.DataFrame({
        "number": [1, 2, 3],
        "real": [1.5, None, -0.1],
        "text": ["a", "h\u00e9", None],
        "moment": pandas.to_datetime(["2026-01-02 00:00:00.000000", "2026-01-03 04:05:06.789000",
                                      None]),
        "day": [datetime.date(2026, 1, day) for day in (1, 2, 3)]})


def test_a_frame_comes_back_as_it_was(engine, frame):
    frame.to_sql("frame", engine, index=False)
    back = pandas.read_sql("SELECT * FROM frame ORDER BY number", engine)
    assert list(back.columns) == list(frame.columns)
    assert back["number"].dtype == "int64" and back["real"].dtype == "float64"
    assert back["moment"].dtype.kind == "M"
    for name in frame.columns:
        for was, came in zip(frame[name], back[name], strict=True):
            assert came == was or (pandas.isna(came) and pandas.isna(was)), name
    table = pandas.read_sql_table("frame", engine)
    assert len(table) == 3 and list(table.columns) == list(frame.columns)


def test_a_frame_is_appended_replaced_and_kept(engine, frame):
    for exists, rows in (("fail", 3), ("append", 6), ("append", 9), ("replace", 3)):
        frame.to_sql("frame", engine, index=True, index_label="key", if_exists=exists,
                     method="multi")
        assert len(pandas.read_sql("frame", engine, index_col="key")) == rows
    with pytest.raises(ValueError, match="already exists"):
        frame.to_sql("frame", engine, index=False)


def test_queries_take_parameters_and_give_chunks(engine):
    big = pandas.DataFrame({"a": range(20000), "b": [i / 4 for i in range(20000)]})
    big.to_sql("big", engine, index=False, chunksize=5000, method="multi")
    chunks = list(pandas.read_sql("SELECT * FROM big ORDER BY a", engine, chunksize=3000))
    assert [len(chunk) for chunk in chunks] == [3000] * 6 + [2000]
    assert pandas.concat(chunks, ignore_index=True).equals(big)
    query = sqlalchemy.text("SELECT count(*) AS n, avg(b) AS mean FROM big WHERE a >= :low")
    summary = pandas.read_sql(query, engine, params={"low": 19000})
    assert (summary["n"][0], summary["mean"][0]) == (1000, big["b"][19000:].mean())
