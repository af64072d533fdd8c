// ALTER MODEL: what settings make of a model's definition, and of the numbers that it learns with.
// Pure but for asking the model for its definition.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/model_entry.h"
#include "estimator/estimator.h"
#include "store/batch_writer.h"

namespace millrace::engine {

struct AlteredModel {
  ModelDefinition definition;
  store::Retention retention;
  std::vector<estimator::Variable> variables;  // hyperparameters with other values than before
};

/// Errors name the setting: kNotFound (with the nearest), kInvalidArgument for a value that CREATE
/// MODEL would refuse, kUnsupported for what a model is made with for good.
Result<AlteredModel> alter_model(const ModelEntry& model,
                                 const std::vector<ModelSetting>& settings);

/// The numbers that the definition says a model learns with, as variables of its trainer.
Result<std::vector<estimator::Variable>> hyperparameters_of(const ModelDefinition& definition);

}  // namespace millrace::engine
