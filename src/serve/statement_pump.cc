#include "serve/statement_pump.h"

#include "serve/http_json.h"

namespace millrace::serve {

Status StatementPump::begin(const SqlRequest& request) {
  if (!request.database.empty()) TRY_OK(lease_->session().use(request.database));
  TRY(execution_, lease_->session().execute(request.sql));
  return {};
}

Result<bool> StatementPump::step(std::string& out) {
  if (!inside_ && execution_->done()) return false;
  TRY_OK(lease_->check());
  auto done = inside_ ? write_chunk(out) : begin_statement(out);
  if (!done) return lease_->explained(std::move(done).error());
  return true;
}

/// The first chunk is asked for before anything is written: most queries that fail, fail here.
Status StatementPump::begin_statement(std::string& out) {
  TRY(result_, execution_->next());
  if (result_.stream && !result_.stream->columns().empty()) {
    TRY(chunk_, result_.stream->next());
  }
  static const std::vector<store::ResultColumn> kNone;
  const bool document = layout_ == JsonLayout::kDocument;
  if (document && statements_ > 0) out += ',';
  out += "{\"columns\":";
  append_json_columns(result_.stream ? result_.stream->columns() : kNone, out);
  out += document ? ",\"rows\":[" : "}\n";
  ++statements_;
  rows_ = 0;
  inside_ = true;
  if (!chunk_) end_statement(out);
  return {};
}

Status StatementPump::write_chunk(std::string& out) {
  const bool document = layout_ == JsonLayout::kDocument;
  for (size_t row = 0; row < chunk_->rows(); ++row) {
    if (document && rows_ > 0) out += ',';
    append_json_row(*chunk_, result_.stream->columns(), row, out);
    if (!document) out += '\n';
    ++rows_;
  }
  TRY(chunk_, result_.stream->next());
  if (!chunk_) end_statement(out);
  return {};
}

void StatementPump::end_statement(std::string& out) {
  const int64_t changed = result_.stream ? result_.stream->rows_changed() : result_.rows_changed;
  if (layout_ == JsonLayout::kDocument)
    out += "],";
  else
    out += "{\"rows\":" + std::to_string(rows_) + ",";
  out += "\"rows_changed\":" + std::to_string(std::max<int64_t>(0, changed)) +
         ",\"warnings\":" + std::to_string(result_.warnings) + "}";
  if (layout_ == JsonLayout::kLines) out += '\n';
  result_ = {};
  inside_ = false;
}

}  // namespace millrace::serve
