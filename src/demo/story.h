// The SQL of the demo, statement by statement: what it runs, and how it is shown where the whole is
// too long to read (a list of 80 columns; nothing else is ever left out). Pure text.
#pragma once

#include <string>
#include <vector>

#include "demo/features.h"

namespace millrace::demo {

inline constexpr const char* kDatabase = "speed_dating_matches";
inline constexpr const char* kTrainingPipeline = "speed_dating_training";
inline constexpr const char* kResultsPipeline = "speed_dating_results";
inline constexpr const char* kCouplesPipeline = "speed_dating_couples";
inline constexpr const char* kPeoplePipeline = "speed_dating_people";

struct Topics {
  std::string training = "training";
  std::string classification = "classification";
  std::string people = "people";
};

struct Scene {
  std::string broker;
  Topics topics;
  FeatureSet features = FeatureSet::kProfile;
  int64_t training_couples = 0;  // of one pass
};

struct Step {
  std::string why;    // a line above it, or empty
  std::string sql;    // what is run
  std::string shown;  // what is printed
};

/// Everything before the first couple is streamed: tables, the model, the pipelines.
std::vector<Step> opening(const Scene& scene);

/// Asks the model of now which score leaves as many training couples above it as were matches.
std::string threshold_sql();

// Questions about what there is. All in database speed_dating_matches.
std::string progress_sql();
std::string evaluation_sql();
std::string newest_matches_sql(int limit);
/// AUC of all couples, and of the first and last half as they came, with the model's versions.
std::string auc_sql();
std::string agreement_sql();
std::string lift_sql();
std::string rejects_sql();
std::string matches_for_sql(int64_t iid, int limit);
std::string match_count_sql(int64_t iid);

}  // namespace millrace::demo
