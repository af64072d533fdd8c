// A Runner's prepared statements: those of the store are planned once and run with values; those
// that are ours are kept as text.
#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/keywords.h"
#include "sql/other_forms.h"
#include "sql/parse.h"
#include "sql/runner.h"
#include "sql/schema_change.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

/// A statement that reads a table has one of these.
constexpr auto kReadingWords =
    std::to_array<std::string_view>({"FROM", "JOIN", "TABLE", "UPDATE", "DELETE", "MERGE", "ON"});

}  // namespace

Result<std::unique_ptr<Prepared>> Runner::prepare(std::string_view text) {
  auto prepared = std::make_unique<Prepared>();
  prepared->text_ = text;
  TRY(std::vector<Token> tokens, lex(prepared->text_, lex_options()));
  if (auto forms = other_forms(text, tokens, lex_options()); forms.size() == 1) {
    prepared->text_ = std::move(forms.front());
    TRY(tokens, lex(prepared->text_, lex_options()));
  }
  TokenReader reader(prepared->text_, tokens, lex_options());
  facts_.database = database_;
  TRY_OK(renew_account());
  TRY(const Statement statement, parse(reader, database_));
  if (std::holds_alternative<Native>(statement)) {
    text_ = prepared->text_;
    tokens_ = tokens;
    prepared_ = prepared.get();
    auto done = check_access(statement);
    if (done) done = with_numbers([&] { return prepare_native(*prepared); });
    if (!done) audit(statement, &done.error());
    prepared_ = nullptr;
    text_ = {};
    tokens_ = {};
    if (!done) return std::move(done).error();
    return prepared;
  }
  if (std::holds_alternative<LoadInfile>(statement))
    return Error(Code::kUnsupported, "LOAD DATA cannot be prepared",
                 "Send it as a statement of its own.");
  const auto mark = std::find_if(tokens.begin(), tokens.end(), [&](const Token& token) {
    return token.kind == TokenKind::kOperator && raw(prepared->text_, token) == "?";
  });
  if (mark != tokens.end())
    return reader.error_at(mark->begin, Code::kUnsupported,
                           "a parameter is not supported in this statement",
                           "Write the value into its text.");
  return prepared;
}

/// Plans the statement at work, which is of the store's.
Status Runner::prepare_native(Prepared& prepared) {
  TRY_OK(check_writes(text_, tokens_, lex_options(), database_));
  TRY(Translation translation, translate_native());
  TRY_OK(check_native(translation.sql));
  const auto marks = std::count_if(tokens_.begin(), tokens_.end(), [&](const Token& token) {
    return token.kind == TokenKind::kOperator && raw(text_, token) == "?";
  });
  auto planned = session_->prepare(translation.sql);
  if (!planned) {
    Error error = std::move(planned).error();
    if (error.position >= 0) error.position = translation.position_of(error.position);
    return error;
  }
  prepared.statement_ = std::move(*planned);
  prepared.sql_ = std::move(translation.sql);
  prepared.account_ = account_;
  prepared.checked_of_ = SchemaChange::count();
  prepared.texts_as_numbers_ = texts_as_numbers_;
  prepared.parameters_ = prepared.statement_->parameters();
  if (prepared.parameters_.size() != static_cast<size_t>(marks))
    return Error(Code::kSyntax, "a parameter is written ?, and each stands for one value");
  if (insert_id_ != InsertId::kNone) return {};  // what it returns is for us
  if (prepared.statement_->columns()) {
    prepared.columns_ = *prepared.statement_->columns();
    return {};
  }
  // Types that depend on the values are told with the result; how many columns there are, and what
  // they are called, clients want to know now.
  auto options = translate_options(names_items());
  options.marks = Marks::kNull;
  TRY(const Translation without, translate(text_, tokens_, options));
  if (const auto guess = session_->prepare(without.sql); guess && (*guess)->columns())
    prepared.columns_ = *(*guess)->columns();
  return {};
}

bool Runner::is_checked() const {
  return prepared_ != nullptr && prepared_->account_ == account_ &&
         prepared_->checked_of_ == SchemaChange::count();
}

Result<StatementResult> Runner::run(Prepared& prepared, std::span<const store::BoundValue> values) {
  prepared_ = &prepared;
  values_ = values;
  auto result = run(prepared.text_);
  prepared_ = nullptr;
  values_ = {};
  return result;
}

/// A plan of the store believes in the smallest and largest values that its tables had when it was
/// made: of one that reads them, rows that came since may be missed.
bool Runner::plan_ages() const {
  return std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& token) {
    return token.kind == TokenKind::kWord && is_one_of(raw(text_, token), kReadingWords);
  });
}

Result<StatementResult> Runner::run_prepared(const std::string& sql) {
  // What a session function or variable stands for may have changed since, or who sees what.
  if (prepared_->sql_ != sql || prepared_->account_ != account_) {
    prepared_->statement_.reset();
    prepared_->sql_.clear();
    TRY(prepared_->statement_, session_->prepare(sql));
    prepared_->sql_ = sql;
    prepared_->account_ = account_;
  }
  auto& statement = *prepared_->statement_;
  TRY(auto stream, plan_ages() ? statement.execute_anew(values_) : statement.execute(values_));
  return outcome(std::move(stream));
}

}  // namespace millrace::sql
