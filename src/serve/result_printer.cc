#include "serve/result_printer.h"

#include <algorithm>

#include "data/json_text.h"
#include "serve/column_type.h"

namespace millrace::serve {
namespace {

constexpr size_t kHeldRowsMax = 1000;

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<uint8_t>(c) & 0xc0) != 0x80;  // not the inner byte of one
  }));
}

/// A value on one line: tab, newline, backslash, and whatever could steer a terminal, escaped.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\t')
      out += "\\t";
    else if (c == '\n')
      out += "\\n";
    else if (c == '\\')
      out += "\\\\";
    else if (byte < 0x20 || byte == 0x7f)
      (out += "\\x") += {kDigits[byte >> 4], kDigits[byte & 15]};
    else
      out += c;
  }
  return out;
}

std::string csv_field(std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos)
    return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

/// Numbers as JSON has them; Infinity, NaN and dates are texts.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool plain = !text.empty() && text.find_first_not_of("0123456789.eE+-") == text.npos;
  return plain && text.front() >= '0' && text.front() <= '9' &&
         (text.front() != '0' || text.size() == 1 || text[1] == '.' || text[1] == 'e');
}

}  // namespace

void ResultPrinter::on_columns(const std::vector<ColumnDefinition>& columns) {
  names_.clear();
  raw_names_.clear();
  right_.clear();
  widths_.clear();
  for (const auto& column : columns) {
    raw_names_.push_back(column.name);
    names_.push_back(escaped(column.name));
    right_.push_back((column.flags & kNumberFlag) != 0);
    widths_.push_back(characters(names_.back()));
  }
  rows_ = 0;
  holding_ = form_ == Form::kTable;
  if (holding_ || form_ == Form::kJson) return;
  if (form_ == Form::kCsv) {
    const std::vector<std::optional<std::string_view>> header(raw_names_.begin(), raw_names_.end());
    return print_lines(header);
  }
  std::string line;
  for (const auto& name : names_) (line += line.empty() ? "" : "\t") += name;
  output_(line + "\n");
}

void ResultPrinter::on_row(const std::vector<std::optional<std::string_view>>& cells) {
  ++rows_;
  if (form_ == Form::kCsv || form_ == Form::kJson) return print_lines(cells);
  std::vector<std::string> row;
  row.reserve(cells.size());
  for (const auto& cell : cells) row.push_back(cell ? escaped(*cell) : "NULL");
  if (form_ == Form::kTabs) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) (line += i == 0 ? "" : "\t") += row[i];
    output_(line + "\n");
  } else if (holding_) {
    held_.push_back(std::move(row));
    if (held_.size() == kHeldRowsMax) print_held();
  } else {
    print_table_row(row, false);
  }
}

void ResultPrinter::on_end(const Ok& ok) {
  if (names_.empty()) {
    if (form_ == Form::kTable)
      output_("OK, " + std::to_string(ok.rows_changed) + " rows changed" +
              (ok.info.empty() ? "" : ": " + ok.info) + "\n");
    return;
  }
  if (form_ == Form::kTable) {
    print_held();
    print_rule();
    output_(std::to_string(rows_) + (rows_ == 1 ? " row\n" : " rows\n"));
  }
  names_.clear();
}

void ResultPrinter::on_failure() {
  if (!names_.empty()) print_held();
  names_.clear();
}

/// One row, as CSV or JSON.
void ResultPrinter::print_lines(const std::vector<std::optional<std::string_view>>& cells) {
  std::string line = form_ == Form::kJson ? "{" : "";
  for (size_t i = 0; i < cells.size(); ++i) {
    line += i == 0 ? "" : ",";
    if (form_ == Form::kCsv) {
      if (cells[i]) line += csv_field(*cells[i]);
      continue;
    }
    append_json_text(raw_names_[i], line);
    line += ':';
    if (!cells[i])
      line += "null";
    else if (right_[i] && is_json_number(*cells[i]))
      line += *cells[i];
    else
      append_json_text(*cells[i], line);
  }
  output_(line + (form_ == Form::kJson ? "}\n" : "\n"));
}

void ResultPrinter::print_held() {
  if (!holding_) return;
  holding_ = false;
  for (const auto& row : held_)
    for (size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], characters(row[i]));
  print_rule();
  print_table_row(names_, true);
  print_rule();
  for (const auto& row : held_) print_table_row(row, false);
  held_.clear();
}

void ResultPrinter::print_rule() {
  std::string line = "+";
  for (const size_t width : widths_) line += std::string(width + 2, '-') + "+";
  output_(line + "\n");
}

void ResultPrinter::print_table_row(const std::vector<std::string>& cells, bool header) {
  std::string line = "|";
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t used = characters(cells[i]);
    const std::string blanks(widths_[i] > used ? widths_[i] - used : 0, ' ');
    const bool right = right_[i] && !header;
    line += " " + (right ? blanks + cells[i] : cells[i] + blanks) + " |";
  }
  output_(line + "\n");
}

}  // namespace millrace::serve
