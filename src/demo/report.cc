// The report: the figures as JSON, for tests and for those who compare runs.
#include <fstream>

#include <nlohmann/json.hpp>

#include "demo/outcome.h"
#include "serve/version.h"

namespace millrace::demo {
namespace {

using Json = nlohmann::ordered_json;

Json source_of(const ReportFacts& facts) {
  return {{"from", facts.dating.source},
          {"generated", facts.dating.generated},
          {"seed", facts.seed},
          {"couples", facts.dating.couples.size()},
          {"people", facts.dating.people.size()},
          {"rows_without_partner", facts.dating.left_out},
          {"rows_unreadable", facts.dating.unreadable},
          {"broker", facts.broker_is_ours ? "in-process" : facts.scene.broker},
          {"topics",
           {facts.scene.topics.training, facts.scene.topics.classification,
            facts.scene.topics.people}}};
}

Json features_of(const ReportFacts& facts) {
  Json names = Json::array();
  for (const auto& field : feature_fields(facts.scene.features)) names.push_back(field.name);
  return {{"what", description_of(facts.scene.features)},
          {"leak", facts.scene.features != FeatureSet::kProfile},
          {"columns", names},
          {"crossed", crossed_columns()}};
}

Json streams_of(const ReportFacts& facts, const Outcome& outcome) {
  const auto& progress = outcome.progress;
  const double seconds = progress.seconds;
  const auto per_second = [&](int64_t rows) {
    return seconds > 0 ? static_cast<double>(rows) / seconds : 0;
  };
  const auto trained = static_cast<int64_t>(facts.split.training.size());
  return {{"training_waves", {facts.split.first_wave, facts.split.last_training_wave}},
          {"classified_waves", {facts.split.last_training_wave + 1, facts.split.last_wave}},
          {"training_couples", trained},
          {"passes", facts.pace.passes},
          {"rounds", facts.pace.rounds},
          {"training_rows", facts.pace.training},
          {"classified_rows", facts.pace.classification},
          {"rows_stored", outcome.rows_stored},
          {"rejects", outcome.rejects},
          {"seconds", seconds},
          {"training_rows_per_second", per_second(facts.pace.training)},
          {"classified_rows_per_second", per_second(facts.pace.classification)},
          {"training_batches", progress.training.batches},
          {"classification_batches", progress.results.batches}};
}

Json rankings_of(const Outcome& outcome) {
  Json rankings = Json::object();
  for (const auto& one : outcome.rankings)
    rankings[one.part] = {
        {"couples", one.couples},          {"from_version", one.from_version},
        {"to_version", one.to_version},    {"machine_says_match", one.machine_share},
        {"were_matches", one.human_share}, {"auc", one.auc ? Json(*one.auc) : Json()}};
  return rankings;
}

Json agreement_of(const Outcome& outcome) {
  const auto& table = outcome.agreement;
  return {{"threshold", outcome.threshold},
          {"threshold_from",
           "the score that as many training couples reach as there were matches among them, asked "
           "of the model after each round"},
          {"training_base_rate", outcome.training_share},
          {"human_base_rate", table.human_share()},
          {"machine_base_rate", table.machine_share()},
          {"both_yes", table.both_yes},
          {"machine_only", table.machine_only},
          {"human_only", table.human_only},
          {"both_no", table.both_no},
          {"agreement", table.agreement()},
          {"precision", table.precision()},
          {"recall", table.recall()},
          {"kappa", table.kappa()},
          {"share_above_0.5", outcome.share_above_half},
          {"best_tenth", outcome.best_tenth},
          {"lift", outcome.lift}};
}

Json me_of(const Proposals& me) {
  Json best = Json::array();
  for (const auto& one : me.best)
    best.push_back({{"pid", one.pid},
                    {"probability", one.probability},
                    {"isMatch", one.is_match},
                    {"age", one.age ? Json(*one.age) : Json()},
                    {"field", one.field},
                    {"career", one.career},
                    {"goal", one.goal},
                    {"likes", one.likes}});
  return {{"profile", me.profile},
          {"iid", me.iid},
          {"partners", me.partners},
          {"matches", me.matches},
          {"model_version", me.model_version},
          {"best", best}};
}

}  // namespace

Status write_report(const std::string& path, const ReportFacts& facts, const Outcome& outcome) {
  Json report;
  report["millrace"] = std::string(serve::kVersion);
  report["mysql"] = std::string(serve::kServerVersion);
  report["source"] = source_of(facts);
  report["features"] = features_of(facts);
  report["streams"] = streams_of(facts, outcome);
  Json evaluation = Json::object();
  for (const auto& [name, value] : outcome.evaluation) evaluation[name] = value;
  report["evaluation"] = evaluation;
  report["ranking"] = rankings_of(outcome);
  report["auc_standard_error"] = outcome.auc_error;
  report["machine_against_human"] = agreement_of(outcome);
  report["me"] = outcome.me ? me_of(*outcome.me) : Json();
  std::ofstream file(path);
  // A name in the file that is not UTF-8 must not end the demo.
  file << report.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  file.close();
  if (!file) return Error(Code::kUnavailable, "could not write the report to \"" + path + "\"");
  return {};
}

}  // namespace millrace::demo
