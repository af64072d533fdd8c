// The statements of tests/corpus/statements, which the fuzzers of the parsers begin from. Only
// tests include it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sql/split.h"

namespace millrace::sql {

/// Those of all files, in the order of the files' names, without the semicolons.
inline const std::vector<std::string>& statement_corpus() {
  static const std::vector<std::string> kStatements = [] {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(MILLRACE_STATEMENTS))
      files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<std::string> statements;
    for (const auto& file : files) {
      std::ifstream in(file);
      const std::string text((std::istreambuf_iterator<char>(in)), {});
      const auto pieces = split(text, {});
      EXPECT_TRUE(pieces) << file;
      if (!pieces) continue;
      for (const auto& piece : *pieces)
        statements.push_back(text.substr(piece.begin, piece.end - piece.begin));
    }
    EXPECT_GT(statements.size(), 50U) << MILLRACE_STATEMENTS;
    return statements;
  }();
  return kStatements;
}

}  // namespace millrace::sql
