"""`millrace transform`: a model that was exported predicts as it does in the server, framed and in
lines, whatever the rows are; and it is a program that WITH TRANSFORM runs."""

import struct
import subprocess

import pytest

from lib import places

ROWS = [(age, city, int(age > 40)) for age in range(18, 80) for city in ("x", "y|z", 'q"r')]


@pytest.fixture
def exported(session, tmp_path):
    """A model that has learned, and its file."""
    session.execute("CREATE DATABASE shop; USE shop; "
                    "CREATE TABLE people (age INT, city VARCHAR, bought INT)")
    for age, city, bought in ROWS:
        session.execute(f"INSERT INTO people VALUES ({age}, '{city}', {bought})")
    session.execute("""CREATE MODEL buyers AS LinearClassifier(label => bought, feature_columns => [
        bucketized_column(age, boundaries => [30, 40, 50]),
        categorical_column_with_hash_bucket(city, 20)])""")
    session.expect_error(f"EXPORT MODEL buyers INTO OUTFILE '{tmp_path}/none'", "learned nothing")
    session.execute("TRAIN MODEL buyers ON SELECT * FROM people")
    file = tmp_path / "buyers.model"
    session.expect_error(f"EXPORT MODEL buyers INTO OUTFILE '{tmp_path}/none/model'",
                         '^1: could not write file ".*/none/model": No such file or directory')
    assert session.rows(f"EXPORT MODEL buyers INTO OUTFILE '{file}'") == [(1,)]
    return file


def run(model, data, *options, status=0):
    done = subprocess.run([places.millrace_binary(), "transform", "--model", model, *options],
                          input=data, capture_output=True, timeout=240)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr.decode()


def framed(messages):
    return b"".join(struct.pack("L", len(message)) + message for message in messages)


def test_it_predicts_as_the_server_does(session, exported):
    asked = [f"{age},{city.replace(chr(34), chr(92) + chr(34))},{number}".encode()
             for number, (age, city, _) in enumerate(ROWS)]
    options = ["--fields", "age,city,number", "--fields-terminated-by", ",",
               "--predictions", "class_id,probability,model_version"]
    expected = [(str(row[0]), repr(row[1])) for row in session.rows(
        "SELECT predict('buyers', p).class_id, predict('buyers', p).probability FROM people p "
        "ORDER BY rowid")]
    out, said = run(exported, framed(asked), *options)
    assert said == ""
    lines = out.decode().splitlines()
    assert [line.rsplit(",", 3)[0].encode() for line in lines] == asked
    for line, (class_id, probability) in zip(lines, expected, strict=True):
        _, its_class, its_probability, version = line.rsplit(",", 3)
        assert (its_class, version) == (class_id, "1")
        assert float(its_probability) == float(probability)
    # The same rows however they come: in lines, several to a message, the last without its end.
    in_lines, _ = run(exported, b"\n".join(asked), *options, "--input", "lines")
    assert in_lines == out
    together, _ = run(exported, framed([b"\n".join(asked[:50]), b"\n".join(asked[50:]) + b"\n"]),
                      *options)
    assert together == out


def test_a_million_rows_keep_their_order(exported):
    rows = b"".join(b"%d\tx\n" % (number % 100) for number in range(1_000_000))
    out, _ = run(exported, rows, "--fields", "age,city", "--input", "lines",
                 "--predictions", "class_id")
    lines = out.splitlines()
    assert len(lines) == 1_000_000
    assert [line.split(b"\t")[0] for line in lines[::9973]] == [
        b"%d" % (number % 100) for number in range(0, 1_000_000, 9973)]


def test_rows_that_cannot_be_predicted_go_out_all_the_same(exported):
    out, said = run(exported, b"30\tx\nold\tx\n40\n50\ty\n", "--fields", "age,city",
                    "--input", "lines", "--predictions", "class_id,probability")
    lines = out.split(b"\n")
    assert lines[1:3] == [b"old\tx\t\\N\t\\N", b"40\t\\N\t\\N"]
    assert lines[0].startswith(b"30\tx\t") and lines[3].startswith(b"50\ty\t")
    assert '"old\tx": ' in said and "2 of 4 rows went out without predictions" in said


def test_what_is_wrong_is_said(exported, tmp_path):
    fields = ["--fields", "age,city"]
    _, said = run(exported, b"", "--fields", "ages,city", status=1)
    assert 'column "age" of the model is not among the fields' in said and "ages" in said
    _, said = run(exported, b"", *fields, "--predictions", "probabilty", status=1)
    assert "Did you mean probability?" in said
    _, said = run(exported, b"\x05\0\0\0\0\0\0\0ab", *fields, status=1)
    assert "the input ends within a message" in said
    _, said = run(exported, b"30\tx and so on\n", *fields, status=1)
    assert "--input lines" in said
    spoiled = bytearray(exported.read_bytes())
    spoiled[len(spoiled) // 2] ^= 1
    (tmp_path / "spoiled").write_bytes(spoiled)
    _, said = run(tmp_path / "spoiled", b"", *fields, status=1)
    assert "is no model, or is damaged" in said


def test_it_is_a_program_of_with_transform(session, exported, tmp_path):
    """As in SingleStore, but for the engine around it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "people.csv").write_text("25,x\n65,x\n")
    script = tmp_path / "buyers.sh"
    script.write_text(f"#!/bin/sh\nexec {places.millrace_binary()} transform \"$@\"\n")
    session.execute("CREATE TABLE results (age INT, class_id INT, probability DOUBLE)")
    session.execute(f"""CREATE PIPELINE judge AS LOAD DATA FS '{tmp_path}/in/*.csv'
        WITH TRANSFORM ('file://{script}', '', '--model {exported} --input lines --fields age,city
                        --fields-terminated-by ,')
        INTO TABLE results FIELDS TERMINATED BY ',' (age, @city, class_id, probability)""")
    session.wait_until("TEST PIPELINE judge", lambda rows: len(rows) == 2)
    session.execute("START PIPELINE judge FOREGROUND")
    assert session.rows("SELECT age, class_id, probability FROM results ORDER BY age") == (
        session.rows("SELECT age, predict('buyers', p).class_id, predict('buyers', p).probability "
                     "FROM (SELECT unnest([25, 65]) AS age, 'x' AS city) p ORDER BY age"))
