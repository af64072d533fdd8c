// A user's connection to the store: statements in, rows out, streamed. What a value looks like in
// text is decided here, once, for every client. A Session belongs to one thread; only interrupt()
// may be called from another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "store/batch_writer.h"
#include "store/bound_value.h"

namespace millrace::store {

enum class SqlType : uint8_t {
  kNull,
  kBoolean,
  kTinyint,
  kSmallint,
  kInteger,
  kBigint,
  kUTinyint,
  kUSmallint,
  kUInteger,
  kUBigint,
  kHugeint,
  kUHugeint,
  kFloat,
  kDouble,
  kDecimal,
  kDate,
  kTime,
  kTimeTz,
  kTimestamp,
  kTimestampTz,
  kInterval,
  kVarchar,
  kBlob,
  kBit,
  kUuid,
  kEnum,
  kList,
  kArray,
  kStruct,
  kMap,
  kUnion,
  kOther,
};

struct ResultColumn {
  std::string name;
  SqlType type = SqlType::kNull;
  uint8_t width = 0;  // DECIMAL(width, scale)
  uint8_t scale = 0;
};

/// Up to some thousand rows of a result. Values are read by column and row.
class ResultChunk {
 public:
  virtual ~ResultChunk() = default;
  virtual size_t rows() const = 0;
  virtual bool is_null(size_t column, size_t row) const = 0;
  /// The value as MySQL clients expect text: numbers plain, DATE `2026-11-23`, TIMESTAMP
  /// `2026-11-23 10:00:00[.ffffff]`, BOOLEAN 1/0, BLOB its bytes, LIST / STRUCT / MAP as JSON. Must
  /// not be NULL.
  virtual void append_text(size_t column, size_t row, std::string& out) const = 0;

  // The same value as a number, for binary results. Chunks that keep text read it from there.
  /// Of a BOOLEAN and of integers of up to 64 bits; a UBIGINT as its bits.
  virtual int64_t integer(size_t column, size_t row) const;
  /// Of FLOAT and DOUBLE.
  virtual double real(size_t column, size_t row) const;
  /// Of DATE and TIMESTAMP: microseconds since 1970; of TIME: since midnight. Nothing for what no
  /// calendar of MySQL has: infinity, and moments outside of the years 0 to 9999.
  virtual std::optional<int64_t> moment(size_t column, size_t row) const;
};

class ResultStream {
 public:
  virtual ~ResultStream() = default;
  /// Empty for a statement that returns no rows.
  virtual const std::vector<ResultColumn>& columns() const = 0;
  virtual int64_t rows_changed() const = 0;
  /// The next rows, or null at the end. Errors: kCancelled, and all a query may fail with.
  virtual Result<std::unique_ptr<ResultChunk>> next() = 0;
};

/// A statement that is prepared once and run with values, time and again. It must be gone before
/// its session is, and a stream of it before the session does anything else.
class Statement {
 public:
  virtual ~Statement() = default;
  /// One for each parameter $1, $2...; kNull where only the value will tell.
  virtual const std::vector<SqlType>& parameters() const = 0;
  /// Empty for a statement that returns no rows; nothing when that depends on the values.
  virtual const std::optional<std::vector<ResultColumn>>& columns() const = 0;
  /// Errors: kInvalidArgument for another number of values, and all that execute() may fail with.
  /// Outside of a transaction, what the plan knows of the tables is older than what the run reads:
  /// only for statements that read none.
  virtual Result<std::unique_ptr<ResultStream>> execute(std::span<const BoundValue> values) = 0;
  /// The same with a new plan, which sees the tables as the run does.
  virtual Result<std::unique_ptr<ResultStream>> execute_anew(
      std::span<const BoundValue> values) = 0;
};

/// The rows of a query as columns, for models. Columns of types that no model reads are left out.
class RowStream {
 public:
  virtual ~RowStream() = default;
  virtual const std::shared_ptr<const Schema>& schema() const = 0;
  /// The next rows into `rows`, which has this schema; false at the end. Errors: kCancelled, and
  /// all a query may fail with.
  virtual Result<bool> next(Batch& rows) = 0;
};

/// Rows of batches into a table, within the transaction of a session that has one open. It must be
/// gone before the session runs anything else.
class TableLoad {
 public:
  virtual ~TableLoad() = default;
  /// Returns how many rows the table took. Rows on which an expression fails, or that have a NULL
  /// where none may be, are left out and listed in `failures`. Errors: all that an INSERT may fail
  /// with; the transaction is what it would be after that.
  virtual Result<int64_t> append(const Batch& rows, std::vector<RowFailure>& failures) = 0;
  /// Of the table, as the transaction sees it.
  virtual Result<int64_t> table_rows() = 0;
};

class Session {
 public:
  virtual ~Session() = default;
  /// One statement of the store's SQL. The stream must be gone before the next execute().
  virtual Result<std::unique_ptr<ResultStream>> execute(std::string_view sql) = 0;
  /// One statement with parameters $1, $2... It may outlive changes of the tables it names.
  virtual Result<std::unique_ptr<Statement>> prepare(std::string_view sql) = 0;
  /// A query of the store's SQL, in the order of its rows. Errors: kInvalidArgument for a statement
  /// that is none. The stream must be gone before the next execute() or query().
  virtual Result<std::unique_ptr<RowStream>> query(std::string_view sql) = 0;
  /// Into the table of `output`, of the form kRows. Errors: kNotFound, and what does not fit it.
  virtual Result<std::unique_ptr<TableLoad>> load(const OutputSpec& output) = 0;
  /// Makes `database` the current one. Errors: kNotFound.
  virtual Status use(std::string_view database) = 0;
  virtual const std::string& database() const = 0;
  virtual bool in_transaction() const = 0;
  /// Ends the running statement soon; it fails with kCancelled. Thread-safe.
  virtual void interrupt() = 0;
};

}  // namespace millrace::store
