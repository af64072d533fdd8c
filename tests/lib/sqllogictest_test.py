"""The .slt runner reads what its help says, and sees every difference."""

import pytest

from lib import sqllogictest as slt


def only(text):
    records = slt.parse(text)
    assert len(records) == 1
    return records[0]


def test_a_query_has_sql_over_several_lines_and_rows():
    record = only("# a comment\n\nquery IT rowsort\nSELECT 1,\n  'a'\n----\n1\ta\n2\tb\n")
    assert record.words == ["query", "IT", "rowsort"]
    assert record.body == ["SELECT 1,", "  'a'"]
    assert record.expected == ["1\ta", "2\tb"]
    assert record.line == 3


def test_a_query_may_expect_no_rows():
    record = only("query I\nSELECT 1 WHERE false\n----\n\n")
    assert (record.expected, record.answer_at) == ([], 3)


def test_messages_may_look_like_anything():
    assert only("produce t 2\n----\n# no comment\n").body == ["----", "# no comment"]


def test_an_unknown_record_is_an_error_that_names_its_line():
    with pytest.raises(slt.Mismatch, match="line 3: .*satement"):
        slt.parse("\n\nsatement ok\nSELECT 1\n")


def test_cells_are_shown_on_one_line():
    assert [slt.cell_text(value) for value in (None, "", "a\tb\nc", b"\x00\xff", "0")] == [
        "NULL", "(empty)", "a\\tb\\nc", "0x00ff", "0"]


@pytest.mark.parametrize("kinds, got, wanted, same", [
    ("R", "0.30000000000000004", "0.3", True),
    ("R", "0.30001", "0.3", False),
    ("R", "NULL", "0.3", False),
    ("R", "NULL", "NULL", True),
    ("R", "nan", "0.3", False),
    ("T", "0.30000000000000004", "0.3", False),
    ("I", "1", "1", True),
    ("I", "1", "2", False),
])
def test_only_numbers_are_compared_loosely(kinds, got, wanted, same):
    assert slt.same_rows(kinds, [[got]], [[wanted]]) is same


def test_missing_and_further_rows_and_cells_are_differences():
    assert not slt.same_rows("I", [], [["1"]])
    assert not slt.same_rows("I", [["1"], ["2"]], [["1"]])
    assert not slt.same_rows("II", [["1", "2"]], [["1"]])
