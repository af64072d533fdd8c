#include "demo/story.h"

namespace millrace::demo {
namespace {

constexpr size_t kColumns = 96;
constexpr size_t kShownLines = 6;
constexpr const char* kFormat = "  FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"'\n";

enum class Length : uint8_t { kWhole, kShown };

/// `items` with commas, in lines, each indented. kShown: the first lines, and how many more.
std::string list_of(const std::vector<std::string>& items, Length length, const std::string& indent,
                    const std::string& whole_at) {
  std::string text;
  std::string line;
  size_t lines = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 < items.size() ? "," : "");
    if (!line.empty() && indent.size() + line.size() + 1 + item.size() > kColumns) {
      text += (text.empty() ? "" : "\n") + indent + line;
      line.clear();
      if (++lines == kShownLines && length == Length::kShown)
        return text + "\n" + indent + "... and " + std::to_string(items.size() - i) + " more" +
               (whole_at.empty() ? "" : ": " + whole_at);
    }
    line += (line.empty() ? "" : " ") + item;
  }
  return text + (text.empty() ? "" : "\n") + indent + line;
}

/// LIKE is a word of SQL's; the others are not.
std::string sql_name(const std::string& name) {
  return name == "like" ? "`like`" : name;
}

std::vector<std::string> names_of(FeatureSet set, std::vector<std::string> names) {
  for (const auto& field : feature_fields(set)) names.push_back(sql_name(field.name));
  return names;
}

/// Makes a step of a statement that is longer than it is shown.
template <class Make>
Step step(std::string why, Make make) {
  return {std::move(why), make(Length::kWhole), make(Length::kShown)};
}

Step short_step(std::string why, std::string sql) {
  return {std::move(why), sql, sql};
}

Step couples_table(const Scene& scene) {
  return step("The couples that are learned from, kept to choose the threshold by:",
              [&](Length length) {
                std::vector<std::string> columns{"seq BIGINT", "iid INT", "pid INT",
                                                 "wave SMALLINT", "match TINYINT"};
                for (const auto& field : feature_fields(scene.features))
                  columns.push_back(sql_name(field.name) + " " + field.type);
                return "CREATE TABLE dating_couples (\n" +
                       list_of(columns, length, "  ", "DESCRIBE dating_couples") + ")";
              });
}

Step model(const Scene& scene) {
  return step("The model, TensorFlow's LinearClassifier:", [&](Length length) {
    // The crosses stand first, so that they are among what is shown.
    std::vector<std::string> columns = crossed_columns();
    for (const auto& field : feature_fields(scene.features)) {
      std::string column = field.column;
      if (field.name == "like") column.replace(column.find("like"), 4, "`like`");
      columns.push_back(std::move(column));
    }
    return "CREATE MODEL dating AS LinearClassifier(\n  label => match,\n  feature_columns => [\n" +
           list_of(columns, length, "    ", "SHOW CREATE MODEL dating") +
           "],\n  optimizer  => Ftrl(learning_rate => 0.05),\n  batch_size => 64)";
  });
}

std::string load_data(const Scene& scene, const std::string& topic) {
  return "  LOAD DATA KAFKA '" + scene.broker + "/" + topic + "'\n";
}

Step training_pipeline(const Scene& scene) {
  return step("One topic trains the model ...", [&](Length length) {
    const auto fields =
        names_of(scene.features, {"seq", "iid", "pid", "wave", "@dec", "@dec_o", "match"});
    return "CREATE PIPELINE " + std::string(kTrainingPipeline) + " AS\n" +
           load_data(scene, scene.topics.training) +
           "  MAX_OFFSETS_PER_BATCH_PARTITION 640\n"
           "  TRAIN MODEL dating\n  INTO TABLE dating_training\n" +
           kFormat + "  (\n" + list_of(fields, length, "    ", "SHOW CREATE PIPELINE") + ")";
  });
}

