#include "features/category_key.h"

#include "features/column_values.h"

namespace millrace::features {

Result<CategoryKey> find_category_key(const Input& input, const FeatureColumn& column,
                                      const std::string& key, KeyKind wanted) {
  CategoryKey found;
  TRY(found.index, find_key(input, column, key));
  const Field& field = input.schema[found.index];
  found.integer = is_integer_key(field.type);
  found.feed = input.feed;
  const std::string what = "\"" + field.name + "\" is " + name_of(field.type);
  if (!found.integer && !is_text(field.type.kind)) {
    return Error(Code::kTypeMismatch, label_of(column) + " needs text or integers, and " + what,
                 is_number(field.type.kind) ? "Use numeric_column or bucketized_column."
                                            : "Make text of it with SET.");
  }
  if (wanted == KeyKind::kInteger && !found.integer) {
    return Error(Code::kTypeMismatch, label_of(column) + " needs integers, and " + what,
                 "Declare the column BIGINT.");
  }
  if (wanted == KeyKind::kText && found.integer) {
    return Error(Code::kTypeMismatch, label_of(column) + " has a vocabulary of text, and " + what,
                 "Write the vocabulary as integers, or declare the column VARCHAR.");
  }
  return found;
}

}  // namespace millrace::features
