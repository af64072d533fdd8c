#include "serve/predictions.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "data/json_text.h"
#include "sql/quote.h"

namespace millrace::serve {
namespace {

/// The members of predict()'s answer, by name.
class Answer {
 public:
  Answer(const sql::Rows& rows, const sql::Row& row) : rows_(rows), row_(row) {}

  const sql::Cell& operator[](std::string_view name) const {
    const auto found = std::find_if(rows_.columns.begin(), rows_.columns.end(),
                                    [&](const auto& column) { return column.name == name; });
    CHECK(found != rows_.columns.end(), "predict() has members of these names");
    return row_[static_cast<size_t>(found - rows_.columns.begin())];
  }

 private:
  const sql::Rows& rows_;
  const sql::Row& row_;
};

std::string json_text(std::string_view text) {
  std::string out;
  append_json_text(text, out);
  return out;
}

/// A number's text is JSON, but that of NaN and the infinities.
std::string json_number(const sql::Cell& cell) {
  if (!cell) return "null";
  const bool word = cell->find_first_of("Nnyf") != std::string::npos;
  return word ? json_text(*cell) : *cell;
}

/// Lists come as JSON.
const std::string& json_list(const sql::Cell& cell) {
  static const std::string kNull = "null";
  return cell ? *cell : kNull;
}

std::string json_names(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const auto& name : names) out += (out.size() > 1 ? "," : "") + json_text(name);
  return out + "]";
}

std::string predicted(const Answer& answer, bool binary) {
  std::string out = "{\"class_ids\":[" + json_number(answer["class_id"]) + "]";
  out += ",\"classes\":[" + json_text(answer["class"].value_or("")) + "]";
  if (binary) out += ",\"logistic\":[" + json_number(answer["probability"]) + "]";
  out += ",\"logits\":" + json_list(answer["logits"]);
  return out + ",\"probabilities\":" + json_list(answer["probabilities"]) + "}";
}

}  // namespace

Status check_signature(Signature signature, const std::string& model,
                       const std::vector<std::string>& classes) {
  if (signature == Signature::kRegress && !classes.empty())
    return Error(Code::kInvalidArgument,
                 "model \"" + model + "\" is a classifier and has no signature \"regress\"",
                 "It has predict and classify.");
  if (signature == Signature::kClassify && classes.empty())
    return Error(Code::kInvalidArgument,
                 "model \"" + model + "\" is a regressor and has no signature \"classify\"",
                 "It has predict and regress.");
  return {};
}

std::string predict_query(const PredictRequest& request, const std::string& model,
                          std::optional<int64_t> version) {
  std::string query = "SELECT unnest(predict(" + sql::mysql_text(model) + ", instance";
  if (version) query += ", version => " + std::to_string(*version);
  return query + ")) FROM (SELECT unnest(from_json(" + sql::mysql_text(request.instances) + ", " +
         sql::mysql_text(request.structure) + ")) AS instance)";
}

std::string predictions_json(Signature signature, const std::vector<std::string>& classes,
                             const sql::Rows& rows) {
  std::string out = "{\"predictions\":[";
  std::set<std::string> versions;
  const std::string names = json_names(classes);
  bool first = true;
  for (const auto& row : rows.rows) {
    const Answer answer(rows, row);
    if (!first) out += ',';
    first = false;
    if (!answer["model_version"]) {
      out += "null";
      continue;
    }
    versions.insert(*answer["model_version"]);
    if (signature == Signature::kClassify)
      out += "{\"classes\":" + names + ",\"scores\":" + json_list(answer["probabilities"]) + "}";
    else if (classes.empty())
      out += json_list(answer["logits"]);  // a regressor predicts them as they are
    else
      out += predicted(answer, classes.size() == 2);
  }
  out += "],\"model_versions\":[";
  for (const auto& version : versions) out += (version == *versions.begin() ? "" : ",") + version;
  return out + "]}";
}

}  // namespace millrace::serve
