#include "demo/asker.h"

#include <charconv>
#include <cmath>

#include "serve/result_printer.h"

namespace millrace::demo {
namespace {

/// A statement that does not answer in this time never will.
constexpr serve::Milliseconds kAnswerTimeMax{120'000};

/// Keeps a result, and passes it on to a printer when there is one.
class Gatherer : public serve::ResultSink {
 public:
  explicit Gatherer(serve::ResultPrinter* printer) : printer_(printer) {}

  void on_columns(const std::vector<serve::ColumnDefinition>& columns) override {
    answers.columns.clear();
    answers.rows.clear();
    for (const auto& column : columns) answers.columns.push_back(column.name);
    if (printer_ != nullptr) printer_->on_columns(columns);
  }

  void on_row(const std::vector<std::optional<std::string_view>>& cells) override {
    std::vector<serve::Cell> row;
    for (const auto& cell : cells)
      row.push_back(cell ? serve::Cell(std::string(*cell)) : std::nullopt);
    answers.rows.push_back(std::move(row));
    if (printer_ == nullptr) return;
    // Sixteen digits tell a person nothing.
    std::vector<std::string> texts;
    std::vector<std::optional<std::string_view>> shown(cells);
    texts.reserve(cells.size());
    for (auto& cell : shown) {
      if (!cell) continue;
      texts.push_back(shortened(*cell));
      cell = texts.back();
    }
    printer_->on_row(shown);
  }

  void on_end(const serve::Ok& ok) override {
    if (printer_ != nullptr && !answers.columns.empty()) printer_->on_end(ok);
  }

  Answers answers;

 private:
  static std::string shortened(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc() && end == text.data() + text.size();
    if (!number || text.find('.') == std::string_view::npos || text.size() < 9)
      return std::string(text);
    return decimals(value, 4);
  }

  serve::ResultPrinter* printer_;
};

}  // namespace

std::string Answers::text(size_t row, std::string_view column) const {
  for (size_t i = 0; i < columns.size() && row < rows.size(); ++i) {
    if (columns[i] == column) return rows[row][i].value_or("");
  }
  return {};
}

std::optional<double> Answers::number(size_t row, std::string_view column) const {
  const std::string cell = text(row, column);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || cell.empty() || !std::isfinite(value)) return std::nullopt;
  return value;
}

int64_t Answers::whole(size_t row, std::string_view column) const {
  return static_cast<int64_t>(std::llround(number(row, column).value_or(0)));
}

Result<std::unique_ptr<Asker>> Asker::connect(const serve::Address& server, Screen& screen) {
  serve::ClientOptions options;
  options.server = server;
  options.answer_timeout = kAnswerTimeMax;
  auto asker = std::unique_ptr<Asker>(new Asker(screen));
  TRY(asker->client_, serve::Client::connect(options));
  return asker;
}

Result<Answers> Asker::ask(const std::string& sql) {
  Gatherer gatherer(nullptr);
  TRY_OK(client_->query(sql, gatherer));
  return std::move(gatherer.answers);
}

Result<Answers> Asker::show(const std::string& sql) {
  screen_.sql(sql);
  serve::ResultPrinter printer(serve::ResultPrinter::Form::kTable,
                               [this](std::string_view text) { screen_.put(text); });
  Gatherer gatherer(&printer);
  TRY_OK(client_->query(sql, gatherer));
  return std::move(gatherer.answers);
}

}  // namespace millrace::demo