Step results_pipeline(const Scene& scene) {
  return step(
      "... while the other is classified. What the couples chose is stored, never read by "
      "the model:",
      [&](Length length) {
        const auto fields =
            names_of(scene.features, {"seq", "iid", "pid", "wave", "dec", "dec_o", "match"});
        return "CREATE PIPELINE " + std::string(kResultsPipeline) + " AS\n" +
               load_data(scene, scene.topics.classification) +
               "  CLASSIFY WITH MODEL dating\n  INTO TABLE dating_results\n" + kFormat + "  (\n" +
               list_of(fields, length, "    ", "SHOW CREATE PIPELINE") +
               ")\n  SET isMatch = @probability >= (SELECT threshold FROM " + kDatabase +
               ".dating_threshold),\n      probability = @probability, "
               "model_version = @model_version";
      });
}

Step couples_pipeline(const Scene& scene) {
  return step("", [&](Length length) {
    const auto fields =
        names_of(scene.features, {"seq", "iid", "pid", "wave", "@dec", "@dec_o", "match"});
    return "CREATE PIPELINE " + std::string(kCouplesPipeline) + " AS\n" +
           load_data(scene, scene.topics.training) + "  INTO TABLE dating_couples\n" + kFormat +
           "  (\n" + list_of(fields, length, "    ", "SHOW CREATE PIPELINE") +
           ")\n  WHERE seq <= " + std::to_string(scene.training_couples);
  });
}

Step people_pipeline(const Scene& scene) {
  return short_step("Topics can be stored as they are, too: who the people are.",
                    "CREATE PIPELINE " + std::string(kPeoplePipeline) + " AS\n" +
                        load_data(scene, scene.topics.people) + "  INTO TABLE people\n" + kFormat +
                        "  (iid, gender, age, field, career, goal, likes)");
}

/// The rank of each couple's score among those of `part`, ties sharing theirs: what AUC is made of.
constexpr const char* kRanked =
    "ranked AS (SELECT *, rank() OVER (PARTITION BY part ORDER BY probability)\n"
    "                    + (count(*) OVER (PARTITION BY part, probability) - 1) / 2.0 AS place\n"
    "           FROM parts)";

}  // namespace

std::vector<Step> opening(const Scene& scene) {
  std::vector<Step> steps;
  steps.push_back(short_step("", "CREATE DATABASE " + std::string(kDatabase)));
  steps.push_back(short_step("", "USE " + std::string(kDatabase)));
  steps.push_back(
      short_step("",
                 "CREATE TABLE people (iid INT, gender TEXT, age DOUBLE, field TEXT, career TEXT,\n"
                 "                     goal TEXT, likes TEXT)"));
  steps.push_back(short_step(
      "",
      "CREATE TABLE dating_results (seq BIGINT, iid INT, pid INT, wave SMALLINT, dec TINYINT,\n"
      "                             dec_o TINYINT, match TINYINT, isMatch TINYINT,\n"
      "                             probability DOUBLE, model_version BIGINT)"));
  steps.push_back(couples_table(scene));
  steps.push_back(short_step("", "CREATE TABLE dating_threshold (threshold DOUBLE)"));
  steps.push_back(short_step("", "INSERT INTO dating_threshold VALUES (1)"));
  steps.push_back(model(scene));
  steps.push_back(training_pipeline(scene));
  steps.push_back(results_pipeline(scene));
  steps.push_back(couples_pipeline(scene));
  steps.push_back(people_pipeline(scene));
  for (const char* name : {kPeoplePipeline, kCouplesPipeline, kTrainingPipeline, kResultsPipeline})
    steps.push_back(short_step("", "START PIPELINE " + std::string(name)));
  return steps;
}

