#include "engine/programs.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/check.h"
#include "base/thread.h"
#include "engine/line_rules.h"

namespace millrace::engine {
namespace {

namespace fs = std::filesystem;

std::string directory_of(const EngineOptions& options) {
  if (!options.program_directory.empty()) return options.program_directory;
  return (fs::temp_directory_path() / "millrace-programs").string();
}

Result<std::chrono::milliseconds> timeout_of(const SourceDefinition& source,
                                             const EngineOptions& options) {
  const auto at = source.config.find(std::string(kTransformTimeoutProperty));
  if (at == source.config.end())
    return std::chrono::milliseconds(options.variables->get(EngineVariable::kTransformTimeout));
  int64_t millis = 0;
  const char* const end = at->second.data() + at->second.size();
  const auto [stop, wrong] = std::from_chars(at->second.data(), end, millis);
  if (wrong == std::errc() && stop == end && millis > 0) return std::chrono::milliseconds(millis);
  return Error(Code::kInvalidArgument,
               "property \"" + std::string(kTransformTimeoutProperty) + "\" cannot be \"" +
                   at->second + "\"",
               "It is a number of milliseconds.");
}

/// How the output is cut into records; data of Avro can only be told apart by reading them.
LineRules lines_of(const PipelineDefinition& definition) {
  switch (definition.format) {
    case FormatKind::kCsv:
      return line_rules(definition.csv);
    case FormatKind::kJson:
      return {"\n", "", ""};
    case FormatKind::kAvro:
      break;
  }
  return {"", "", ""};
}

std::string shown_name(const transform::ProgramSource& source) {
  if (!source.program.empty()) return source.program;
  return fs::path(source.uri).filename().string();
}

}  // namespace

Result<FetchedProgram> fetch_program(const ObjectName& pipeline,
                                     const transform::ProgramSource& source) {
  auto bytes = transform::fetch(source);
  if (!bytes) return std::move(bytes).error().within("pipeline \"" + pipeline.name + "\"");
  return FetchedProgram{source, std::move(*bytes)};
}

Result<TransformDefinition> keep_program(const FetchedProgram& program, store::Store& store) {
  TRY(auto checksum, store.keep_program(program.bytes));
  return TransformDefinition{program.source, std::move(checksum)};
}

Result<std::unique_ptr<transform::Transform>> make_transform(const PipelineDefinition& definition,
                                                             const EngineOptions& options,
                                                             store::Store& store) {
  if (!definition.transform) return std::unique_ptr<transform::Transform>();
  const auto& [source, checksum] = *definition.transform;
  transform::TransformOptions made;
  made.name = shown_name(source);
  // A bare program is called as its URI says; the same bytes may have two names.
  const std::string directory =
      directory_of(options) + "/" + checksum + "-" + fs::path(source.uri).filename().string();
  auto command = transform::laid_out(source, directory);
  if (!command) {
    TRY(const auto bytes, store.program(checksum));
    command = transform::lay_out(source, bytes, directory);
    if (!command) return std::move(command).error();
  }
  made.command = std::move(*command);
  if (definition.source.kind == SourceKind::kFiles)
    made.input = transform::TransformOptions::Input::kRaw;
  made.lines = lines_of(definition);
  if (definition.format == FormatKind::kCsv) made.ignored_lines = definition.csv.ignore_lines;
  TRY(made.idle_max, timeout_of(definition.source, options));
  made.runs_max = core_count();
  return std::make_unique<transform::Transform>(std::move(made));
}

Status remove_programs(const std::vector<std::string>& used, const EngineOptions& options,
                       store::Store& store) {
  TRY_OK(store.forget_programs(used));
  if (options.program_directory.empty()) return {};  // others may use the one for all
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(options.program_directory, error)) {
    const std::string name = entry.path().filename().string();
    const bool wanted = std::any_of(used.begin(), used.end(), [&](const auto& checksum) {
      return name.starts_with(checksum + "-");
    });
    if (!wanted) fs::remove_all(entry.path(), error);
  }
  return {};
}

Result<MessageBatch> transformed(const transform::Transform* transform, MessageBatch messages,
                                 const std::stop_token& stop, std::string& said) {
  if (transform == nullptr) return messages;
  TRY(auto made, transform->run(messages, stop));
  made.batch.batch_id = messages.batch_id;
  made.batch.topic_id = std::move(messages.topic_id);
  said = std::move(made.said);
  return std::move(made.batch);
}

namespace {

/// Each row that is one line of several gets that line for a message: who refuses the row later
/// rejects the line, and not the others with it.
void point_at_lines(const decode::Decoder& decoder, MessageBatch& messages, Batch& rows) {
  const auto lines = decoder.lines();
  for (size_t row = 0; row < lines.size(); ++row) {
    if (lines[row].data() == nullptr) continue;
    auto& message = rows.message_of_row()[row];
    messages.messages.push_back(messages.messages[message]);
    messages.messages.back().payload = lines[row];
    ++messages.lines;
    message = static_cast<uint32_t>(messages.messages.size() - 1);
  }
}

}  // namespace

Status decode_messages(decode::Decoder& decoder, MessageBatch& messages, Batch& rows,
                       std::vector<Reject>& rejects) {
  const size_t before = rejects.size();
  TRY_OK(decoder.decode(messages, rows, rejects));
  point_at_lines(decoder, messages, rows);
  if (messages.transformed.empty()) return {};
  const auto count = [&](int32_t partition) {
    for (size_t i = 0; i < messages.ranges.size(); ++i) {
      if (messages.ranges[i].partition == partition) ++messages.transformed[i].records;
    }
  };
  for (const uint32_t message : rows.message_of_row()) count(messages.messages[message].partition);
  for (size_t i = before; i < rejects.size(); ++i) count(rejects[i].partition);
  return {};
}

}  // namespace millrace::engine
