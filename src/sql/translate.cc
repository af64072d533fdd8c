#include "sql/translate.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "data/utf8.h"
#include "sql/item_names.h"
#include "sql/keywords.h"
#include "sql/mysql_words.h"
#include "sql/plain_having.h"
#include "sql/quote.h"
#include "sql/refusals.h"
#include "sql/shown_table.h"
#include "sql/system_schema.h"
#include "sql/token_reader.h"

namespace millrace::sql {
namespace {

class Translator {
 public:
  Translator(std::string_view text, std::span<const Token> tokens, const TranslateOptions& options)
      : text_(text), options_(options), reader_(text, tokens, options.lex) {
    if (options.names_items) names_ = item_names(text, tokens, options.lex);
    const auto of = options.facts == nullptr   ? RewriteFor::kPipeline
                    : options.texts_as_numbers ? RewriteFor::kNumbers
                                               : RewriteFor::kSession;
    rewrites_ = rewrites(text, tokens, options.lex, of);
  }

  Result<Translation> run();

 private:
  struct Rule;
  static std::span<const Rule> rules();

  Status step();
  bool rewrite();
  void fill_in();
  Status word();
  Status name();
  Status string();
  Status variable();
  Status system_variable();
  void mark();
  void pass_having();
  std::string next_mark();
  bool at_mark(size_t ahead = 0) const {
    return options_.marks != Marks::kNone && reader_.at("?", ahead);
  }
  void add(std::string_view sql);  // for the next token, with the blanks before it
  void copy() { take(reader_.raw_at()); }
  void take(std::string_view sql, size_t tokens = 1);  // add, then skip so many tokens
  void drop(size_t tokens) { reader_.seek(reader_.index() + tokens); }
  bool first() const { return reader_.index() == 0; }
  bool after(std::string_view word) const;  // the token before is this word
  bool after_operand() const;
  bool call() const { return reader_.at("(", 1); }
  bool empty_call() const { return call() && reader_.at(")", 2); }
  bool names_table() const;
  bool is_type() const;
  bool is_of_view() const;
  Error session_only() const;

  // Each rule takes the tokens that it translates and says so; false: not its case.
  Result<bool> limit();
  Result<bool> like();
  Result<bool> select();
  Result<bool> from();
  Result<bool> for_lock();
  Result<bool> insert();
  Result<bool> drop_temporary();
  Result<bool> replace();
  Result<bool> on_duplicate();
  Result<bool> row_alias();
  Result<bool> plain_name();
  Result<bool> values();
  Result<bool> cast_type();
  Result<bool> collate();
  Result<bool> introducer();
  Result<bool> session_function();
  Result<bool> current_user();
  bool information_schema();

