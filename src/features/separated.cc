// A categorical column whose cells hold several values in one text, "jazz|rock": cut at the
// separator into a list column, which the column's own kind then reads. An empty cell has no
// values.
#include <algorithm>
#include <charconv>

#include "features/column_values.h"

namespace millrace::features {
namespace {

class SeparatedEncoder : public CategoricalEncoder {
 public:
  SeparatedEncoder(std::unique_ptr<CategoricalEncoder> categories, size_t index,
                   std::shared_ptr<const Schema> cut, const FeatureColumn& column)
      : categories_(std::move(categories)),
        index_(index),
        cut_(std::move(cut)),
        separator_(column.separator),
        label_(label_of(column)) {}

  void ids(const Batch& rows, IdRows& out, FaultSink& faults) const override {
    const Column& column = rows.column(index_);
    const auto cells = column.values<std::string_view>();
    std::vector<uint32_t> offsets = {0};
    std::vector<std::string_view> words;
    for (size_t row = 0; row < rows.rows(); ++row) {
      if (column.is_valid(row)) cut(cells[row], words);
      offsets.push_back(static_cast<uint32_t>(words.size()));
    }
    Batch lists(cut_);
    lists.reset(rows.rows());
    Column& list = lists.column(0);
    list.set_list_offsets(offsets);
    list.set_all_valid();
    if (is_text(list.type().kind)) {
      std::copy(words.begin(), words.end(), list.values<std::string_view>().begin());
    } else {
      for (size_t row = 0; row < rows.rows(); ++row) {
        const std::span<const std::string_view> of_row(words.data() + offsets[row],
                                                       offsets[row + 1] - offsets[row]);
        read_integers(of_row, list.values<int64_t>().subspan(offsets[row]), row, faults);
      }
    }
    categories_->ids(lists, out, faults);
  }

 private:
  void cut(std::string_view cell, std::vector<std::string_view>& words) const {
    if (cell.empty()) return;
    for (size_t end = 0; end != std::string_view::npos;) {
      end = cell.find(separator_);
      words.push_back(cell.substr(0, end));
      if (end != std::string_view::npos) cell.remove_prefix(end + separator_.size());
    }
  }

  void read_integers(std::span<const std::string_view> words, std::span<int64_t> integers,
                     size_t row, FaultSink& faults) const {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = words[i];
      const auto [end, error] =
          std::from_chars(word.data(), word.data() + word.size(), integers[i]);
      if (error == std::errc() && end == word.data() + word.size()) continue;
      integers[i] = -1;
      faults.add(row, label_ + ": \"" + std::string(word) + "\" is not an integer");
    }
  }

  std::unique_ptr<CategoricalEncoder> categories_;
  size_t index_;
  std::shared_ptr<const Schema> cut_;  // one list column
  std::string separator_;
  std::string label_;
};

}  // namespace

CategoricalResult make_separated(const FeatureColumn& column, const Input& input) {
  TRY(const size_t index, find_key(input, column, column.key));
  const Field& field = input.schema[index];
  if (!is_text(field.type.kind) || field.type.list) {
    return Error(
        Code::kTypeMismatch,
        label_of(column) + " has a separator, and \"" + field.name + "\" is " + name_of(field.type),
        "Only text is cut: leave the separator out.");
  }
  const bool integers = column.kind == ColumnKind::kIdentity || column.integer_keys;
  const Field list{field.name, {integers ? Kind::kInt64 : Kind::kVarchar, true}};
  const auto cut = std::make_shared<const Schema>(std::vector<Field>{list});
  FeatureColumn whole = column;
  whole.separator.clear();
  TRY(auto categories, make_categorical(whole, Input{*cut, input.feed}));
  return std::unique_ptr<CategoricalEncoder>(
      std::make_unique<SeparatedEncoder>(std::move(categories), index, cut, column));
}

}  // namespace millrace::features
