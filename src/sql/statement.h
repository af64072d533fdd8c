// What the parsers make of a statement's text: one struct for each statement that is ours, Native
// for all that the store runs itself. Data only; the session carries them out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/definition.h"
#include "engine/engine.h"
#include "sql/account.h"
#include "sql/lexer.h"

namespace millrace::sql {

// Models and pipelines.
struct CreateModel {
  engine::ModelDefinition model;
  engine::Existing existing = engine::Existing::kFail;
};
struct DropModel {
  engine::ObjectName name;
  engine::Absent absent = engine::Absent::kFail;
};
struct DescribeModel {
  engine::ObjectName name;
};
struct ShowCreateModel {
  engine::ObjectName name;
};
/// `query` is the token at which the query begins.
struct TrainModel {
  engine::ObjectName name;
  size_t query = 0;
};
struct EvaluateModel {
  engine::ObjectName name;
  int64_t version = store::kNewest;
  size_t query = 0;
};
struct RestoreModel {
  engine::ObjectName name;
  int64_t version = 0;
};
struct ExportModel {
  engine::ObjectName name;
  int64_t version = store::kNewest;
  std::string file;
};
struct AlterModel {
  engine::ObjectName name;
  std::vector<engine::ModelSetting> settings;
};
struct CheckModel {
  engine::ObjectName name;
};
struct CreatePipeline {
  engine::PipelineDefinition pipeline;
  engine::Existing existing = engine::Existing::kFail;
  std::vector<std::string> warnings;  // clauses that were accepted and have no effect
  std::vector<std::string> clauses;   // that are written: the others have the server's defaults
};
struct DropPipeline {
  engine::ObjectName name;
  engine::Absent absent = engine::Absent::kFail;
};
struct ShowCreatePipeline {
  engine::ObjectName name;
};
enum class Verb : uint8_t { kStart, kStop };
struct RunPipeline {
  Verb verb = Verb::kStart;
  bool all = false;         // START ALL PIPELINES: of name.database
  engine::ObjectName name;  // name.name empty when all
  engine::Absent absent = engine::Absent::kFail;
  bool foreground = false;
  std::optional<int64_t> batches_max;  // of a run in the foreground
};
struct DetachPipeline {
  engine::ObjectName name;
};
struct AlterPipeline {
  engine::ObjectName name;
  engine::PipelineChange change;
  std::vector<std::string> warnings;
};
struct TestPipeline {
  engine::ObjectName name;
  int64_t limit = 1;
};
struct RetryRejects {
  engine::ObjectName name;
};
struct ProfilePipeline {
  engine::ObjectName name;
};
struct ExtractPipeline {
  engine::ObjectName name;
  std::map<int32_t, int64_t> offsets;  // empty: from the cursors
  std::string file;
};

/// LOAD DATA [LOCAL] INFILE: of a pipeline, what fills a table.
struct LoadInfile {
  bool local = false;
  std::string file;
  engine::PipelineDefinition load;
};

// Databases and tables.
struct Use {
  std::string database;
};
struct CreateDatabase {
  std::string name;
  bool if_not_exists = false;
};
struct DropDatabase {
  std::string name;
  bool if_exists = false;
};
/// The table as the store's SQL, and the sequences of its AUTO_INCREMENT columns, which are made
/// before it.
struct CreateTable {
  engine::ObjectName name;
  std::string sql;
  std::vector<std::string> sequences;
  bool temporary = false;
  bool or_replace = false;
  bool if_not_exists = false;
  std::vector<std::string> warnings;
};

// The session and the server.
enum class TransactionVerb : uint8_t { kBegin, kCommit, kRollback };
struct Transaction {
  TransactionVerb verb = TransactionVerb::kBegin;
};
struct SetVariable {
  enum class Target : uint8_t { kUser, kSystem, kGlobal } target = Target::kSystem;
  std::string name;
  int64_t position = -1;
  enum class Form : uint8_t { kLiteral, kNull, kDefault, kExpression } form = Form::kLiteral;
  std::string literal;  // kLiteral: the value itself
  std::vector<Token> expression;
};
struct Set {
  std::vector<SetVariable> variables;
};
struct CreateUser {
  std::vector<AccountChange> accounts;
  bool if_not_exists = false;
};
struct AlterUser {
  std::vector<AccountChange> accounts;
  bool if_exists = false;
};
struct DropUser {
  std::vector<AccountName> accounts;
  bool if_exists = false;
};
struct GrantRights {
  bool revoke = false;
  Grant grant;
  std::vector<AccountName> accounts;
};
struct SetPassword {
  AccountName account;  // its name empty: the session's own
  std::string password;
};
/// The user's name empty: the session's own.
struct CreateToken {
  std::string name;
  AccountName user;
  int64_t days = 0;     // from now on; 0: not said
  int64_t expires = 0;  // microseconds since 1970; 0: not said
};
struct DropToken {
  std::string name;
  AccountName user;
  bool if_exists = false;
};
struct Kill {
  uint64_t connection_id = 0;
  bool query_only = false;
};
/// Accepted for the sake of MySQL's clients; nothing to do.
struct Ignored {};

enum class ShowKind : uint8_t {
  kModels,
  kPipelines,
  kDatabases,
  kTables,
  kTableStatus,
  kColumns,
  kIndexes,
  kCreateTable,
  kCreateDatabase,
  kVariables,
  kStatus,
  kWarnings,
  kErrors,
  kWarningCount,
  kErrorCount,
  kEngines,
  kProcesses,
  kCharsets,
  kCollations,
  kGrants,  // of the user `object`, at the host `database`; empty: the session's own
  kUsers,
  kTokens,
  kEmpty,  // `object` says of what: TRIGGERS, EVENTS...
};
struct Show {
  ShowKind kind = ShowKind::kDatabases;
  bool full = false;
  std::string database;  // FROM db, else the current one
  std::string object;    // the table
  std::optional<std::string> like;
  std::vector<Token> where;  // empty: none
};

/// The store's own.
struct Native {};

using Statement =
    std::variant<Native, Ignored, CreateModel, DropModel, DescribeModel, ShowCreateModel,
                 TrainModel, EvaluateModel, RestoreModel, ExportModel, AlterModel, CheckModel,
                 CreatePipeline, DropPipeline, ShowCreatePipeline, RunPipeline, DetachPipeline,
                 AlterPipeline, TestPipeline, ProfilePipeline, ExtractPipeline, RetryRejects,
                 LoadInfile, Use, CreateDatabase, DropDatabase, CreateTable, Transaction, Set,
                 CreateUser, AlterUser, DropUser, GrantRights, SetPassword, CreateToken, DropToken,
                 Kill, Show>;

}  // namespace millrace::sql
