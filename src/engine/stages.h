// What a batch of a pipeline passes through between source and store: transform, decoder, SET and
// WHERE, the model. Made from a Plan when a run opens, and once at CREATE PIPELINE, so that what
// cannot work is said there and not at the first START. Belongs to one thread; of a run the learner
// is the worker's and the others are the reader's.
#pragma once

#include <memory>

#include "base/result.h"
#include "decode/decoder.h"
#include "engine/engine.h"
#include "engine/learner.h"
#include "engine/plan.h"
#include "engine/programs.h"
#include "engine/scorer.h"
#include "source/source.h"
#include "store/store.h"

namespace millrace::engine {

struct Stages {
  std::unique_ptr<transform::Transform> transform;  // WITH TRANSFORM only
  std::unique_ptr<decode::Decoder> decoder;
  std::unique_ptr<store::Shaper> shaper;  // null: no SET or WHERE before the model
  std::unique_ptr<Scorer> scorer;         // CLASSIFY only
  std::unique_ptr<Learner> learner;       // TRAIN only
  std::shared_ptr<const Schema> output;   // of the batches that leave the last stage
};

/// `model` is null for plain pipelines. Errors: those of the decoder's format, of expressions, and
/// of columns the model cannot read.
Result<Stages> make_stages(const PipelineDefinition& definition, const Plan& plan,
                           const std::shared_ptr<ModelEntry>& model, const EngineOptions& options,
                           store::Store& store);

/// A batch on its way through the stages; reused from batch to batch.
struct StagedBatch {
  Batch decoded;
  Batch shaped;
  Batch scored;
  Batch StagedBatch::*last = &StagedBatch::decoded;  // what the last stage made
  std::vector<Reject> rejects;
  int64_t decode_micros = 0;
  int64_t shape_micros = 0;
  int64_t score_micros = 0;

  Batch& rows() { return this->*last; }
};
/// Decodes, shapes and scores what a transform has seen; learns nothing.
Status run_stages(Stages& stages, MessageBatch& messages, StagedBatch& batch);

/// The pipeline's source; does not connect yet. Errors: kInvalidArgument for CONFIG.
Result<std::unique_ptr<source::Source>> open_source(const PipelineDefinition& definition,
                                                    const EngineOptions& options,
                                                    store::Store& store, int64_t pipeline_id);

/// A first start without a cursor begins at the earliest offset, or at the latest if CONFIG's
/// auto.offset.reset says so.
/// The id of the source's topic, which the source is held to from here on. Errors: kDataLoss when
/// the pipeline's cursors are of another, which had this name before.
Result<std::string> check_topic(const PipelineDefinition& definition, source::Source& source,
                                store::Store& store, int64_t pipeline_id);

bool starts_at_latest(const SourceDefinition& source, const std::vector<Cursor>& stored);
/// Where each partition is read from: its stored cursor, or where a first start begins.
std::vector<Cursor> first_cursors(const SourceDefinition& source,
                                  const std::vector<source::PartitionBounds>& bounds,
                                  const std::vector<Cursor>& stored);

}  // namespace millrace::engine
