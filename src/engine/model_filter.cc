#include "engine/model_filter.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "data/line_end.h"
#include "engine/line_rules.h"
#include "engine/model_file.h"
#include "engine/scorer.h"
#include "store/value_text.h"

namespace millrace::engine {
namespace {

constexpr size_t kChunkBytes = 4 << 20;
constexpr size_t kFrameBytes = 8;
constexpr uint64_t kMessageBytesMax = uint64_t{1} << 30;
constexpr std::string_view kNull = "\\N";

/// The bytes that came and are not worked yet.
class Input {
 public:
  explicit Input(int descriptor) : descriptor_(descriptor) {}

  std::string_view rest() const { return {bytes_.data() + at_, size_ - at_}; }
  void take(size_t bytes) { at_ += bytes; }
  /// Reads on, to `wanted` bytes at least unless the end comes first.
  Status fill(size_t wanted) {
    if (at_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + at_, size_ - at_);
      size_ -= std::exchange(at_, 0);
    }
    if (bytes_.size() < wanted) bytes_.resize(wanted);
    while (size_ < wanted && !ended_) {
      const ssize_t count = ::read(descriptor_, bytes_.data() + size_, bytes_.size() - size_);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0)
        return Error(Code::kUnavailable, std::string("the input: ") + std::strerror(errno));
      ended_ = count == 0;
      size_ += static_cast<size_t>(count);
    }
    return {};
  }
  bool ended() const { return ended_; }

 private:
  const int descriptor_;
  std::vector<char> bytes_;
  size_t at_ = 0;
  size_t size_ = 0;
  bool ended_ = false;
};

class Filter {
 public:
  Filter(const FilterOptions& options, int in, int out,
         const std::function<void(const std::string&)>& complain)
      : options_(options),
        input_(in),
        out_(out),
        complain_(complain),
        line_end_(line_rules(options.csv)) {}

  Status open();
  Result<FilterReport> run();

 private:
  Status add_predictions();
  Result<bool> next_chunk();
  Result<bool> next_frames();
  Result<bool> next_lines();
  void add_lines(std::string_view text);
  Status work();
  void refuse(size_t line, const std::string& why);
  void print(size_t line, std::optional<size_t> row);
  void print_value(const Column& column, size_t row);
  void print_text(std::string_view text);
  Status write() const;

  const FilterOptions& options_;
  Input input_;
  const int out_;
  const std::function<void(const std::string&)>& complain_;
  LineEnd line_end_;
  std::shared_ptr<ModelEntry> model_;
  std::unique_ptr<decode::Decoder> decoder_;
  std::unique_ptr<Scorer> scorer_;
  std::vector<PredictionColumn> predictions_;

  // Of the chunk at work; a line's number is its message's offset.
  size_t taken_ = 0;
  MessageBatch lines_;
  Batch decoded_, scored_;
  std::string output_;
  std::string value_;
  FilterReport report_;
};

Status Filter::add_predictions() {
  const bool classifier = model_->spec().is_classifier();
  auto names = options_.predictions;
  if (names.empty() && classifier) names = {"class_id", "probability"};
  if (names.empty()) names = {"prediction"};
  for (const auto& name : names) {
    const auto kind = prediction_kind(name);
    if (!kind) {
      std::vector<std::string_view> known;
      for (const auto& facts : prediction_facts()) known.push_back(facts.name);
      return Error(Code::kNotFound, "prediction \"" + name + "\" does not exist",
                   did_you_mean(name, known));
    }
    predictions_.push_back(
        {*kind, "@" + name, prediction_facts()[static_cast<size_t>(*kind)].type});
  }
  return {};
}

Status Filter::open() {
  TRY(model_, read_model_file(options_.model_file));
  TRY_OK(add_predictions());
  const auto kinds = model_->columns().key_kinds();
  std::vector<decode::InputField> fields;
  for (const auto& name : options_.fields) {
    const auto at = kinds.find(to_lower(name));
    const bool read = at != kinds.end();
    fields.push_back({name, {read ? at->second : Kind::kVarchar}, read});
  }
  for (const auto& [key, kind] : kinds) {
    const bool there = std::any_of(options_.fields.begin(), options_.fields.end(),
                                   [&key = key](const auto& name) { return same_name(name, key); });
    if (!there)
      return Error(Code::kNotFound, "column \"" + key + "\" of the model is not among the fields",
                   did_you_mean(key, {options_.fields.begin(), options_.fields.end()}));
  }
  TRY(decoder_, decode::make_csv_decoder(options_.csv, std::move(fields), {}));
  decoded_ = Batch(decoder_->schema());
  TRY(scorer_, Scorer::make(model_, decoder_->schema(), predictions_));
  scored_ = Batch(scorer_->schema());
  return {};
}

void Filter::add_lines(std::string_view text) {
  std::string_view line;
  while (line_end_.take(text, line)) {
    if (line.empty()) continue;
    lines_.messages.push_back({line, {}, 0, static_cast<int64_t>(lines_.messages.size()), -1});
  }
}

