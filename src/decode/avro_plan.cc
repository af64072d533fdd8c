#include "decode/avro_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "decode/avro_default.h"

namespace millrace::decode {
namespace {

bool is_named(AvroKind kind) {
  return kind == AvroKind::kRecord || kind == AvroKind::kEnum || kind == AvroKind::kFixed;
}

/// A writer's number or text that a reader's type takes.
bool is_promoted(AvroKind writer, AvroKind reader) {
  switch (reader) {
    case AvroKind::kLong:
      return writer == AvroKind::kInt;
    case AvroKind::kFloat:
      return writer == AvroKind::kInt || writer == AvroKind::kLong;
    case AvroKind::kDouble:
      return writer == AvroKind::kInt || writer == AvroKind::kLong || writer == AvroKind::kFloat;
    case AvroKind::kString:
      return writer == AvroKind::kBytes;
    case AvroKind::kBytes:
      return writer == AvroKind::kString;
    default:
      return false;
  }
}

/// Names without namespaces; the reader's aliases are the writer's old names.
bool same_type_name(const AvroType& writer, const AvroType& reader) {
  const auto name = simple_name(writer.name);
  return name == simple_name(reader.name) ||
         std::any_of(reader.aliases.begin(), reader.aliases.end(),
                     [&](const auto& alias) { return simple_name(alias) == name; });
}

/// The writer's field that the reader's `field` is, or its index past the end.
size_t writers_field(const AvroType& writer, const AvroField& field) {
  const auto index_of = [&](const std::string& name) {
    return static_cast<size_t>(
        std::find_if(writer.fields.begin(), writer.fields.end(),
                     [&](const AvroField& one) { return one.name == name; }) -
        writer.fields.begin());
  };
  size_t index = index_of(field.name);
  for (size_t i = 0; index == writer.fields.size() && i < field.aliases.size(); ++i)
    index = index_of(field.aliases[i]);
  return index;
}

class Resolver {
 public:
  Resolver(const std::vector<InputField>& fields) : fields_(fields) {}

  /// Whether data of `writer` can be read as `reader`; of unions, whether some can.
  bool matches(const AvroType& writer, const AvroType& reader);
  const std::string& why_not() const { return why_not_; }

  Result<std::unique_ptr<AvroStep>> resolve(const AvroType& writer, const AvroType& reader,
                                            PathNode* node, bool element);

 private:
  using Step = std::unique_ptr<AvroStep>;

  bool matches_record(const AvroType& writer, const AvroType& reader);
  bool mismatch(const AvroType& writer, const AvroType& reader);
  Result<Step> resolve_union(const AvroType& writer, const AvroType& reader, PathNode* node,
                             bool element);
  Result<Step> resolve_branch(const AvroType& writer, const AvroType& reader, PathNode* node,
                              bool element);
  Result<Step> resolve_record(const AvroType& writer, const AvroType& reader, PathNode& node);
  Result<Step> resolve_map(const AvroType& writer, const AvroType& reader, PathNode& node);
  Result<Step> resolve_list(const AvroType& writer, const AvroType& reader, PathNode& node);
  Result<Step> resolve_one(const AvroType& writer, const AvroType& reader, PathNode& node,
                           bool element);
  static Step make_step(AvroStep::Op op, const AvroType& writer);
  void add_scalars(const AvroType& writer, const AvroType& reader, const PathNode& node,
                   bool element, std::vector<Step>& readings) const;

