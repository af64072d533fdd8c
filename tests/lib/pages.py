"""Reads a Markdown page as a person would and does what it says.

Blocks, by the first word behind the fence:

  ```console   lines that begin with "$ " are commands for bash, run in the root of the tree; what
               stands below a command is its output, which must come
  ```sql       statements, sent to the server
  ```text      right behind a sql block: the answer to its last statement, as `millrace sql` draws
               it. It is asked for until it comes, for pipelines need a moment. A last line "..."
               stands for further rows. "ERROR 1146 (42S02): ..." is an answer too.
               ```text about 20%: numbers may be so far off; 10% when none is said.
  others       for reading only, and so is any block right behind the line <!-- not run -->

What differs from what a person does is in MAPPED and in Reader._real, and nowhere else.
"""

import os
import re
import subprocess

import pymysql

from lib import places
from lib.sql import WAIT_TIMEOUT_S

ANSWER_TIMEOUT_S = WAIT_TIMEOUT_S
COMMAND_TIMEOUT_S = 240
_ABOUT_DEFAULT = 0.1
_ABOUT_LEAST = 0.02  # of numbers near zero, a share would allow nothing

# Commands that the test has done already, each in its own way.
MAPPED = [
    (r"make\b.*", "the binary is $MILLRACE_BIN, and this is a part of make test"),
    (r"tools/bootstrap\b.*", "the test would not run without it"),
    (r"tools/kafka start\b.*", "the broker that all tests share"),
    (r"tools/kafka stop\b.*", "likewise"),
    (r"build/millrace serve\b.*", "a server on free ports and an empty folder"),
]
# How pages call the addresses and the folder that the test has in other places.
KAFKA_ADDRESS = "127.0.0.1:9092"
KAFKA_FOLDER = "/tmp/millrace-kafka"
MYSQL_PORT_OPTION = "-P 3306"


class Block:
    def __init__(self, kind, options, text, line):
        self.kind, self.options, self.text, self.line = kind, options, text, line


def blocks_of(markdown):
    """The fenced blocks of a page, in order."""
    blocks, skipped = [], False
    lines = iter(enumerate(markdown.splitlines(), 1))
    for number, line in lines:
        if not line.startswith("```"):
            skipped = line.strip() == "<!-- not run -->" or (skipped and not line.strip())
            continue
        kind, _, options = line[3:].partition(" ")
        body = []
        for _, inner in lines:
            if inner.startswith("```"):
                break
            body.append(inner)
        if not skipped:
            blocks.append(Block(kind, options.strip(), "\n".join(body), number))
        skipped = False
    return blocks


def commands_of(console):
    """[(command, the output shown below it)] of a console block."""
    found, continued = [], False
    for line in console.splitlines():
        if continued:
            found[-1][0] += "\n" + line
        elif line.startswith("$ "):
            found.append([line[2:], ""])
        else:
            assert found, f"a console block opens with no command: {line!r}"
            found[-1][1] += line + "\n"
            continue
        continued = line.endswith("\\")
    return [tuple(one) for one in found]


def statements_of(sql):
    parts = re.findall(r"""(?:'[^']*'|"[^"]*"|`[^`]*`|--[^\n]*|[^;])+""", sql)
    return [part for part in parts if part.strip()]


def tolerance_of(options):
    """None: the answer is exact."""
    about = re.fullmatch(r"about(?: (\d+)%)?", options)
    if not about:
        assert not options, f"```text {options}: no such rule"
        return None
    return int(about[1]) / 100 if about[1] else _ABOUT_DEFAULT


def _cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None


def _same(expected, got, tolerance):
    if expected == got:
        return True
    a, b = _number(expected), _number(got)
    if tolerance is None or a is None or b is None:
        return False
    return abs(a - b) <= max(abs(a) * tolerance, _ABOUT_LEAST)


def difference(expected, columns, rows, tolerance):
    """None when the drawn table `expected` tells of these rows, else what is wrong."""
    lines = [line for line in expected.splitlines() if line.startswith("|")]
    more = expected.rstrip().endswith("...")
    wanted_columns, wanted = _cells(lines[0]), [_cells(line) for line in lines[1:]]
    if wanted_columns != list(columns):
        return f"columns {columns}, not {wanted_columns}"
    if len(rows) < len(wanted) or (len(rows) > len(wanted) and not more):
        return f"{len(rows)} rows, not {len(wanted)}: {rows[:10]}"
    for want, row in zip(wanted, rows):
        got = ["NULL" if cell is None else str(cell).strip() for cell in row]
        if len(got) != len(want) or not all(map(_same, want, got, [tolerance] * len(got))):
            return f"row {got}, not {want}"
    return None