std::string threshold_sql() {
  return "UPDATE dating_threshold SET threshold = (\n"
         "  WITH scored AS (SELECT match, predict('dating', c).probability AS probability\n"
         "                  FROM dating_couples c),\n"
         "       ranked AS (SELECT probability, row_number() OVER (ORDER BY probability DESC)\n"
         "                  AS place FROM scored)\n"
         "  SELECT coalesce(min(probability), 1) FROM ranked\n"
         "  WHERE place <= (SELECT sum(match) FROM scored))";
}

std::string progress_sql() {
  return "SELECT PIPELINE_NAME, STATE, BATCHES, MESSAGES, ROWS_OUT, REJECTS, ERROR_MESSAGE\n"
         "FROM information_schema.PIPELINES WHERE DATABASE_NAME = '" +
         std::string(kDatabase) + "'";
}

std::string evaluation_sql() {
  return "SELECT global_step, examples, accuracy, accuracy_baseline, auc, auc_precision_recall,\n"
         "       average_loss, label_mean, prediction_mean, model_version\n"
         "FROM dating_training";
}

std::string newest_matches_sql(int limit) {
  return "SELECT seq, iid, pid, round(probability, 3) AS probability, isMatch, match,\n"
         "       model_version\n"
         "FROM dating_results WHERE isMatch = 1 ORDER BY seq DESC LIMIT " +
         std::to_string(limit);
}

std::string auc_sql() {
  return std::string(
             "WITH rated AS (SELECT *, ntile(2) OVER (ORDER BY seq) AS half\n"
             "               FROM dating_results WHERE match IS NOT NULL),\n"
             "parts AS (SELECT 'first half' AS part, * FROM rated WHERE half = 1\n"
             "          UNION ALL SELECT 'last half', * FROM rated WHERE half = 2\n"
             "          UNION ALL SELECT 'all', * FROM rated),\n") +
         kRanked +
         "\nSELECT part, count(*) AS couples, min(model_version) AS from_version,\n"
         "       max(model_version) AS to_version, avg(isMatch) AS machine_says_match,\n"
         "       avg(match) AS were_matches,\n"
         "       (sum(CASE WHEN match = 1 THEN place END) - sum(match) * (sum(match) + 1) / 2.0)\n"
         "         / nullif(sum(match) * (count(*) - sum(match)), 0) AS auc\n"
         "FROM ranked GROUP BY part ORDER BY part = 'all', min(seq)";
}

std::string agreement_sql() {
  return "SELECT isMatch, match, count(*) AS couples FROM dating_results\n"
         "WHERE match IS NOT NULL GROUP BY isMatch, match ORDER BY isMatch DESC, match DESC";
}

std::string lift_sql() {
  return "SELECT avg(CASE WHEN tenth = 1 THEN match END) AS best_ranked_tenth,\n"
         "       avg(match) AS all_couples,\n"
         "       avg(CASE WHEN tenth = 1 THEN match END) / nullif(avg(match), 0) AS lift\n"
         "FROM (SELECT match, ntile(10) OVER (ORDER BY probability DESC, seq) AS tenth\n"
         "      FROM dating_results WHERE match IS NOT NULL) AS t";
}

std::string rejects_sql() {
  return "SELECT pipeline_name, reason, count(*) AS rows, min(detail) AS example\n"
         "FROM millrace.rejects GROUP BY pipeline_name, reason ORDER BY pipeline_name, reason";
}

std::string matches_for_sql(int64_t iid, int limit) {
  return "SELECT r.pid, round(r.probability, 3) AS probability, r.isMatch, p.age, p.field,\n"
         "       p.career, p.goal, p.likes\n"
         "FROM dating_results r JOIN people p ON p.iid = r.pid\n"
         "WHERE r.iid = " +
         std::to_string(iid) + " ORDER BY r.probability DESC, r.pid LIMIT " + std::to_string(limit);
}

std::string match_count_sql(int64_t iid) {
  return "SELECT count(*) AS partners, sum(isMatch) AS matches, max(model_version) AS "
         "model_version\nFROM dating_results WHERE iid = " +
         std::to_string(iid);
}

}  // namespace millrace::demo
