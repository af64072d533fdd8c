// Takes the rejects of a pipeline on to a Kafka topic (REJECTS INTO KAFKA), after they were
// committed: at least once, each with where it came from in its headers, so that a reader can tell
// a second one. How far it is rests in the store. What cannot be sent now is sent with a later
// batch, or when the pipeline is started again; the pipeline does not wait for it. Belongs to the
// pipeline's worker thread.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/result.h"
#include "engine/definition.h"
#include "source/producer.h"
#include "store/store.h"

namespace millrace::engine {

class RejectForwarder {
 public:
  RejectForwarder(int64_t pipeline_id, const PipelineDefinition& definition, store::Store& store,
                  std::stop_token stop)
      : pipeline_id_(pipeline_id), definition_(definition), store_(store), stop_(std::move(stop)) {}

  /// Sends the rejects up to a batch that have not been sent; when a stop is asked for, what is
  /// left of them is left. Errors: those of the producer; none when nobody wants rejects.
  Status forward(int64_t last_batch_id);

 private:
  std::string setting() const { return "rejects.forwarded." + std::to_string(pipeline_id_); }
  Result<int64_t> forwarded() const;
  Status send(const store::KeptRejects& kept);

  const int64_t pipeline_id_;
  const PipelineDefinition& definition_;
  store::Store& store_;
  const std::stop_token stop_;
  std::unique_ptr<source::Producer> producer_;  // made when it is needed first
  int64_t forwarded_ = -1;                      // not known yet
};

}  // namespace millrace::engine
