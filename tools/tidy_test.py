#!/usr/bin/env python3
"""tidy.py must find what it says it finds, and leave good code alone."""

import pathlib
import unittest

import tidy


def found(path, text):
    """The rules that `text` breaks as the file `path`."""
    report = tidy.Report()
    tidy.check_file(pathlib.Path(path), text, report)
    return [line.split(": ")[1] for line in report.lines]


def long_function(head, lines):
    return f"{head} {{\n" + "  call();\n" * (lines - 2) + "}\n"


class Rooms(unittest.TestCase):
    def test_a_stage_room_may_use_base_and_data(self):
        text = '#include "base/result.h"\n#include "data/batch.h"\n#include "decode/csv.h"\n'
        self.assertEqual(found("src/decode/csv.cc", text), [])

    def test_stage_rooms_are_strangers(self):
        self.assertEqual(found("src/decode/csv.cc", '#include "source/source.h"\n'), ["room"])

    def test_arrows_point_down_only(self):
        self.assertEqual(found("src/engine/loop.cc", '#include "sql/parser.h"\n'), ["room"])
        self.assertEqual(found("src/sql/parser.cc", '#include "engine/loop.h"\n'), [])

    def test_main_may_use_every_room(self):
        self.assertEqual(found("src/main.cc", '#include "serve/server.h"\n'), [])

    def test_an_include_without_its_room_is_an_error(self):
        self.assertEqual(found("src/decode/csv.cc", '#include "csv.h"\n'), ["room"])


class Doors(unittest.TestCase):
    def test_the_door_itself_may(self):
        for path, header in [("src/source/kafka_source.cc", "librdkafka/rdkafka.h"),
                             ("src/store/duckdb_store.cc", "duckdb.h"),
                             ("src/store/duckdb_handles.h", "duckdb.h"),
                             ("src/serve/http_server.cc", "httplib.h"),
                             ("src/base/log.cc", "spdlog/spdlog.h")]:
            text = "// Prose.\n#pragma once\n" + f"#include <{header}>\n"
            self.assertEqual(found(path, text), [], path)

    def test_no_other_file_may(self):
        for path, header in [("src/engine/loop.cc", "librdkafka/rdkafka.h"),
                             ("src/store/store.cc", "duckdb.h"),
                             ("src/serve/session.cc", "httplib.h"),
                             ("src/source/source.cc", "librdkafka/rdkafka.h")]:
            self.assertEqual(found(path, f"#include <{header}>\n"), ["door"], path)

    def test_heavy_headers_stay_out_of_headers(self):
        text = "// Prose.\n#pragma once\n#include <nlohmann/json.hpp>\n"
        self.assertEqual(found("src/sql/plan.h", text), ["door"])

    def test_a_library_without_a_door_is_noticed(self):
        self.assertEqual(found("src/sql/plan.cc", "#include <boost/asio.hpp>\n"), ["door"])

    def test_the_standard_library_needs_none(self):
        text = "#include <vector>\n#include <sys/stat.h>\n#include <unistd.h>\n"
        self.assertEqual(found("src/base/file.cc", text), [])


class Sizes(unittest.TestCase):
    def test_a_function_of_seventy_lines_passes_and_one_more_does_not(self):
        for head in ["void f()", "Status Store::open(int a,\n  int b) const",
                     "Store::Store() : a_(1)",
                     "template <class T, class U = std::vector<T>>\nT make(U u)"]:
            extra = head.count("\n")
            self.assertEqual(found("src/base/a.cc", long_function(head, 70 - extra)), [], head)
            self.assertEqual(found("src/base/a.cc", long_function(head, 71 - extra)), ["function"],
                             head)

    def test_functions_in_namespaces_and_classes_are_measured(self):
        text = "namespace a::b {\nclass C : public D {\n public:\n" + long_function(
            "  int f() const override", 80) + "};\n}  // namespace a::b\n"
        self.assertEqual(found("src/base/a.cc", text), ["function"])

    def test_a_long_namespace_class_or_table_is_no_function(self):
        for head in ["namespace a", "class C", "enum class E : int", "const int kTable[] ="]:
            text = f"{head} {{\n" + "int x;\n" * 100 + "}\n"
            self.assertEqual(found("src/base/a.cc", text), [], head)

    def test_braces_in_text_and_comments_do_not_count(self):
        text = 'void f() {\n  g("{{{", \'{\', R"({{)");  // {{\n}\n' + long_function("void h()", 70)
        self.assertEqual(found("src/base/a.cc", text), [])

    def test_a_file_of_six_hundred_lines_passes_and_one_more_does_not(self):
        self.assertEqual(found("src/base/a.cc", "int a;\n" * 600), [])
        self.assertEqual(found("src/base/a.cc", "int a;\n" * 601), ["file"])

    def test_a_line_of_more_than_a_hundred_columns_is_noticed(self):
        self.assertEqual(found("src/base/a.cc", "x" * 100 + "\n"), [])
        self.assertEqual(found("src/base/a.cc", "x" * 101 + "\n"), ["line"])