  const std::vector<InputField>& fields_;
  std::set<std::pair<const AvroType*, const AvroType*>> assumed_;  // types that hold themselves
  std::string why_not_;
};

bool Resolver::mismatch(const AvroType& writer, const AvroType& reader) {
  why_not_ = "the writer's " + std::string(branch_name(writer)) + " is no " +
             std::string(branch_name(reader)) + " to the reader";
  return false;
}

bool Resolver::matches_record(const AvroType& writer, const AvroType& reader) {
  for (const auto& field : reader.fields) {
    const size_t index = writers_field(writer, field);
    if (index == writer.fields.size()) {
      if (field.default_json) continue;
      why_not_ = "the writer's " + writer.name + " has no field \"" + field.name +
                 "\", and the reader's has no default";
      return false;
    }
    if (!matches(*writer.fields[index].type, *field.type)) return false;
  }
  return true;
}

bool Resolver::matches(const AvroType& writer, const AvroType& reader) {
  if (&writer == &reader || !assumed_.emplace(&writer, &reader).second) return true;
  if (writer.kind == AvroKind::kUnion) {
    return std::any_of(writer.branches.begin(), writer.branches.end(),
                       [&](const auto* branch) { return matches(*branch, reader); }) ||
           mismatch(writer, reader);
  }
  if (reader.kind == AvroKind::kUnion) {
    return std::any_of(reader.branches.begin(), reader.branches.end(),
                       [&](const auto* branch) { return matches(writer, *branch); }) ||
           mismatch(writer, reader);
  }
  if (writer.kind != reader.kind)
    return is_promoted(writer.kind, reader.kind) || mismatch(writer, reader);
  if (is_named(writer.kind) && !same_type_name(writer, reader)) return mismatch(writer, reader);
  switch (writer.kind) {
    case AvroKind::kRecord:
      return matches_record(writer, reader);
    case AvroKind::kArray:
    case AvroKind::kMap:
      return matches(*writer.items, *reader.items);
    case AvroKind::kFixed:
      return writer.size == reader.size || mismatch(writer, reader);
    default:
      return true;
  }
}

Resolver::Step Resolver::make_step(AvroStep::Op op, const AvroType& writer) {
  auto step = std::make_unique<AvroStep>();
  step->op = op;
  step->writer = &writer;
  return step;
}

Result<Resolver::Step> Resolver::resolve(const AvroType& writer, const AvroType& reader,
                                         PathNode* node, bool element) {
  if (node == nullptr) return make_step(AvroStep::Op::kSkip, writer);
  if (writer.kind == AvroKind::kUnion) return resolve_union(writer, reader, node, element);
  if (reader.kind != AvroKind::kUnion) return resolve_branch(writer, reader, node, element);
  for (const auto* branch : reader.branches) {
    assumed_.clear();
    if (matches(writer, *branch)) return resolve_branch(writer, *branch, node, element);
  }
  (void)mismatch(writer, reader);
  auto failed = make_step(AvroStep::Op::kFail, writer);
  failed->failure = why_not_;
  return failed;
}

Result<Resolver::Step> Resolver::resolve_union(const AvroType& writer, const AvroType& reader,
                                               PathNode* node, bool element) {
  auto step = make_step(AvroStep::Op::kUnion, writer);
  for (const auto* branch : writer.branches) {
    // The same schema: each branch is itself, and not the first that would take it.
    TRY(auto made, &writer == &reader ? resolve_branch(*branch, *branch, node, element)
                                      : resolve(*branch, reader, node, element));
    step->steps.push_back(std::move(made));
  }
  return step;
}

/// A path may name the branch of a union that it means: value::string.
Result<Resolver::Step> Resolver::resolve_branch(const AvroType& writer, const AvroType& reader,
                                                PathNode* node, bool element) {
  assumed_.clear();
  if (!matches(writer, reader)) {
    auto failed = make_step(AvroStep::Op::kFail, writer);
    failed->failure = why_not_;
    return failed;
  }
  TRY(auto step, resolve_one(writer, reader, *node, element));
  PathNode* named = node->find(branch_name(reader));
  if (named == nullptr) named = node->find(simple_name(branch_name(reader)));
  if (named == nullptr) return step;
  TRY(auto made, resolve_one(writer, reader, *named, element));
  step->again.push_back(std::move(made));
  return step;
}

Result<Resolver::Step> Resolver::resolve_one(const AvroType& writer, const AvroType& reader,
                                             PathNode& node, bool element) {
  std::vector<Step> readings;
  add_scalars(writer, reader, node, element, readings);
  if (writer.kind == AvroKind::kRecord && !node.children.empty()) {
    TRY(auto made, resolve_record(writer, reader, node));
    readings.push_back(std::move(made));
  }
  if (writer.kind == AvroKind::kMap && !node.children.empty()) {
    TRY(auto made, resolve_map(writer, reader, node));
    readings.push_back(std::move(made));
  }
  if (writer.kind == AvroKind::kArray && !node.lists.empty() && !element) {
    TRY(auto made, resolve_list(writer, reader, node));
    readings.push_back(std::move(made));
  }
  if (readings.empty()) return make_step(AvroStep::Op::kSkip, writer);
  Step first = std::move(readings.front());
  for (size_t i = 1; i < readings.size(); ++i) first->again.push_back(std::move(readings[i]));
  return first;
}

AvroStep::Quick quick_of(const AvroStep& step) {
  const bool plain =
      step.meaning == AvroMeaning::kEncoded || step.scalar.logical == AvroLogical::kNone;
  if (step.op != AvroStep::Op::kScalar || step.element || !plain || step.fields.size() != 1)
    return AvroStep::Quick::kNo;
  switch (step.scalar.kind) {
    case AvroKind::kInt:
      return AvroStep::Quick::kInt;
    case AvroKind::kLong:
      return AvroStep::Quick::kLong;
    case AvroKind::kFloat:
      return AvroStep::Quick::kFloat;
    case AvroKind::kDouble:
      return AvroStep::Quick::kDouble;
    default:
      return AvroStep::Quick::kNo;
  }
}

/// The readings that give fields the value as one: for containers JSON, for others by what their
/// columns hold: a number of days, or a date.
void Resolver::add_scalars(const AvroType& writer, const AvroType& reader, const PathNode& node,
                           bool element, std::vector<Step>& readings) const {
  const bool container = writer.kind == AvroKind::kRecord || writer.kind == AvroKind::kArray ||
                         writer.kind == AvroKind::kMap;
  Step steps[2];
  for (const size_t field : node.fields) {
    const auto& type = fields_[field].type;
    if (type.list && writer.kind == AvroKind::kArray && !element) continue;
    const bool encoded = is_number(type.kind);
    auto& step = steps[!container && encoded ? 1 : 0];
    if (!step) {
      step = make_step(container ? AvroStep::Op::kJson : AvroStep::Op::kScalar, writer);
      step->element = element;
      step->meaning = encoded ? AvroMeaning::kEncoded : AvroMeaning::kLogical;
      step->scalar = writer;
      if (!container) {
        step->scalar.logical = reader.logical;
        step->scalar.scale = reader.scale;
      }
      if (writer.kind == AvroKind::kEnum && &writer != &reader) {
        for (const auto& symbol : writer.symbols) {
          const bool known = std::find(reader.symbols.begin(), reader.symbols.end(), symbol) !=
                             reader.symbols.end();
          step->symbols.push_back(known ? symbol : reader.symbol.value_or(""));
        }
      }
    }
    step->fields.push_back(field);
  }
  for (auto& step : steps) {
    if (!step) continue;
    step->quick = quick_of(*step);
    readings.push_back(std::move(step));
  }
}

Result<Resolver::Step> Resolver::resolve_record(const AvroType& writer, const AvroType& reader,
                                                PathNode& node) {
  auto step = make_step(AvroStep::Op::kRecord, writer);
  std::vector<const AvroField*> readers(writer.fields.size(), nullptr);
  for (const auto& field : reader.fields) {
    const size_t index = writers_field(writer, field);
    if (index < writer.fields.size()) {
      readers[index] = &field;
      continue;
    }
    PathNode* child = node.find(field.name);
    if (child == nullptr) continue;
    AvroStep::Default fallback;
    TRY(fallback.bytes, encode_avro_default(*field.type, field.default_json.value_or("null")));
    TRY(fallback.step, resolve(*field.type, *field.type, child, false));
    step->defaults.push_back(std::move(fallback));
  }
  for (size_t i = 0; i < writer.fields.size(); ++i) {
    PathNode* child = readers[i] == nullptr ? nullptr : node.find(readers[i]->name);
    const auto& type = *writer.fields[i].type;
    TRY(auto made, resolve(type, child == nullptr ? type : *readers[i]->type, child, false));
    step->steps.push_back(std::move(made));
  }
  return step;
}

Result<Resolver::Step> Resolver::resolve_map(const AvroType& writer, const AvroType& reader,
                                             PathNode& node) {
  auto step = make_step(AvroStep::Op::kMap, writer);
  for (const auto& child : node.children) {
    TRY(auto made, resolve(*writer.items, *reader.items, child.get(), false));
    step->keys.push_back(child->key);
    step->steps.push_back(std::move(made));
  }
  return step;
}

Result<Resolver::Step> Resolver::resolve_list(const AvroType& writer, const AvroType& reader,
                                              PathNode& node) {
  auto step = make_step(AvroStep::Op::kList, writer);
  step->fields = node.lists;
  PathNode items;
  items.fields = node.lists;
  TRY(auto made, resolve(*writer.items, *reader.items, &items, true));
  step->steps.push_back(std::move(made));
  return step;
}

}  // namespace

Result<AvroPlan> make_avro_plan(std::shared_ptr<const AvroSchema> writer,
                                std::shared_ptr<const AvroSchema> reader, PathNode& paths,
                                const std::vector<InputField>& fields) {
  Resolver resolver(fields);
  if (!resolver.matches(writer->root(), reader->root()))
    return Error(Code::kInvalidArgument, "the Avro schema does not resolve: " + resolver.why_not());
  AvroPlan plan;
  TRY(plan.step, resolver.resolve(writer->root(), reader->root(), &paths, false));
  plan.writer = std::move(writer);
  plan.reader = std::move(reader);
  return plan;
}

}  // namespace millrace::decode
