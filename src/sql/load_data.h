// The clauses of LOAD DATA, of pipelines and of files: one table of clauses, which may stand in any
// order, each at most once. Private to the parser.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sql/parse.h"

namespace millrace::sql {

/// Reads the clauses into a definition, whose errors show their place. Used for one statement.
class LoadData {
 public:
  LoadData(TokenReader& reader, const std::string& database, engine::PipelineDefinition& pipeline,
           std::vector<std::string>& warnings)
      : reader_(reader), database_(database), pipeline_(pipeline), warnings_(warnings) {}

  Status pipeline() {
    TRY_OK(source_here());
    return clauses_to_end();
  }

  Status source_here() {
    TRY_OK(reader_.expect({"LOAD", "DATA"}));
    return source();
  }

  Status clauses_to_end() {
    while (!reader_.done()) TRY_OK(clause());
    if (pipeline_.table.name.empty()) return reader_.error("INTO TABLE", {"INTO"});
    return check_together();
  }

  Status clauses_here() {
    while (at_changed_clause(reader_)) TRY_OK(clause());
    if (with_paths_ && without_paths_)
      return reader_.error_at(list_at_, Code::kSyntax, "an entry of the column list has no path");
    return {};
  }

  std::vector<std::string> clauses_written() const;

  /// True where a clause begins: where SET and WHERE end.
  static bool at_clause(const TokenReader& reader, size_t ahead = 0);

 private:
  struct Clause;
  static std::span<const Clause> clauses();
  static const Clause* find_clause(const TokenReader& reader, size_t ahead = 0);
  Status clause();
  Error unknown_clause();
  Error twice(const Clause& clause) const;

  Status source();
  Status endpoint(std::string& brokers, std::string& topic);
  Status config();
  Status credentials();
  Status batch_interval();
  Status offsets_per_batch();
  Status partitions_per_batch();
  Status retries();
  Status resource_pool();
  Status out_of_order();
  Status stop_on_error();
  Status train();
  Status classify();
  Status into();
  Status format();
  Status fields();
  Status lines();
  Status ignore_lines();
  Status null_defined();
  Status character_set();
  Status column_list();
  Status schema();
  Status check_together();
  int64_t place_of(std::string_view group) const;
  Status set();
  Status where();
  Status transform();
  Status on_duplicate();
  Status rejects();
  Status replace();
  Status ignore();
  Status assignments(std::vector<engine::SetDefinition>& into, ExpressionOf of);
  Status skip_errors();

  Status step(engine::StepKind kind);
  Status object(std::string_view what, std::map<std::string, std::string>& into);
  Status no_effect(std::string_view what) {
    warnings_.push_back(std::string(what) + " has no effect in millrace");
    return {};
  }

  TokenReader& reader_;
  const std::string& database_;
  engine::PipelineDefinition& pipeline_;
  std::vector<std::string>& warnings_;
  std::vector<const Clause*> seen_;
  std::vector<int64_t> seen_at_;  // the position of each
  int64_t list_at_ = -1;          // of the column list
  bool with_paths_ = false;       // an entry of the column list has a path
  bool without_paths_ = false;
};

}  // namespace millrace::sql
