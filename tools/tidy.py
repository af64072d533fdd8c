#!/usr/bin/env python3
"""Checks the rules of the house that a compiler does not: ARCHITECTURE.md says why they are there.

    tools/tidy.py            every tracked or new file; exit status 1 when a rule is broken
    tools/tidy.py FILE ...   only these
    tools/tidy.py --list     the rules

A line may be excused where it stands, with a reason: `// tidy: allow new: the C API frees it`.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100

_STAGES = ["source", "decode", "transform", "features", "estimator", "tensorflow", "store"]
_BELOW_ENGINE = ["base", "data", *_STAGES]
# room: the rooms it may include, besides itself. Neighbours in the flow are strangers in the code.
ROOMS = {
    "base": [],
    "data": ["base"],
    **{stage: ["base", "data"] for stage in _STAGES},
    "engine": _BELOW_ENGINE,
    "sql": [*_BELOW_ENGINE, "engine"],
    "serve": [*_BELOW_ENGINE, "engine", "sql"],
    "demo": [*_BELOW_ENGINE, "engine", "sql", "serve"],
}

# (what is included, the files under src/ that may, how the rule is said)
DOORS = [
    (r"(librdkafka/)?rdkafka(_mock)?\.h", r"source/(kafka|demo_broker)\w*\.(cc|h)",
     "src/source/kafka_*.cc"),
    (r"duckdb\.h(pp)?", r"store/duckdb_\w+\.(cc|h)", "src/store/duckdb_*.cc"),
    (r"(mysql|mariadb)/.*|mysql\.h", r"store/mysql_\w+\.(cc|h)", "src/store/mysql_*.cc"),
    (r"tensorflow/.*", r"tensorflow/\w+\.cc", "src/tensorflow/*.cc"),
    (r"httplib\.h", r"serve/http\w*\.cc|source/schema_registry\.cc|transform/download\.cc",
     "src/serve/http*.cc, src/source/schema_registry.cc or src/transform/download.cc"),
    (r"asio.*", r"serve/(socket|listener)\w*\.cc", "src/serve/socket*.cc"),
    (r"histedit\.h", r"serve/line_editor\.cc", "src/serve/line_editor.cc"),
    (r"openssl/.*", r"serve/\w+\.cc", "a .cc file of src/serve"),
    (r"simdjson\.h", r"decode/json\w*\.cc", "src/decode/json_*.cc"),
    (r"zlib\.h", r"serve/\w+\.cc|source/file_stream\.cc|decode/avro_codec\.cc",
     "a .cc file of src/serve, src/source/file_stream.cc or src/decode/avro_codec.cc"),
    (r"zstd\.h", r"(source/file_stream|decode/avro_codec)\.cc",
     "src/source/file_stream.cc or src/decode/avro_codec.cc"),
    (r"bzlib\.h|lzma\.h|snappy-c\.h", r"decode/avro_codec\.cc", "src/decode/avro_codec.cc"),
    (r"farmhash\.h", r"features/\w+\.cc", "a .cc file of src/features"),
    (r"spdlog/.*", r"base/log\.cc", "src/base/log.cc"),
    (r"CLI/.*", r"(main|demo/\w+)\.cc", "src/main.cc"),
    (r"toml\+\+/.*|toml\.hpp", r"(base/settings|main)\.cc", "src/base/settings.cc"),
    (r"nlohmann/.*", r"\w+/\w+\.cc", "a .cc file, never a header"),
    (r"tl/expected\.hpp", r"base/result\.h", "src/base/result.h"),
    (r"fmt/.*", r"(\w+/)?\w+\.cc", "a .cc file, never a header"),
    (r"(gtest|gmock)/.*", r"\w+/\w*test\w*\.(cc|h)", "a *_test.cc file"),
    (r"benchmark/.*", r"(?!)", "bench/"),
]
_SYSTEM_HEADER = re.compile(
    r"[a-z_0-9]+|(sys|netinet|arpa|linux)/\w+\.h|"
    r"(unistd|fcntl|signal|poll|spawn|pthread|dlfcn|termios|netdb|execinfo|errno|time|ifaddrs|"
    r"immintrin|sched|cxxabi|glob|malloc)\.h")

_THREAD = r"base/thread\.(h|cc)"
# name: (pattern, files under src/ that may, what to use)
BANNED = {
    "unfinished": (r"\b(TODO|FIXME|XXX|HACK)\b", None, "an issue, or finish it"),
    "thread": (r"\bstd::(thread|async)\b|\bpthread_create\b|\bstd::jthread\s*[({]", _THREAD,
               "run_thread (base/thread.h)"),
    "detach": (r"\.detach\(\)", None, "a thread that its owner joins"),
    "mutex": (r"\bstd::(\w+_mutex|mutex|lock_guard|(unique|scoped)_lock|condition_variable\w*)\b",
              _THREAD, "Mutex, Lock, Condition (base/thread.h)"),
    "sleep": (r"\bsleep_(for|until)\b|\busleep\(|\bnanosleep\(|(?<![\w.:])sleep\(", _THREAD,
              "Condition or wait_unless_stopped (base/thread.h)"),
    "random": (r"\b(std::)?s?rand\(|\bstd::random_device\b", None,
               "a seeded engine, or OpenSSL's RAND_bytes for secrets"),
    # A private constructor cannot be reached by make_unique: unique_ptr<T> name(new T) is well.
    "new": (r"^(?!.*_ptr<.*>\s*\w*\(new\b).*?(?<!\w)new\b(?!\s*\()", None, "std::make_unique"),
    "delete": (r"(?<!=)(?<!= )\bdelete\b", None, "unique_ptr"),
    "malloc": (r"\b(std::)?(malloc|calloc|realloc)\(", None, "a container"),
    "throw": (r"\bthrow\b", None, "Result and Error (base/result.h)"),
    "assert": (r"(?<![\w_])assert\(", None, "CHECK (base/check.h)"),
    "namespace": (r"\busing namespace\b(?!\s+std::(chrono|(\w+_)?literals)\b)", None,
                  "the names themselves"),
    "parse": (r"\b(std::)?(ato[ifl]l?|sto(i|l|ll|ul|ull|f|d))\(", None,
              "std::from_chars (it does not throw and tells what it read)"),
    "compiler": (r"#include <(format|expected|source_location|ranges)>|\bstd::(ranges::|format\()",
                 None, "what gcc 12 and clang 14 both have: fmt, base/result.h, <algorithm>"),
    "output": (r"\bstd::(cout|cerr)\b|(?<![\w:])f?printf\(|\bstd::f?printf\(",
               r"main\.cc|demo/\w+\.cc|base/(log|check)\.cc|\w+/\w*_test\.cc",
               "log_info and its like (base/log.h)"),
}

# Tests and benchmarks may print, and may fall over what they cannot read.
_IN_THE_SERVER_ONLY = {"output", "parse"}

RULES = {
    "room": "a room includes only the rooms below it; stage rooms only base/ and data/",
    "door": "a foreign library is included by its door file alone",
    "function": f"a function has at most {FUNCTION_LINES_MAX} lines",
    "file": f"a file has at most {FILE_LINES_MAX} lines",
    "line": f"a line has at most {LINE_COLUMNS_MAX} columns",
    "header": "a header opens with prose: what it is, where it sits, whose it is; then the guard",
    "heading": "a page has one H1, and only one",
    "command": "a command that a page shows exists",
    "wait": "tests wait for what they need and never sleep (tests/lib has the waiting)",
    **{name: f"use {use}" for name, (_, _, use) in BANNED.items()},
}

_EXCUSE = re.compile(r"//\s*tidy: allow (\w+): \S")
_INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


# --- Reading C++ ----------------------------------------------------------------------------------

_TOKEN = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\((?:.|\n)*?\)(?P=tag)"'
    r'|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'")


def without_text(source):
    """The source with comments and literals blanked; lines and columns stay where they were."""
    return _TOKEN.sub(blanked, source)


def blanked(match):
    return re.sub(r"[^\n]", " ", match[0])


_NOT_A_FUNCTION = re.compile(
    r"^\s*(namespace|class|struct|union|enum|extern|typedef|static_assert|using)\b|=\s*$|^\s*$")


def functions(code):
    """(first line, last line) of every function body at namespace or class scope."""
    code = re.sub(r"^[ \t]*#(\\\n|[^\n])*", blanked, code, flags=re.MULTILINE)
    found, depth, inside, start = [], 0, None, 0
    parens = 0
    for at, mark in enumerate(code):
        if mark in "([":
            parens += 1
        elif mark in ")]":
            parens = max(0, parens - 1)
        elif parens and inside is None:
            continue
        elif mark == "{":
            depth += 1
            if inside is None and is_function(code[start:at]):
                inside = (depth, start)
            elif inside is None:
                start = at + 1
        elif mark == "}":
            if inside is not None and inside[0] == depth:
                head = re.search(r"\S", code[inside[1]:])
                found.append((code.count("\n", 0, inside[1] + head.start()) + 1,
                              code.count("\n", 0, at) + 1))
                inside = None
            depth -= 1
            if inside is None:
                start = at + 1
        elif mark == ";" and inside is None:
            start = at + 1
    return found


def is_function(head):
    head = re.sub(r"\b(public|private|protected)\s*:", "", head)
    head = re.sub(r"^\s*template\s*<[^{;]*?>\s*(?=[\w\[~:])", "", head)
    return "(" in head and not _NOT_A_FUNCTION.search(head)


# --- The rules ------------------------------------------------------------------------------------


class Report:
    def __init__(self):
        self.lines = []

    def add(self, path, line, rule, what):
        self.lines.append(f"{path}:{line}: {rule}: {what}")


def excused(lines, number, rule):
    """Whether line `number` (from 1), or the line above it, carries an excuse from `rule`."""
    for at in (number - 1, number - 2):
        if 0 <= at < len(lines):
            match = _EXCUSE.search(lines[at])
            if match and match[1] == rule:
                return True
    return False


def check_room(inside, include, report, place):
    room = inside.split("/")[0] if "/" in inside else None
    target = include.split("/")[0]
    if room is None or target == room:
        return
    if room not in ROOMS:
        report.add(*place, "room", f'"{room}" is no room; add it to ROOMS in tools/tidy.py')
    elif target not in ROOMS:
        report.add(*place, "room", f'"{include}" names no room; write "room/file.h"')
    elif target not in ROOMS[room]:
        allowed = ", ".join(f"{name}/" for name in ROOMS[room]) or "nothing of ours"
        report.add(*place, "room", f"{room}/ includes {include}; it may use {allowed}")


def check_door(inside, include, quoted, report, place):
    for pattern, allowed, said in DOORS:
        if re.fullmatch(pattern, include):
            if not re.fullmatch(allowed, inside):
                report.add(*place, "door", f"<{include}> belongs to another file, use {said}")
            return
    if not quoted and not _SYSTEM_HEADER.fullmatch(include):
        report.add(*place, "door", f"<{include}> has no door yet; give it one in tools/tidy.py")


def check_includes(path, inside, lines, report):
    for number, line in enumerate(lines, 1):
        match = _INCLUDE.match(line)
        if not match or excused(lines, number, "door") or excused(lines, number, "room"):
            continue
        quoted, include = match[1] == '"', match[2]
        place = (path, number)
        check_door(inside, include, quoted, report, place)
        if quoted and not any(re.fullmatch(pattern, include) for pattern, _, _ in DOORS):
            check_room(inside, include, report, place)


def check_banned(path, inside, lines, code_lines, report):
    for rule, (pattern, allowed, use) in BANNED.items():
        if not inside and rule in _IN_THE_SERVER_ONLY:
            continue
        if allowed and inside and re.fullmatch(allowed, inside):
            continue
        looked_at = lines if rule == "unfinished" else code_lines
        for number, line in enumerate(looked_at, 1):
            match = re.search(pattern, line)
            if match and not excused(lines, number, rule):
                report.add(path, number, rule, f'"{match[0].split()[-1]}", use {use}')


def check_sizes(path, lines, code, report):
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and "://" not in line:
            report.add(path, number, "line", f"{len(line)} columns, use {LINE_COLUMNS_MAX} at most")
    if len(lines) > FILE_LINES_MAX:
        report.add(path, len(lines), "file", f"{len(lines)} lines, use two files")
    for first, last in functions(code):
        length = last - first + 1
        if length > FUNCTION_LINES_MAX and not excused(lines, first, "function"):
            report.add(path, first, "function", f"{length} lines, use smaller functions")


def check_header(path, lines, report):
    if not lines or not lines[0].startswith("// "):
        report.add(path, 1, "header", "no prose at its top, use some lines of what it is and whose")
    if "#pragma once" not in lines:
        report.add(path, 1, "header", "no guard, use #pragma once")


def check_cpp(path, text, report):
    lines = text.splitlines()
    code = without_text(text)
    inside = str(path.relative_to("src")) if path.parts[0] == "src" else None
    if inside:
        check_includes(path, inside, lines, report)
    check_banned(path, inside, lines, code.splitlines(), report)
    check_sizes(path, lines, code, report)
    if path.suffix == ".h":
        check_header(path, lines, report)


def make_targets():
    text = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z_]+):", text, re.MULTILINE))


def check_command(path, number, line, targets, report):
    words = line.strip().removeprefix("$ ").split()
    if not words:
        return
    target = words[1] if words[0] == "make" and len(words) > 1 else ""
    if target.isidentifier() and target not in targets:
        report.add(path, number, "command", f'"make {target}" is no target, use make help')
    first = words[0].removeprefix("./")
    if re.match(r"(tools|tests|bench|\.ci)/[\w./-]+$", first) and not (ROOT / first).exists():
        report.add(path, number, "command", f"{first} does not exist")


def check_page(path, text, report):
    headings, fenced = [], False
    targets = make_targets()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced:
            check_command(path, number, line, targets, report)
        elif re.match(r"# \S", line):
            headings.append(number)
    if len(headings) != 1:
        where = headings[1] if headings else 1
        report.add(path, where, "heading", f"{len(headings)} H1 headings, use one")


def check_python(path, text, report):
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX:
            report.add(path, number, "line", f"{len(line)} columns, use {LINE_COLUMNS_MAX} at most")
        if path.parts[0] == "tests" and path.parts[1] != "lib" and re.search(r"\bsleep\(", line):
            report.add(path, number, "wait", "a sleep, use session.wait_until or the like")
    if len(lines) > FILE_LINES_MAX:
        report.add(path, len(lines), "file", f"{len(lines)} lines, use two files")


def check_file(path, text, report):
    """Checks one file; `path` is relative to the root of the tree."""
    if path.suffix in (".cc", ".h"):
        check_cpp(path, text, report)
    elif path.suffix == ".md":
        check_page(path, text, report)
    elif path.suffix == ".py" or text.startswith("#!/usr/bin/env python3"):
        check_python(path, text, report)


def files_of_the_tree():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [pathlib.Path(name) for name in listed.stdout.split("\0") if name]
    # An unpacked archive has no git; its folders are known.
    found = [path for top in ("src", "tests", "tools", "bench", "docs", "examples")
             for path in (ROOT / top).rglob("*")]
    return [path.relative_to(ROOT) for path in [*found, *ROOT.glob("*.md")]]


def main():
    words = sys.argv[1:]
    if "--help" in words or "-h" in words:
        print(__doc__)
        return 0
    if "--list" in words:
        for rule, about in RULES.items():
            print(f"{rule:12} {about}")
        return 0
    paths = [pathlib.Path(word).resolve().relative_to(ROOT) for word in words]
    report = Report()
    checked = 0
    for path in paths or files_of_the_tree():
        if path.suffix not in (".cc", ".h", ".md", ".py") and path.parts[0] != "tools":
            continue
        try:
            text = (ROOT / path).read_text()
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
            continue
        check_file(path, text, report)
        checked += 1
    for line in report.lines:
        print(line)
    print(f"tidy: {checked} files, {len(report.lines)} broken rules")
    return 1 if report.lines else 0


if __name__ == "__main__":
    sys.exit(main())
