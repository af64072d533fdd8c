// `feature_columns => auto`: which columns a model gets for rows of a query. Numbers become
// numeric_column, texts categorical_column_with_hash_bucket, in layers inside an embedding_column;
// the label and the weight are left out. Decided once, by the first rows that the model learns, and
// part of its definition from then on. Pure functions.
#pragma once

#include "base/result.h"
#include "data/argument.h"
#include "data/schema.h"
#include "engine/definition.h"

namespace millrace::engine {

class ModelEntry;

/// Whether an argument is the word auto.
bool is_auto(const Argument& argument);

/// The definition with columns in the place of each auto. Errors: kInvalidArgument when the rows
/// have no column that a model could learn from.
Result<ModelDefinition> infer_definition(const ModelEntry& model, const Schema& rows);

}  // namespace millrace::engine