class Names(unittest.TestCase):
    def rule_of(self, line, path="src/engine/a.cc"):
        return found(path, line + "\n")

    def test_each_banned_name_is_found(self):
        for rule, line in [
                ("unfinished", "// TODO: later"), ("thread", "std::thread t(f);"),
                ("thread", "std::jthread(f);"), ("detach", "t.detach();"),
                ("mutex", "std::mutex m;"), ("mutex", "std::lock_guard l(m);"),
                ("sleep", "std::this_thread::sleep_for(1s);"), ("random", "int x = rand();"),
                ("new", "auto* p = new Thing;"), ("delete", "delete p;"), ("malloc", "malloc(3);"),
                ("throw", "throw 1;"), ("assert", "assert(x);"),
                ("namespace", "using namespace std;"), ("parse", "std::stoi(x);"),
                ("compiler", "#include <format>"), ("output", "std::cout << 1;")]:
            self.assertIn(rule, self.rule_of(line), line)

    def test_what_only_looks_alike_is_left_alone(self):
        for line in ["std::jthread thread_;", "X(const X&) = delete;", "// a new thing to throw",
                     'log("delete the new TABLE");', "static_assert(sizeof(int) == 4);",
                     "return std::unique_ptr<Store>(new Store(x));", "int operand(int);",
                     "const std::shared_ptr<float[]> block(new float[n]);",
                     "using namespace std::chrono_literals;", "snprintf(buffer, 3, x);"]:
            self.assertEqual(self.rule_of(line), [], line)

    def test_the_file_that_wraps_a_thing_may_use_it(self):
        self.assertEqual(self.rule_of("std::mutex m;", "src/base/thread.cc"), [])

    def test_an_excuse_needs_a_reason(self):
        self.assertEqual(self.rule_of("f(new X);  // tidy: allow new: the C API frees it"), [])
        self.assertEqual(self.rule_of("f(new X);  // tidy: allow new"), ["new"])

    def test_a_header_opens_with_prose(self):
        self.assertEqual(found("src/base/a.h", "// What it is.\n#pragma once\n"), [])
        self.assertEqual(found("src/base/a.h", "#pragma once\n"), ["header"])


class Pages(unittest.TestCase):
    def test_a_page_has_one_heading(self):
        self.assertEqual(found("docs/a.md", "# One\n```\n# a comment\n```\n"), [])
        self.assertEqual(found("docs/a.md", "# One\n# Two\n"), ["heading"])
        self.assertEqual(found("docs/a.md", "text\n"), ["heading"])

    def test_commands_on_a_page_exist(self):
        self.assertEqual(found("a.md", "# A\n```\n$ make test\ntools/kafka start\n```\n"), [])
        self.assertEqual(found("a.md", "# A\n```\nmake tost\n```\n"), ["command"])
        self.assertEqual(found("a.md", "# A\n```\ntools/kofka start\n```\n"), ["command"])

    def test_a_test_does_not_sleep(self):
        self.assertEqual(found("tests/flow/a_test.py", "time.sleep(1)\n"), ["wait"])


if __name__ == "__main__":
    unittest.main()