  std::string_view text_;
  TranslateOptions options_;
  TokenReader reader_;
  Translation result_;
  std::vector<ItemName> names_;
  size_t next_name_ = 0;
  std::vector<Rewrite> rewrites_;
  size_t next_rewrite_ = 0;
  std::optional<PlainHaving> having_;
  bool past_having_ = false;                              // at its condition, or behind it
  size_t marks_ = 0;                                      // that were translated
  std::string row_alias_;                                 // of the row that is a duplicate
  bool updating_duplicate_ = options_.updates_duplicate;  // behind ON DUPLICATE KEY UPDATE
};

struct Translator::Rule {
  std::string_view word;
  Result<bool> (Translator::*apply)();
};

std::span<const Translator::Rule> Translator::rules() {
  static constexpr auto kRules = std::to_array<Rule>({
      {"LIMIT", &Translator::limit},
      {"LIKE", &Translator::like},
      {"SELECT", &Translator::select},
      {"FROM", &Translator::from},
      {"FOR", &Translator::for_lock},
      {"LOCK", &Translator::for_lock},
      {"INSERT", &Translator::insert},
      {"DROP", &Translator::drop_temporary},
      {"REPLACE", &Translator::replace},
      {"ON", &Translator::on_duplicate},
      {"AS", &Translator::row_alias},
      {"AT", &Translator::plain_name},
      {"COLLATION", &Translator::plain_name},
      {"VALUES", &Translator::values},
      {"VALUE", &Translator::values},
      {"SIGNED", &Translator::cast_type},
      {"UNSIGNED", &Translator::cast_type},
      {"COLLATE", &Translator::collate},
      {"DATABASE", &Translator::session_function},
      {"SCHEMA", &Translator::session_function},
      {"VERSION", &Translator::session_function},
      {"USER", &Translator::session_function},
      {"SESSION_USER", &Translator::session_function},
      {"SYSTEM_USER", &Translator::session_function},
      {"CONNECTION_ID", &Translator::session_function},
      {"LAST_INSERT_ID", &Translator::session_function},
      {"ROW_COUNT", &Translator::session_function},
      {"FOUND_ROWS", &Translator::session_function},
      {"CURRENT_USER", &Translator::current_user},
  });
  return kRules;
}

Result<Translation> Translator::run() {
  having_ = plain_having(text_, reader_.tokens());
  if (having_) result_.sql = "SELECT * FROM (";
  for (pass_having(); !reader_.done(); pass_having()) {
    fill_in();
    if (!options_.defaults.empty() && options_.defaults.front() == reader_.index()) {
      options_.defaults = options_.defaults.subspan(1);
      take("DEFAULT");
      continue;
    }
    if (next_name_ < names_.size() && names_[next_name_].is_alias &&
        names_[next_name_].last == reader_.index()) {
      take("AS " + quoted_name(names_[next_name_++].name));
      continue;
    }
    if (!rewrite()) TRY_OK(step());
    fill_in();
    while (next_name_ < names_.size() && !names_[next_name_].is_alias &&
           names_[next_name_].last < reader_.index()) {
      result_.sql += " AS " + quoted_name(names_[next_name_++].name);
    }
  }
  return std::move(result_);
}

/// SELECT ... HAVING c ORDER BY o LIMIT n: the order belongs to the query, whose columns it may
/// name, and the condition to its result.
void Translator::pass_having() {
  if (!having_) return;
  if (reader_.index() == having_->having) reader_.seek(having_->order);
  if (reader_.index() == having_->end && !past_having_) {
    past_having_ = true;
    result_.sql += ") AS filtered WHERE";
    reader_.seek(having_->having + 1);
  } else if (reader_.index() == having_->order && past_having_) {
    reader_.seek(having_->end);
    having_.reset();
  }
}

void Translator::add(std::string_view sql) {
  const Token& token = reader_.peek();
  if (!first()) {
    const size_t from = reader_.tokens()[reader_.index() - 1].end;
    const auto gap = text_.substr(from, token.begin - from);
    const bool blank = gap.find_first_not_of(" \t\r\n") == std::string_view::npos;
    result_.sql += blank ? gap : " ";
    // To the store two of them begin a comment.
    if (gap.empty() && sql.starts_with('-') && result_.sql.ends_with('-')) result_.sql += ' ';
  }
  result_.places.emplace_back(static_cast<uint32_t>(result_.sql.size()), token.begin);
  result_.sql += sql;
}

void Translator::take(std::string_view sql, size_t tokens) {
  add(sql);
  drop(tokens);
}

bool Translator::after(std::string_view word) const {
  if (first()) return false;
  const Token& before = reader_.tokens()[reader_.index() - 1];
  return before.kind != TokenKind::kString && same_name(raw(text_, before), word);
}

bool Translator::after_operand() const {
  return !first() && ends_operand(text_, reader_.tokens()[reader_.index() - 1]);
}

/// Behind these a name and a parenthesis are a table and its columns, not a call; nor is the INSERT
/// of a MERGE.
bool Translator::names_table() const {
  static constexpr auto kBefore =
      std::to_array<std::string_view>({"INTO", "TABLE", "VIEW", "REFERENCES", "WITH", "RECURSIVE"});
  const auto verb = raw(text_, reader_.tokens()[0]);
  const bool indexed = after("ON") && same_name(verb, "CREATE");
  const bool merged = after("THEN") && reader_.at("INSERT") && same_name(verb, "MERGE");
  return indexed || merged ||
         std::any_of(kBefore.begin(), kBefore.end(), [&](auto word) { return after(word); });
}

/// TIME(6) and TIMESTAMP(6) are types.
bool Translator::is_type() const {
  return (reader_.at("TIME") || reader_.at("TIMESTAMP")) &&
         reader_.peek(2).kind == TokenKind::kNumber && reader_.at(")", 3);
}

/// CREATE VIEW ... with a function of the store's own, as SHOW CREATE VIEW tells it.
bool Translator::is_of_view() const {
  const Operands all(text_, reader_.tokens());
  return all.is(0, "CREATE") && (all.is(1, "VIEW") || all.is(3, "VIEW")) && reader_.at("(", 3);
}

Error Translator::session_only() const {
  return reader_.error_at(reader_.position(), Code::kUnsupported,
                          std::string(reader_.raw_at()) + " has no meaning here",
                          "It asks about a session, and there is none.");
}

/// What was found beforehand to be something else to the store.
bool Translator::rewrite() {
  while (next_rewrite_ < rewrites_.size() && rewrites_[next_rewrite_].token < reader_.index())
    ++next_rewrite_;
  if (next_rewrite_ == rewrites_.size() || rewrites_[next_rewrite_].token != reader_.index())
    return false;
  const auto& found = rewrites_[next_rewrite_++];
  take(found.sql, found.count);
  return true;
}

/// What stands between tokens to the store alone.
void Translator::fill_in() {
  while (next_rewrite_ < rewrites_.size() && rewrites_[next_rewrite_].count == 0 && rewrite()) {
  }
}

Status Translator::step() {
  switch (reader_.peek().kind) {
    case TokenKind::kWord:
      return word();
    case TokenKind::kQuotedName:
      return name();
    case TokenKind::kString:
      return string();
    case TokenKind::kHex:
      take(quoted_bytes(reader_.value()));
      return {};
    case TokenKind::kBits: {
      uint64_t number = 0;
      const std::string bytes = reader_.value();
      if (bytes.size() > sizeof(number))
        return reader_.unsupported("a bit literal of over 64 bits");
      for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
      take(std::to_string(number));
      return {};
    }
    case TokenKind::kVariable:
      return variable();
    case TokenKind::kSystemVariable:
      return system_variable();
    case TokenKind::kOperator:
      if (at_mark()) {
        mark();
        return {};
      }
      take(reader_.at("<=>") ? " IS NOT DISTINCT FROM " : reader_.raw_at());
      return {};
    default:
      copy();
      return {};
  }
}

Status Translator::word() {
  // A name behind a dot is a column, whatever it is called.
  if (!after(".")) {
    TRY_OK(check_refused(reader_));
    for (const auto& rule : rules()) {
      if (!reader_.at(rule.word)) continue;
      TRY(const bool done, (this->*rule.apply)());
      if (done) return {};
    }
    if (reader_.raw_at().starts_with('_')) {
      TRY(const bool done, introducer());
      if (done) return {};
    }
  }
  return name();
}

Status Translator::name() {
  const std::string value = reader_.value();
  const bool raw = options_.shown_only && same_name(value, "millrace_information_schema");
  if ((is_internal_schema(value) || raw) && reader_.at(".", 1) && !is_of_view()) {
    return reader_.error_at(reader_.position(), Code::kPermission,
                            "schema \"" + value + "\" is not for users");
  }
  if (call() && !after("INTO") && is_forbidden_function(value)) {
    return reader_.unsupported("function " + to_lower(value) + "()");
  }
  if (!after(".") && options_.session_tables) {
    if (const auto made = made_table(reader_, options_.session_tables)) {
      take(made->sql, made->tokens);
      return {};
    }
  }
  if (!after(".") && options_.shown_only) {
    if (const auto shown = shown_table(reader_)) {
      take(shown->sql, shown->tokens);
      return {};
    }
  }
  if (!after(".") && information_schema()) return {};
  // UPPER and LOWER of what is no text are for sessions: a pipeline's expressions are kept.
  const bool kept = options_.facts == nullptr && (reader_.at("UPPER") || reader_.at("LOWER"));
  if (call() && !kept && !after(".") && !names_table() && !is_type()) {
    if (const auto taught = taught_function(value); !taught.empty()) {
      take(taught);
      return {};
    }
  }
  if (updating_duplicate_ && !row_alias_.empty() && reader_.at(".", 1) &&
      same_name(value, row_alias_)) {
    take("excluded");
    return {};
  }
  if (reader_.peek().kind == TokenKind::kWord) {
    copy();
  } else {
    take(quoted_name(value));
  }
  return {};
}

Status Translator::string() {
  std::string value = reader_.value();
  size_t tokens = 1;
  // 'a' 'b' is one string.
  for (; reader_.peek(tokens).kind == TokenKind::kString; ++tokens) {
    value += value_of(text_, reader_.peek(tokens), options_.lex);
  }
  // What is no text is bytes, as clients write them that know no other way.
  take(is_utf8(value) ? quoted_text(value) : quoted_bytes(value), tokens);
  return {};
}

Status Translator::variable() {
  const std::string name = to_lower(reader_.value());
  if (options_.facts == nullptr) {
    take(quoted_name("@" + reader_.value()));
    return {};
  }
  if (reader_.at(":=", 1)) return reader_.unsupported("assignment to a variable in an expression");
  take("getvariable(" + quoted_text(name) + ")");
  return {};
}

Status Translator::system_variable() {
  if (options_.variables == nullptr) return session_only();
  std::string name = to_lower(reader_.value());
  for (const std::string_view scope : {"global.", "session.", "local."}) {
    if (name.starts_with(scope)) name.erase(0, scope.size());
  }
  auto literal = options_.variables->literal(name);
  if (!literal) {
    Error error = std::move(literal).error();
    error.position = reader_.position();
    return error;
  }
  take(*literal);
  return {};
}

std::string Translator::next_mark() {
  ++marks_;
  return options_.marks == Marks::kNull ? "NULL" : "$" + std::to_string(marks_);
}

void Translator::mark() {
  // INTERVAL ? DAY: the store takes an expression there in parentheses only.
  const bool bare = !after("INTERVAL");
  const std::string value = next_mark();
  take(bare ? value : "(" + value + ")");
}

/// LIMIT offset, count
Result<bool> Translator::limit() {
  if (!reader_.at(",", 2)) return false;
  for (const size_t ahead : {size_t{1}, size_t{3}}) {
    if (reader_.peek(ahead).kind != TokenKind::kNumber && !at_mark(ahead)) return false;
  }
  const auto offset = at_mark(1) ? next_mark() : std::string(reader_.raw_at(1));
  const auto count = at_mark(3) ? next_mark() : std::string(reader_.raw_at(3));
  take("LIMIT " + count + " OFFSET " + offset, 4);
  return true;
}

/// MySQL's LIKE escapes with a backslash unless told otherwise.
Result<bool> Translator::like() {
  if (reader_.peek(1).kind != TokenKind::kString || reader_.at("ESCAPE", 2)) return false;
  const std::string pattern = value_of(text_, reader_.peek(1), options_.lex);
  if (pattern.find('\\') == std::string::npos) return false;
  take("LIKE " + quoted_text(pattern) + " ESCAPE '\\'", 2);
  return true;
}

Result<bool> Translator::select() {
  static constexpr auto kIgnored = std::to_array<std::string_view>(
      {"HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT",
       "SQL_CACHE", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS"});
  copy();
  if (reader_.at("DISTINCTROW")) take("DISTINCT");
  while (std::any_of(kIgnored.begin(), kIgnored.end(),
                     [&](std::string_view word) { return reader_.at(word); })) {
    reader_.skip();
  }
  return true;
}

Result<bool> Translator::from() {
  if (!reader_.at("DUAL", 1)) return false;
  drop(2);
  return true;
}

/// FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE: a snapshot needs no locks.
Result<bool> Translator::for_lock() {
  if (reader_.accept({"LOCK", "IN", "SHARE", "MODE"})) return true;
  if (!reader_.accept({"FOR", "UPDATE"}) && !reader_.accept({"FOR", "SHARE"})) return false;
  if (!reader_.accept("NOWAIT")) (void)reader_.accept({"SKIP", "LOCKED"});
  return true;
}

Result<bool> Translator::insert() {
  if (!first() || call()) return false;
  copy();
  while (reader_.at("LOW_PRIORITY") || reader_.at("DELAYED") || reader_.at("HIGH_PRIORITY")) {
    reader_.skip();
  }
  if (reader_.at("IGNORE")) take("OR IGNORE");
  if (is_name(reader_.peek()) && !reader_.at("INTO") && !reader_.at("OR")) result_.sql += " INTO";
  return true;
}

Result<bool> Translator::drop_temporary() {
  if (!first() || !reader_.at("TEMPORARY", 1)) return false;
  take("DROP", 2);
  return true;
}

Result<bool> Translator::replace() {
  if (!first() || call()) return false;  // an expression may begin with the function
  take(options_.conflict_key.empty() ? "INSERT OR REPLACE" : "INSERT");
  if (!reader_.at("INTO")) result_.sql += " INTO";
  return true;
}

Result<bool> Translator::on_duplicate() {
  if (!reader_.at({"ON", "DUPLICATE", "KEY", "UPDATE"})) return false;
  const std::string& key = options_.conflict_key;
  take("ON CONFLICT " + (key.empty() ? key : key + " ") + "DO UPDATE SET", 4);
  updating_duplicate_ = true;
  return true;
}

/// A name to MySQL and a keyword to the store: AT, unless a time zone or a version follows.
Result<bool> Translator::plain_name() {
  if (call() || reader_.at("TIME", 1)) return false;
  take(quoted_name(reader_.raw_at()));
  return true;
}

/// VALUES (...) AS new ON DUPLICATE KEY UPDATE a = new.a
Result<bool> Translator::row_alias() {
  if (!after(")") || !is_name(reader_.peek(1)) || !reader_.at("ON", 2) ||
      !reader_.at("DUPLICATE", 3))
    return false;
  row_alias_ = value_of(text_, reader_.peek(1), options_.lex);
  drop(2);
  return true;
}

Result<bool> Translator::values() {
  if (updating_duplicate_ && call() && is_name(reader_.peek(2)) && reader_.at(")", 3)) {
    take("excluded." + quoted_name(value_of(text_, reader_.peek(2), options_.lex)), 4);
    return true;
  }
  if (!reader_.at("VALUE") || !call() || !after_operand()) return false;
  take("VALUES");
  return true;
}

Result<bool> Translator::cast_type() {
  const bool ends = reader_.at(")", 1) || reader_.at("INTEGER", 1) || reader_.at("INT", 1);
  if (!after("AS") || !ends) return false;
  take(reader_.at("SIGNED") ? "BIGINT" : "UBIGINT");
  if (!reader_.accept("INTEGER")) (void)reader_.accept("INT");
  return true;
}

/// Text is compared by its bytes, whatever collation MySQL's clients name.
Result<bool> Translator::collate() {
  const std::string name = to_lower(value_of(text_, reader_.peek(1), options_.lex));
  if (!name.starts_with("utf8") && !name.starts_with("latin1") && name != "binary") return false;
  drop(2);
  return true;
}

/// _utf8mb4'text', _binary'bytes'
Result<bool> Translator::introducer() {
  if (reader_.peek(1).kind != TokenKind::kString) return false;
  if (reader_.at("_binary")) {
    take(quoted_bytes(value_of(text_, reader_.peek(1), options_.lex)), 2);
    return true;
  }
  if (!to_lower(reader_.raw_at()).starts_with("_utf8")) return false;
  drop(1);
  return true;
}

Result<bool> Translator::session_function() {
  if (!empty_call()) return false;
  if (options_.facts == nullptr) return session_only();
  const SessionFacts& facts = *options_.facts;
  std::string sql;
  if (reader_.at("DATABASE") || reader_.at("SCHEMA")) {
    sql = facts.database.empty() ? "NULL" : quoted_text(facts.database);
  } else if (reader_.at("VERSION")) {
    sql = quoted_text(facts.version);
  } else if (reader_.at("CONNECTION_ID")) {
    sql = std::to_string(facts.connection_id);
  } else if (reader_.at("LAST_INSERT_ID")) {
    sql = std::to_string(facts.last_insert_id);
  } else if (reader_.at("ROW_COUNT")) {
    sql = std::to_string(facts.rows_changed);
  } else if (reader_.at("FOUND_ROWS")) {
    sql = facts.found_rows;
  } else {
    sql = quoted_text(facts.user + "@" + facts.host);
  }
  take(sql, 3);
  return true;
}

Result<bool> Translator::current_user() {
  if (options_.facts == nullptr) return session_only();
  take(quoted_text(options_.facts->current_user), empty_call() ? 3 : 1);
  return true;
}

/// information_schema.TABLES
bool Translator::information_schema() {
  if (!reader_.at(".", 1) || !is_information_schema(reader_.value()) || !is_name(reader_.peek(2)))
    return false;
  take(information_schema_table(value_of(text_, reader_.peek(2), options_.lex)), 3);
  return true;
}

}  // namespace

int64_t Translation::position_of(int64_t offset) const {
  const auto behind = std::upper_bound(
      places.begin(), places.end(), offset,
      [](int64_t value, const auto& place) { return value < int64_t{place.first}; });
  return behind == places.begin() ? 0 : int64_t{std::prev(behind)->second};
}

Result<Translation> translate(std::string_view text, std::span<const Token> tokens,
                              const TranslateOptions& options) {
  std::vector<Token> terminated;
  if (tokens.empty() || tokens.back().kind != TokenKind::kEnd) {
    terminated.assign(tokens.begin(), tokens.end());
    const auto end = static_cast<uint32_t>(text.size());
    terminated.push_back({TokenKind::kEnd, end, end});
    tokens = terminated;
  }
  return Translator(text, tokens, options).run();
}

}  // namespace millrace::sql
