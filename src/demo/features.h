// What the model may look at, and how it is streamed: the columns of a message, the feature
// columns of CREATE MODEL, and the CSV line of a couple, all from the one table of questions.
// Stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "demo/couple.h"

namespace millrace::demo {

enum class FeatureSet : uint8_t {
  kProfile,  // what both said before the date
  kOwn,      // and how A rated B after it
  kBoth,     // and how B rated A
};

Result<FeatureSet> parse_feature_set(std::string_view word);
/// For people: what these features are, with the warning where they are a leak.
std::string description_of(FeatureSet set);

/// A column of the stream that the model reads.
struct FeatureField {
  std::string name;
  std::string type;    // SQL's
  std::string column;  // TensorFlow's feature column for it: "categorical_column_..."
};

/// In the order of the message.
const std::vector<FeatureField>& feature_fields(FeatureSet set);
/// The crossed columns that come on top.
std::vector<std::string> crossed_columns();

/// One message: seq (its number in its stream), iid, pid, wave, dec, dec_o, match, then the
/// features. Unknown is empty.
std::string couple_line(const Dating& dating, const Couple& couple, FeatureSet set, int64_t seq);
/// One message of the topic `people`: iid, gender, age, field, career, goal, likes.
std::string person_line(const Person& person);

}  // namespace millrace::demo
