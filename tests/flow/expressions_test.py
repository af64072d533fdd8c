"""SET and WHERE as SingleStore's users write them: @variables are text, and numbers where numbers
are meant; a field that is none costs its row and no other."""

import os

import pytest

ROWS = ["1,10,a1,2026-01-03 10:00:00", "2,,b2,2026-02-03 11:30:00", "3,many,c3,2026-03-03 12:00:00",
        "4,2.5,,2026-04-03 00:00:00"]


@pytest.fixture
def load(session, tmp_path):
    """What stands in the table after a pipeline with these clauses, by id; and the ids rejected."""
    session.execute("CREATE DATABASE shop; USE shop")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "rows.csv").write_text("".join(row + "\n" for row in ROWS))
    os.utime(folder / "rows.csv", (1, 1))

    def loaded(value, kind, where=""):
        session.execute(f"DROP TABLE IF EXISTS t; CREATE TABLE t (id INT, x {kind})")
        session.execute(f"""CREATE OR REPLACE PIPELINE feed AS LOAD DATA FS '{folder}'
            INTO TABLE t FIELDS TERMINATED BY ',' (id, @n, @s, @at) SET x = {value} {where}""")
        session.execute("START PIPELINE feed FOREGROUND")
        rejected = session.rows("SELECT CAST(split_part(CAST(bytes AS VARCHAR), ',', 1) AS INT) "
                                "FROM millrace.rejects ORDER BY 1")
        rows = session.rows("SELECT id, x FROM t ORDER BY id")
        session.execute("DROP PIPELINE feed")
        return dict(rows), [row[0] for row in rejected]

    return loaded


def test_a_variable_is_a_number_where_one_is_meant(load):
    # An empty field is no number and NULL; a word makes its row a reject.
    assert load("@n * 2", "DOUBLE") == ({1: 20.0, 2: None, 4: 5.0}, [3])
    assert load("ROUND(@n / 4) + MOD(@n, 3)", "INT") == ({1: 4, 2: None, 4: 4}, [3])
    # Compared, a word is neither above nor below, and drops no row but by WHERE.
    assert load("IF(@n > 5, 1, 0)", "INT") == ({1: 1, 2: 0, 3: 0, 4: 0}, [])
    assert load("@n", "VARCHAR(10)", "WHERE @n < 100") == ({1: "10", 4: "2.5"}, [])
    assert load("IFNULL(NULLIF(@n, ''), '-')", "VARCHAR(10)") == (
        {1: "10", 2: "-", 3: "many", 4: "2.5"}, [])


def test_a_text_beside_a_number_is_one_whatever_makes_them(load):
    assert load("@n", "VARCHAR(10)", "WHERE @n > id") == ({1: "10"}, [])
    assert load("@n", "VARCHAR(10)", "WHERE id * 10 >= trim(@n)") == ({1: "10", 4: "2.5"}, [])
    assert load("@n", "VARCHAR(10)", "WHERE @n BETWEEN id AND id + 9") == ({1: "10"}, [])
    assert load("@n", "VARCHAR(10)", "WHERE id NOT BETWEEN @n AND 100") == ({1: "10"}, [])
    assert load("@n", "VARCHAR(10)", "WHERE CASE WHEN id < 4 THEN @n ELSE '7' END = 7") == (
        {4: "2.5"}, [])
    # A word is a reject where it is computed with.
    assert load("ROUND(trim(@n), 1) + id * (@n)", "DOUBLE") == ({1: 20.0, 2: None, 4: 12.5}, [3])
    assert load("@n DIV 4", "INT") == ({1: 2, 2: None, 4: 0}, [3])
    # Two texts are compared as texts.
    assert load("@n", "VARCHAR(10)", "WHERE @n < @s") == ({1: "10", 2: ""}, [])


def test_functions_of_mysql_make_what_they_make_there(load):
    assert load("DATE_FORMAT(STR_TO_DATE(@at, '%Y-%m-%d %H:%i:%s'), '%e %M %H.%i')",
                "VARCHAR(30)")[0] == {1: "3 January 10.00", 2: "3 February 11.30",
                                      3: "3 March 12.00", 4: "3 April 00.00"}
    assert load("YEAR(@at) * 100 + MONTH(@at)", "INT")[0] == {1: 202601, 2: 202602, 3: 202603,
                                                              4: 202604}
    assert load("DATEDIFF(@at + INTERVAL 1 DAY, '2026-01-01')", "INT")[0] == {1: 3, 2: 34, 3: 62,
                                                                              4: 93}
    assert load("SUBSTRING_INDEX(@s, '2', 1)", "VARCHAR(5)", "WHERE @s REGEXP '[a-b]'") == (
        {1: "a1", 2: "b"}, [])
    assert load("REPLACE(@n, 'many', '7') :> DOUBLE", "DOUBLE", "WHERE NOT @n = ''")[0] == {
        1: 10.0, 3: 7.0, 4: 2.5}
