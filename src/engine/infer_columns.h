// `feature_columns => auto`: which columns a model gets for rows of a query or a topic. Numbers
// become numeric_column, texts categorical_column_with_hash_bucket, in layers inside an
// embedding_column; the label and the weight are left out. Decided once, by the first rows that the
// model learns, and part of its definition from then on. Pure functions.
#pragma once

#include "base/result.h"
#include "data/argument.h"
#include "data/batch.h"
#include "data/schema.h"
#include "engine/definition.h"

namespace millrace::engine {

class ModelEntry;

/// Whether an argument is the word auto.
bool is_auto(const Argument& argument);

/// The definition with columns in the place of each auto. Errors: kInvalidArgument when the rows
/// have no column that a model could learn from.
Result<ModelDefinition> infer_definition(const ModelEntry& model, const Schema& rows);

/// What rows that a topic gave as texts are by what they hold: a column of which each value is a
/// number is DOUBLE, and one without a value is not there.
Schema typed_by_values(const Batch& rows);

}  // namespace millrace::engine
