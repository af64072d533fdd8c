#include "demo/outcome.h"

#include <cmath>
#include <cstdio>

#include "demo/profile.h"

namespace millrace::demo {
namespace {

constexpr int kNewest = 5;
constexpr int kProposals = 8;

Status tell_evaluation(Asker& asker, Screen& screen, const Pace& pace, Outcome& outcome) {
  screen.heading("dating_training: the evaluation that the training pipeline keeps");
  TRY(const auto row, asker.show(evaluation_sql()));
  for (const auto& column : row.columns) {
    if (const auto value = row.number(0, column)) outcome.evaluation.emplace_back(column, *value);
  }
  screen.say("Each couple is predicted first and learned second.");
  if (pace.passes > 1)
    screen.say("The stream has " + std::to_string(pace.passes) +
               " passes, so most of these predictions met couples seen before: these figures\n"
               "flatter the model. The ones below are of couples it never learned.");
  return {};
}

Status tell_rankings(Asker& asker, Screen& screen, Outcome& outcome) {
  screen.heading("How well it ranks couples that it never saw");
  TRY(const auto rows, asker.show(auc_sql()));
  for (size_t row = 0; row < rows.size(); ++row) {
    RankingFigures figures;
    figures.part = rows.text(row, "part");
    figures.couples = rows.whole(row, "couples");
    figures.from_version = rows.whole(row, "from_version");
    figures.to_version = rows.whole(row, "to_version");
    figures.machine_share = rows.number(row, "machine_says_match").value_or(0);
    figures.human_share = rows.number(row, "were_matches").value_or(0);
    figures.auc = rows.number(row, "auc");
    outcome.rankings.push_back(std::move(figures));
  }
  const auto& all = outcome.rankings.empty() ? RankingFigures() : outcome.rankings.back();
  const auto couples = static_cast<double>(all.couples);
  // The two rows of a date tell the same match: there are half as many couples as rows.
  outcome.auc_error = auc_error(all.auc.value_or(0.5), couples * all.human_share / 2,
                                couples * (1 - all.human_share) / 2);
  screen.say(
      "AUC: how often a couple that matched is ranked above one that did not; 0.5 is chance. That "
      "of all\nis good to about " +
      decimals(outcome.auc_error, 3) + ", those of the halves to " +
      decimals(outcome.auc_error * std::sqrt(2.0), 3) +
      ". The first half was classified while the model was\nyoung, the last half by an older "
      "one.");
  screen.say();
  TRY(const auto lift, asker.show(lift_sql()));
  outcome.best_tenth = lift.number(0, "best_ranked_tenth").value_or(0);
  outcome.lift = lift.number(0, "lift").value_or(0);
  screen.say("Of the best-ranked tenth, " + percent(outcome.best_tenth) +
             " matched: " + decimals(outcome.lift, 2) + " times the share of all.");
  return {};
}

/// The table, with its words around it.
void put_agreement(Screen& screen, const Agreement& table) {
  const auto line = [](std::string_view name, int64_t yes, int64_t no, int64_t all) {
    char text[128];
    std::snprintf(text, sizeof text, "    %-24s %12s %12s %12s\n", std::string(name).c_str(),
                  with_commas(yes).c_str(), with_commas(no).c_str(), with_commas(all).c_str());
    return std::string(text);
  };
  std::string text = "                                  the couple's own decision\n";
  char head[128];
  std::snprintf(head, sizeof head, "    %-24s %12s %12s %12s\n", "the machine says", "match",
                "no match", "all");
  text += head;
  text += line("match", table.both_yes, table.machine_only, table.both_yes + table.machine_only);
  text += line("no match", table.human_only, table.both_no, table.human_only + table.both_no);
  text += line("all", table.both_yes + table.human_only, table.machine_only + table.both_no,
               table.couples());
  screen.put(text + "\n");
}

Status tell_agreement(Asker& asker, Screen& screen, Outcome& outcome) {
  screen.heading("Machine against human");
  TRY(const auto limit, asker.ask("SELECT threshold FROM dating_threshold"));
  TRY(const auto half, asker.ask("SELECT avg(CASE WHEN probability > 0.5 THEN 1 ELSE 0 END) AS "
                                 "share FROM dating_results WHERE match IS NOT NULL"));
  outcome.share_above_half = half.number(0, "share").value_or(0);
  outcome.threshold = limit.number(0, "threshold").value_or(0);
  screen.say("isMatch is 1 where the probability reaches the threshold, which leaves " +
             percent(outcome.training_share) +
             " of the TRAINING\ncouples above it: their share of matches. It was asked of the "
             "model again after each\nround (it is " +
             decimals(outcome.threshold, 3) +
             " now); no classified couple has a say in it. At 0.5, the usual one, " +
             percent(outcome.share_above_half) + " would be matches.");
  screen.say();
  TRY(const auto rows, asker.show(agreement_sql()));
  Agreement& table = outcome.agreement;
  for (size_t row = 0; row < rows.size(); ++row) {
    const bool machine = rows.whole(row, "isMatch") == 1;
    const bool human = rows.whole(row, "match") == 1;
    (machine ? (human ? table.both_yes : table.machine_only)
             : (human ? table.human_only : table.both_no)) = rows.whole(row, "couples");
  }
  put_agreement(screen, table);
  screen.say("    agreement " + percent(table.agreement()) + "    precision " +
             percent(table.precision()) + "    recall " + percent(table.recall()) +
             "    Cohen's kappa " + decimals(table.kappa(), 3));
  screen.say("    the machine says match to " + percent(table.machine_share()) + ", " +
             percent(table.human_share()) + " did");
  screen.say();
  screen.say("Saying \"no match\" to everyone would agree in " + percent(1 - table.human_share()) +
             " and find nobody: kappa, what is beyond\nchance, would be 0.");
  return {};
}

Status tell_rejects(Asker& asker, Screen& screen, Outcome& outcome) {
  TRY(const auto stored,
      asker.ask("SELECT count(*) AS rows FROM dating_results WHERE match IS NOT NULL"));
  outcome.rows_stored = stored.whole(0, "rows");
  TRY(const auto count, asker.ask("SELECT count(*) AS rows FROM millrace.rejects"));
  outcome.rejects = count.whole(0, "rows");
  if (outcome.rejects == 0) return {};
  screen.heading("Rows that could not be used");
  TRY_OK(asker.show(rejects_sql()));
  return {};
}

}  // namespace

Status tell_outcome(Asker& asker, Screen& screen, const Pace& pace, Outcome& outcome) {
  TRY_OK(tell_evaluation(asker, screen, pace, outcome));
  screen.heading("dating_results: the newest matches");
  TRY_OK(asker.show(newest_matches_sql(kNewest)));
  screen.say("isMatch is what the machine says, match what the couple chose.");
  TRY_OK(tell_rankings(asker, screen, outcome));
  TRY_OK(tell_agreement(asker, screen, outcome));
  return tell_rejects(asker, screen, outcome);
}

Result<Proposals> tell_proposals(Asker& asker, Screen& screen, const Person& person) {
  Proposals proposals;
  proposals.iid = person.iid;
  proposals.profile = profile_text(person);
  TRY(const auto counts, asker.show(match_count_sql(person.iid)));
  proposals.partners = counts.whole(0, "partners");
  proposals.matches = counts.whole(0, "matches");
  proposals.model_version = counts.whole(0, "model_version");
  screen.say();
  TRY(const auto rows, asker.show(matches_for_sql(person.iid, kProposals)));
  for (size_t row = 0; row < rows.size(); ++row) {
    Proposal one;
    one.pid = rows.whole(row, "pid");
    one.probability = rows.number(row, "probability").value_or(0);
    one.is_match = rows.whole(row, "isMatch") == 1;
    one.age = rows.number(row, "age");
    one.field = rows.text(row, "field");
    one.career = rows.text(row, "career");
    one.goal = rows.text(row, "goal");
    one.likes = rows.text(row, "likes");
    proposals.best.push_back(std::move(one));
  }
  return proposals;
}

}  // namespace millrace::demo
