// A Plan is a pipeline definition checked against the world and laid out for the batch loop: what
// is decoded to which type, what SET and WHERE do before the model and after it, and what lands in
// which column. Made at CREATE PIPELINE (to find errors early) and again at each START (the tables
// may have changed). Immutable.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "decode/decoder.h"
#include "decode/message_columns.h"
#include "engine/definition.h"
#include "engine/model_entry.h"
#include "engine/scorer.h"
#include "store/store.h"

namespace millrace::engine {

struct Plan {
  std::vector<decode::InputField> fields;
  std::vector<decode::MessageFact> facts;     // of messages, that expressions read
  std::shared_ptr<const Schema> decoded;      // the wanted fields, then the facts
  bool shapes = false;                        // SET / WHERE run before the model
  store::ShapeSpec shape;                     // when `shapes`
  std::vector<PredictionColumn> predictions;  // kClassify
  store::OutputSpec output;                   // `input` is set when the pipeline starts
};

/// A name as an expression of the store writes it.
std::string quote_identifier(std::string_view name);

/// The columns of a TRAIN target that is made because there is none: the head's metrics.
Schema evaluation_columns(const estimator::EstimatorSpec& spec);

/// `target` is the table if there is one; `model` is null for plain pipelines. Errors name the
/// pipeline, or LOAD DATA where it has no name, the column and the nearest name.
Result<Plan> make_plan(const PipelineDefinition& pipeline,
                       const std::optional<store::TableInfo>& target, const ModelEntry* model);

}  // namespace millrace::engine
