// SQL's explain('model', row): what each feature of a row adds to its logit, in a person's words.
// The newest published state answers. Thread-safe.
#pragma once

#include "engine/encoder_cache.h"
#include "engine/predictor.h"
#include "store/store.h"

namespace millrace::engine {

class SqlExplainer : public store::Explainer {
 public:
  /// `versions` outlives it.
  SqlExplainer(FindModel find, ModelVersions& versions)
      : find_(std::move(find)), versions_(versions) {}

  /// Errors: kUnsupported for a model without a linear part; kInvalidArgument for a class that the
  /// model does not have.
  Status explain(const store::ModelOfSql& model, std::optional<int64_t> class_id, const Batch& rows,
                 std::vector<std::optional<store::Explanation>>& explanations) override;

 private:
  const FindModel find_;
  ModelVersions& versions_;
  EncoderCache encoders_;
};

/// The feature column of a tower's block, or null ("bias", "dnn").
const features::FeatureColumn* column_named(const ModelColumns& columns, std::string_view name);

}  // namespace millrace::engine
