// Errors are values. An Error says what went wrong (code), in words a user can act on (message,
// detail, hint), and where in the SQL text when there is such a place. Every room returns them;
// `serve/` turns them into SQLSTATEs and HTTP statuses through the one table in error.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

enum class Code : uint8_t {
  kSyntax,              // the statement does not parse
  kInvalidArgument,     // it parses, and asks for something that has no meaning
  kNotFound,            // no such table, model, pipeline
  kMissingTopic,        // of Kafka; who reads one that was there waits for it to come back
  kUnknownDatabase,     // no such database
  kUnknownColumn,       // no such column
  kUnknownVariable,     // no such system variable
  kAlreadyExists,       // the name is taken
  kTypeMismatch,        // a value or column of the wrong type
  kOutOfRange,          // a number grew beyond its type
  kConstraint,          // a key or NOT NULL is violated
  kUnsupported,         // has a meaning, and millrace does not do it
  kAuthentication,      // who are you
  kPermission,          // you may not
  kDatabasePermission,  // you may not, in that database
  kAdminPermission,     // only who has ADMIN may
  kAccount,             // a user that is there already, or is not
  kLimit,               // a limit of the user's account
  kFile,                // a file of the server's that cannot be made
  kWrongState,          // e.g. START of a pipeline that runs
  kCancelled,           // KILL QUERY, Ctrl-C, shutdown
  kUnavailable,         // the world: broker away, address in use
  kTimeout,             // the world did not answer in time
  kResourceExhausted,   // disk or memory is full
  kConflict,            // two transactions met; trying again may work
  kDataLoss,            // offsets gone, damaged snapshot: needs a human
  kCorruptRow,          // a row that cannot be decoded; becomes a Reject
  kTransform,           // a user's program failed or hung
  kInternal,            // our defect
};

/// Whose fault an error is, which decides what is done about it.
enum class Blame : uint8_t { kUser, kWorld, kOurs };

struct CodeFacts {
  Code code;
  std::string_view name;      // "not-found": as shown in system tables
  std::string_view sqlstate;  // five characters
  uint16_t mysql_errno;
  uint16_t http_status;
  Blame blame;
  bool retryable;  // trying the same thing again may work by itself
};

/// The row of the code table for `code`.
const CodeFacts& facts(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;    // lower case, no full stop, names the object and quotes it
  std::string detail;     // a sentence, or empty
  std::string hint;       // a sentence that says what to do, or empty
  std::string output;     // kTransform: what the program wrote to its stderr
  int64_t position = -1;  // byte offset in the SQL text, -1 when there is none

  Error() = default;
  Error(Code c, std::string m, std::string h = {})
      : code(c), message(std::move(m)), hint(std::move(h)) {}

  /// "message. Detail Hint" on one line, for logs and clients that show one string.
  std::string to_string() const;

  /// The same error with `context: ` before its message; added once, where the id is known.
  Error within(std::string_view context) &&;
};

/// The entry of `known` nearest to `word` (case ignored), or empty when nothing is near.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known);

/// `Did you mean X?`, or empty when nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);
/// The same; when nothing is near, `There are A, B and C.`
std::string did_you_mean_or_all(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace millrace