/// Whole frames, as many as are in a chunk, one at least.
Result<bool> Filter::next_frames() {
  TRY_OK(input_.fill(kChunkBytes));
  auto rest = input_.rest();
  const auto cut = [] { return Error(Code::kDataLoss, "the input ends within a message"); };
  while (rest.size() >= kFrameBytes) {
    uint64_t size = 0;
    for (size_t i = 0; i < kFrameBytes; ++i)
      size |= uint64_t{static_cast<uint8_t>(rest[i])} << (8 * i);
    if (size > kMessageBytesMax)
      return Error(Code::kDataLoss, "a message of " + std::to_string(size) + " bytes is announced",
                   "Input that is not framed is read with --input lines.");
    if (rest.size() - kFrameBytes < size) {
      if (taken_ > 0) return true;
      TRY_OK(input_.fill(kFrameBytes + size));
      rest = input_.rest();
      if (rest.size() - kFrameBytes < size) return cut();
    }
    add_lines(rest.substr(kFrameBytes, size));
    taken_ += kFrameBytes + size;
    rest.remove_prefix(kFrameBytes + size);
  }
  if (taken_ == 0 && !rest.empty()) return cut();
  return taken_ > 0;
}

/// Whole lines; what is behind the last one waits for its end.
Result<bool> Filter::next_lines() {
  for (size_t wanted = kChunkBytes;; wanted *= 2) {
    TRY_OK(input_.fill(wanted));
    const auto rest = input_.rest();
    if (rest.empty()) return false;
    line_end_.restart();
    auto left = rest;
    if (!input_.ended()) {
      for (size_t end = line_end_.find(left); end != std::string_view::npos;
           end = line_end_.find(left)) {
        left.remove_prefix(end + line_end_.terminator_size());
        line_end_.restart();
      }
    }
    taken_ = input_.ended() ? rest.size() : rest.size() - left.size();
    if (taken_ == 0) continue;
    add_lines(rest.substr(0, taken_));
    return true;
  }
}

Result<bool> Filter::next_chunk() {
  input_.take(std::exchange(taken_, 0));
  lines_.messages.clear();
  return options_.input == FilterOptions::Input::kFramed ? next_frames() : next_lines();
}

void Filter::refuse(size_t line, const std::string& why) {
  ++report_.unpredicted;
  complain_("\"" + std::string(lines_.messages[line].payload.substr(0, 200)) + "\": " + why);
}

void Filter::print_text(std::string_view text) {
  const auto& csv = options_.csv;
  const std::string& quote = csv.enclosed_by;
  output_ += quote;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool doubled = !quote.empty() && text[i] == quote[0];
    const bool escaped =
        quote.empty() && !csv.escaped_by.empty() &&
        (text[i] == csv.escaped_by[0] || text.substr(i).starts_with(csv.fields_terminated_by) ||
         text.substr(i).starts_with(csv.lines_terminated_by));
    if (doubled) output_ += quote;
    if (escaped) output_ += csv.escaped_by;
    output_ += text[i];
  }
  output_ += quote;
}

void Filter::print_value(const Column& column, size_t row) {
  value_.clear();
  if (column.type().list) {
    value_ += "[";
    for (size_t i = column.list_offsets()[row]; i < column.list_offsets()[row + 1]; ++i) {
      if (value_.size() > 1) value_ += ",";
      store::append_double(column.values<double>()[i], value_);
    }
    value_ += "]";
    return print_text(value_);
  }
  if (is_text(column.type().kind)) return print_text(column.values<std::string_view>()[row]);
  if (column.type().kind == Kind::kDouble)
    store::append_double(column.values<double>()[row], output_);
  else
    store::append_integer(column.values<int64_t>()[row], output_);
}

void Filter::print(size_t line, std::optional<size_t> row) {
  output_ += lines_.messages[line].payload;
  for (size_t i = 0; i < predictions_.size(); ++i) {
    output_ += options_.csv.fields_terminated_by;
    if (row)
      print_value(scored_.column(decoder_->schema()->size() + i), *row);
    else
      output_ += kNull;
  }
  output_ += options_.csv.lines_terminated_by;
}

Status Filter::work() {
  std::vector<Reject> rejects;
  TRY_OK(decoder_->decode(lines_, decoded_, rejects));
  const std::vector<uint32_t> line_of_row(decoded_.message_of_row().begin(),
                                          decoded_.message_of_row().end());
  std::vector<RowCheckFault> faults;
  scorer_->score(decoded_, scored_, faults);
  for (const auto& reject : rejects) refuse(static_cast<size_t>(reject.offset), reject.detail);
  for (const auto& fault : faults) refuse(line_of_row[fault.row], fault.detail);
  const auto line_of_scored = scored_.message_of_row();
  output_.clear();
  size_t row = 0;
  for (size_t line = 0; line < lines_.messages.size(); ++line) {
    const bool predicted = row < line_of_scored.size() && line_of_scored[row] == line;
    print(line, predicted ? std::optional(row++) : std::nullopt);
  }
  report_.rows += static_cast<int64_t>(lines_.messages.size());
  return write();
}

Status Filter::write() const {
  for (size_t at = 0; at < output_.size();) {
    const ssize_t count = ::write(out_, output_.data() + at, output_.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return Error(Code::kUnavailable, std::string("the output: ") + std::strerror(errno));
    at += static_cast<size_t>(count);
  }
  return {};
}

Result<FilterReport> Filter::run() {
  while (true) {
    TRY(const bool more, next_chunk());
    if (!more) return report_;
    TRY_OK(work());
  }
}

}  // namespace

Result<FilterReport> run_filter(const FilterOptions& options, int in, int out,
                                const std::function<void(const std::string&)>& complain) {
  Filter filter(options, in, out, complain);
  TRY_OK(filter.open());
  return filter.run();
}

}  // namespace millrace::engine
