# ctest: kafka
"""The pages that tell people what to type, typed: every block of them, in order, on a real server
with the real broker. lib/pages.py says how a page is read and what is done in place of what."""

import pytest
from lib import pages, places

GUIDES = sorted((places.ROOT / "docs" / "guide").glob("*.md"))
PAGES = [places.ROOT / "README.md", places.ROOT / "docs" / "reference" / "sql.md", *GUIDES]
EXAMPLES = sorted((places.ROOT / "examples").glob("*.sql"))


@pytest.fixture
def reader(server, broker, tmp_path):
    return pages.Reader(server, broker, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_tells_what_happens(reader, page):
    assert reader.run_page(page) > 0


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_runs(reader, example):
    text = example.read_text()
    if "$ADULT" in text:
        folder = places.shared_folder()
        if folder is None:
            pytest.skip("the Adult data set is not there; set MILLRACE_SHARED")
        reader.environment["ADULT"] = str(folder / "data" / "adult")
    reader.run_example(example)
    session = reader.session
    if session.value("SELECT count(*) FROM information_schema.PIPELINES") == 0:
        return
    session.wait_until("SELECT count(*) FROM information_schema.PIPELINES "
                       "WHERE STATE <> 'Running' OR LAG <> 0 OR MESSAGES = 0", 0, timeout_s=120)
    assert session.rows("SELECT reason, detail FROM millrace.rejects LIMIT 5") == []
    assert session.rows("SELECT ERROR_MESSAGE FROM information_schema.PIPELINES_ERRORS") == []


def test_there_are_pages_and_examples():
    assert len(GUIDES) >= 2 and len(EXAMPLES) >= 3


@pytest.mark.parametrize("expected, got, tolerance, fits", [
    ("| a |\n| 1 |", (["a"], [("1",)]), None, True),
    ("| a |\n| 1 |", (["a"], [("2",)]), None, False),
    ("| a |\n| 1 |", (["b"], [("1",)]), None, False),
    ("| a |\n| 1 |", (["a"], [("1",), ("2",)]), None, False),
    ("| a |\n| 1 |\n...", (["a"], [("1",), ("2",)]), None, True),
    ("| a |\n| 100 |", (["a"], [("109",)]), 0.1, True),
    ("| a |\n| 100 |", (["a"], [("111",)]), 0.1, False),
    ("| a |\n| x |", (["a"], [("y",)]), 0.1, False),
])
def test_answers_are_compared_as_the_rules_say(expected, got, tolerance, fits):
    assert (pages.difference(expected, *got, tolerance) is None) == fits
