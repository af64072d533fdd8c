"""The reference pages name what the code has: its tables are read from the sources and looked up in
the pages, and the system tables are asked for their columns."""

import re
import subprocess

import pytest
from lib import places

REFERENCE = places.ROOT / "docs" / "reference"
MODELS = (REFERENCE / "models.md").read_text()
SQL = (REFERENCE / "sql.md").read_text()
OPERATIONS = (REFERENCE / "operations.md").read_text()


def source(path):
    return (places.ROOT / "src" / path).read_text()


def table(text, name):
    """The text of a constexpr table between its name and the end of its initializer."""
    return re.search(rf"\b{name}(?:\[\])?\s*=\s*(.*?)\}}\)?;", text, re.DOTALL)[1]


def row_of(page, name):
    """The rest of the page's table row that begins with `name`."""
    rows = re.findall(rf"^\| `{re.escape(name)}` \|(.*)$", page, re.MULTILINE)
    assert rows, f"the page has no row for {name}"
    return "\n".join(rows)


def test_every_estimator_and_argument_has_a_row():
    code = source("estimator/spec.cc")
    for name in re.findall(r'"(\w+)"', table(code, "kEstimators")):
        row_of(MODELS, name)
    arguments = re.findall(r'\{"(\w+)"', table(code, "kArguments"))
    assert len(arguments) > 20
    for name in arguments:
        row_of(MODELS, name)
    for name in re.findall(r"^\| `(\w+)` \| (?:all|Linear|DNN|combined|classifiers|regressors)",
                           MODELS, re.MULTILINE):
        assert name in arguments, f"no estimator takes {name}"


def test_every_activation_is_named():
    code = source("estimator/activation.cc")
    names = re.findall(r'Activation::\w+, "(\w+)"', code)
    assert len(names) > 5
    for name in names:
        assert f"`{name}`" in MODELS


def test_every_feature_column_has_its_arguments_in_order():
    code = source("features/column_table.cc")
    functions = re.findall(r'\{"(\w+)", ColumnKind::\w+, (\w+)\}', code)
    assert len(functions) == 11
    for name, parameters in functions:
        row = row_of(MODELS, name)
        wanted = re.findall(r'\{"(\w+)", (?:true|false)', table(code, parameters))
        assert re.findall(r"`(\w+)`", row.split("|")[0]) == wanted


def test_every_optimizer_has_its_arguments_in_order():
    code = source("estimator/optimizer_spec.cc")
    shared = dict(re.findall(r'constexpr auto (k\w+) =\s*(?:number|saved|altered)\("(\w+)"', code))
    facts = re.findall(r'\{OptimizerKind::\w+, "(\w+)", \w+, ([\d.]+)F, (\w+)\}', code)
    assert len(facts) == 8
    # What every optimizer takes is said once, below the table.
    clipping = {"clipnorm", "clipvalue", "global_clipnorm"}
    for name, rate, arguments in facts:
        row = row_of(MODELS, name)
        takes = [shared.get(word, text) for word, text in
                 re.findall(r'\b(k[A-Z]\w+)|(?:number|saved|altered|flag)\("(\w+)"',
                            table(code, arguments)) if word in shared or text]
        assert clipping < set(takes)
        assert re.findall(r"`(\w+)`", row) == [word for word in takes if word not in clipping]
        assert f"`learning_rate` {rate}," in row
    for word in clipping:
        assert f"`{word}`" in MODELS


def test_every_error_has_its_row():
    rows = re.findall(r'\{Code::k\w+, "([\w-]+)", "(\w+)", (\d+),', source("base/error.cc"))
    assert len(rows) > 15
    for name, state, number in rows:
        assert f"\n| {name} | {number} | {state} |" in SQL


def test_every_reject_reason_is_named():
    reasons = re.findall(r'return "([\w-]+)"', source("data/reject.cc"))
    for reason in set(reasons) - {"unknown"}:
        assert f"`{reason}`" in SQL


def test_every_clause_of_load_data_is_named():
    clauses = re.findall(r'\{"(\w+)", "(\w*)", "[\w ,]+",\s*&LoadData',
                         source("sql/load_data.cc"))
    assert len(clauses) > 30
    for first, _ in clauses:
        assert re.search(rf"\b{first}\b", SQL), first


def test_every_show_is_named():
    for first, second in re.findall(r'\{"(\w+)", "(\w*)", ShowKind', source("sql/parse_show.cc")):
        twin = first in ("SCHEMAS", "FIELDS", "INDEXES", "KEYS", "CHARACTER") or second == "SCHEMA"
        if not twin:
            words = rf"{first}\s+{second}" if second else first
            assert re.search(rf"\b{words}\b", SQL), words


def test_every_fault_point_is_named():
    for point in re.findall(r'"(\w+\.\w+\.\w+)"', source("base/fault.cc")):
        assert f"`{point}`" in OPERATIONS


def test_every_option_of_serve_has_a_row():
    said = subprocess.run([places.millrace_binary(), "serve", "--help"], capture_output=True,
                          text=True, check=True).stdout
    options = set(re.findall(r"--[a-z-]+", said)) - {"--help"}
    listed = set(re.findall(r"^\| `(--[a-z-]+)", OPERATIONS, re.MULTILINE))
    assert options == listed


PAGES = [*places.ROOT.glob("*.md"), *(places.ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(places.ROOT)))
def test_what_a_page_points_to_is_there(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]*)?\)", text):
        assert (page.parent / target).exists(), target
    named = r"`((?:src|tests|tools|docs|examples|bench|cmake)/[\w./-]+)`"
    for path in re.findall(named, text):
        assert (places.ROOT / path).exists(), path


DOCUMENTED = dict(re.findall(r"^### ((?:millrace|information_schema)\.\w+)\n(.*?)(?=\n##)", SQL,
                             re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_system_table_has_the_columns_that_are_listed(session, name):
    listed = re.findall(r"^\| `(\w+)` \|", DOCUMENTED[name], re.MULTILINE)
    assert [row[0] for row in session.rows(f"SHOW COLUMNS FROM {name}")] == listed
    assert session.columns(f"SELECT * FROM {name}") == listed


def test_every_system_table_is_listed(session):
    there = {f"millrace.{row[0]}" for row in session.rows("SHOW TABLES FROM millrace")}
    assert there == {name for name in DOCUMENTED if name.startswith("millrace.")}
    pipelines = session.rows("SHOW TABLES FROM information_schema LIKE 'pipelines%'")
    for (name,) in pipelines:
        assert name.upper() in SQL, name