class Reader:
    """One person at one server: topics that were made under a name keep it for the whole page."""

    def __init__(self, server, broker, folder):
        self.server, self.broker, self.folder = server, broker, folder
        self.session = server.connect(raw=False)
        self.texts = server.connect(raw=True)
        self.environment = {}
        self.topics = {}

    def run_page(self, path):
        """Does everything; the number of blocks that were done."""
        blocks = blocks_of(path.read_text())
        done = 0
        for block, behind in zip(blocks, [*blocks[1:], None]):
            try:
                if block.kind == "console":
                    self._console(block.text)
                elif block.kind == "sql":
                    answered = behind is not None and behind.kind == "text"
                    self._sql(block.text, behind if answered else None)
                else:
                    continue
            except (AssertionError, pymysql.MySQLError) as wrong:
                raise AssertionError(f"{path.name}:{block.line}: {wrong}") from None
            done += 1
        return done

    def run_example(self, path):
        """The commands that its head tells to type ("--   $ ..."), then the script itself."""
        text = path.read_text()
        for command in re.findall(r"^--\s+\$ (.*)$", text, re.MULTILINE):
            self._command(command)
        script = self.folder / path.name
        script.write_text(self._real(text))
        self._command(f"build/millrace sql < {script}")

    def _console(self, text):
        for command, shown in commands_of(text):
            output = self._command(command)
            for line in shown.splitlines():
                assert output is None or line in ("...", "") or line in output.splitlines(), \
                    f"{command!r} said {output!r}, without {line!r}"

    def _command(self, command):
        """What the command said; None when it stands in MAPPED."""
        if any(re.fullmatch(pattern, command.strip(), re.DOTALL) for pattern, _ in MAPPED):
            return None
        made = re.fullmatch(r"tools/kafka topic --dir \S+ create (\S+)(?: --partitions (\d+))?",
                            command.strip())
        if made:
            self.topics[made[1]] = self.broker.create_topic(made[1], int(made[2] or 1))
            return ""
        ran = subprocess.run(["bash", "-euo", "pipefail", "-c", self._real(command)],
                             cwd=places.ROOT, text=True, capture_output=True,
                             timeout=COMMAND_TIMEOUT_S, env={**os.environ, **self.environment})
        assert ran.returncode == 0, f"{command!r} ended with {ran.returncode}: {ran.stderr}"
        return ran.stdout

    def _real(self, text):
        """The text with the test's own addresses, folders and topics in it."""
        host, port = self.server.mysql
        for name, real in self.topics.items():
            text = text.replace(f"{KAFKA_ADDRESS}/{name}'", f"{KAFKA_ADDRESS}/{real}'")
            text = re.sub(rf"(tools/kafka produce --dir \S+) {re.escape(name)}(?=\s|$)",
                          rf"\1 {real}", text)
        return (text.replace("build/millrace sql",
                             f"{places.millrace_binary()} sql --server {host}:{port}")
                .replace(MYSQL_PORT_OPTION, f"-P {port}")
                .replace(KAFKA_ADDRESS, self.broker.address)
                .replace(KAFKA_FOLDER, str(self.broker.folder)))

    def _sql(self, text, answer):
        sql = self._real(text)
        if answer is None:
            self.session.execute(sql)
        elif answer.text.startswith("ERROR"):
            self._expect_error(sql, answer.text)
        else:
            self._expect_rows(sql, answer)

    def _expect_error(self, sql, shown):
        code = re.match(r"ERROR (\d+) \(\w+\): (.*)", " ".join(shown.split()))
        said = self.session.error(sql)
        assert said.split(":")[0] == code[1] and code[2] in " ".join(said.split()), \
            f"the error is {said!r}, not {shown!r}"

    def _expect_rows(self, sql, answer):
        *before, last = statements_of(sql)
        for statement in before:
            self.session.execute(statement)
            if statement.split()[0].upper() == "USE":
                self.texts.execute(statement)
        if self.session.value("SELECT DATABASE()") is not None:
            self.texts.execute(f"USE {self.session.value('SELECT DATABASE()')}")
        tolerance = tolerance_of(answer.options)
        columns = []

        def right(rows):
            columns[:] = self.texts.columns(last) if not columns else columns
            return difference(answer.text, columns, rows, tolerance) is None

        try:
            self.texts.wait_until(last, right, timeout_s=ANSWER_TIMEOUT_S)
        except AssertionError:
            rows = self.texts.rows(last)
            raise AssertionError(f"{last.strip()}: "
                                 f"{difference(answer.text, columns, rows, tolerance)}") from None
