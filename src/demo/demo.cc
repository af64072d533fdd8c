#include "demo/demo.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/thread.h"
#include "demo/house.h"
#include "demo/outcome.h"
#include "demo/profile.h"
#include "demo/stream.h"

namespace millrace::demo {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongOptions = 2;
constexpr int64_t kRefreshMicros = 100'000;
/// Who is added when nobody says who they are.
constexpr const char* kExamplePerson =
    "gender=woman,age=27,field=science,goal=people,hiking=9,movies=9,reading=9,tvsports=2";

int complain(const Error& error, int status) {
  std::fflush(stdout);
  std::fprintf(stderr, "millrace demo: %s\n", error.to_string().c_str());
  return status;
}

/// What the options come to, before anything is started.
struct Cast {
  FeatureSet features = FeatureSet::kProfile;
  std::optional<Person> me;
  Dating dating;
  Split split;
};

Result<Cast> gather(const Options& options) {
  Cast cast;
  TRY(cast.features, parse_feature_set(options.features));
  if (options.no_me && !options.me.empty())
    return Error(Code::kInvalidArgument, "--me and --no-me cannot stand together");
  if (!options.me.empty()) {
    auto me = parse_profile(options.me);
    if (!me) return std::move(me).error().within("--me");
    cast.me = std::move(*me);
  }
  if (options.data.empty()) {
    GeneratorOptions generator;
    if (options.couples > 0) generator.couples = options.couples;
    generator.seed = options.seed;
    TRY(cast.dating, generate_couples(generator));
  } else {
    TRY(cast.dating, read_dating_file(options.data));
    if (options.couples > 0) draw_couples(cast.dating, options.couples, options.seed);
  }
  TRY(cast.split, split_couples(cast.dating, options.seed));
  return cast;
}

double share_of_matches(const Dating& dating, const std::vector<size_t>& couples) {
  int64_t matches = 0;
  for (const size_t i : couples) matches += dating.couples[i].match == 1 ? 1 : 0;
  return couples.empty() ? 0 : static_cast<double>(matches) / static_cast<double>(couples.size());
}

/// The demo once everything is known that it needs: one act after another.
class Show {
 public:
  Show(const Options& options, Cast cast) : options_(options), cast_(std::move(cast)) {}

  Status open();
  Status play();
  /// Leaves the server up until it is to stop.
  Status stay();
  Status close() { return house_ ? house_->close() : Status(); }

 private:
  Status check_folder();
  void introduce();
  Status set_the_scene();
  Status stream();
  Status refresh(const Progress& progress);
  Status add_me();
  std::optional<Person> who();
  std::vector<Couple> couples_of(size_t me) const;
  void say_what_next();

  const Options& options_;
  Cast cast_;
  Screen screen_;
  std::unique_ptr<House> house_;
  std::unique_ptr<Asker> asker_;
  Scene scene_;
  std::unique_ptr<Stream> stream_;
  Stopwatch since_refresh_;
  bool refreshed_ = false;
  Outcome outcome_;
};

Status Show::open() {
  TRY(house_, House::open({options_.kafka, options_.data_dir, options_.mysql_listen,
                           options_.http_listen}));
  TRY(asker_, Asker::connect(house_->server().mysql_address(), screen_));
  TRY_OK(check_folder());
  scene_.broker = house_->broker();
  TRY(scene_.topics, house_->make_topics());
  scene_.features = cast_.features;
  scene_.training_couples = static_cast<int64_t>(cast_.split.training.size());
  stream_ = std::make_unique<Stream>(Stream::Parts{cast_.dating, cast_.split, scene_, options_.seed,
                                                   house_->producer(), *asker_, options_.stop});
  return {};
}

/// An earlier demo's data is the user's by now.
Status Show::check_folder() {
  TRY(const auto databases, asker_->ask("SHOW DATABASES LIKE '" + std::string(kDatabase) + "'"));
  if (databases.size() == 0) return {};
  const auto& folder = house_->data_dir();
  return Error(
      Code::kAlreadyExists,
      "folder \"" + folder + "\" holds the database \"" + kDatabase + "\" of an earlier demo",
      "Name another with --data-dir; `millrace serve --data " + folder + "` opens this one.");
}

void Show::introduce() {
  const auto& dating = cast_.dating;
  const auto& split = cast_.split;
  const auto count = [](size_t number) { return with_commas(static_cast<int64_t>(number)); };
  std::vector<size_t> everyone(dating.couples.size());
  for (size_t i = 0; i < everyone.size(); ++i) everyone[i] = i;
  outcome_.training_share = share_of_matches(dating, split.training);
  screen_.title("millrace demo: speed dating");
  screen_.say("Two people meet for four minutes. Will both want to see each other again?");
  screen_.say();
  screen_.say("  couples     " + count(dating.couples.size()) + " <Person A, Person B, match> of " +
              count(dating.people.size()) + " people; " +
              percent(share_of_matches(dating, everyone)) + " matched");
  screen_.say(
      "              " + dating.source +
      (dating.generated ? ": made up, with a taste to be found (--data takes the real file)" : ""));
  if (dating.left_out + dating.unreadable > 0)
    screen_.say("              left out: " + with_commas(dating.left_out) +
                " rows without a partner in the file, " + with_commas(dating.unreadable) +
                " unreadable");
  screen_.say("  training    evenings " + std::to_string(split.first_wave) + " to " +
              std::to_string(split.last_training_wave) + ": " + count(split.training.size()) +
              " couples, streamed " + std::to_string(stream_->pace().passes) +
              (stream_->pace().passes == 1 ? " time" : " times"));
  screen_.say("  classified  evenings " + std::to_string(split.last_training_wave + 1) + " to " +
              std::to_string(split.last_wave) + ": " + count(split.classification.size()) +
              " couples of people whom the model never meets in training");
  screen_.say("  features    " + std::to_string(feature_fields(cast_.features).size()) +
              " columns and " + std::to_string(crossed_columns().size()) +
              " crosses: " + description_of(cast_.features));
  screen_.say("  Kafka       " + scene_.broker +
              (house_->broker_is_ours() ? " (in this process; --kafka takes a real one)" : "") +
              ", topics " + scene_.topics.training + " and " + scene_.topics.classification);
  screen_.say("  server      " + house_->server().mysql_address().to_string() +
              " for any MySQL client");
  for (const auto& remark : house_->remarks()) screen_.whisper("              " + remark);
}

Status Show::set_the_scene() {
  screen_.heading("The SQL");
  for (const auto& step : opening(scene_)) {
    if (options_.stop.stop_requested()) return Error(Code::kCancelled, "the demo was interrupted");
    if (!step.why.empty()) screen_.whisper("\n    -- " + step.why);
    screen_.sql(step.shown);
    TRY_OK(asker_->ask(step.sql));
  }
  return stream_->send_people();
}

/// Shows how far it is, from the same SQL that a second client could ask.
Status Show::refresh(const Progress& progress) {
  const auto& pace = stream_->pace();
  const bool done = progress.training.messages >= pace.training;
  if (refreshed_ && !done && since_refresh_.micros() < kRefreshMicros) return {};
  refreshed_ = true;
  since_refresh_.restart();
  TRY(const auto now, asker_->ask(evaluation_sql()));
  TRY(const auto newest, asker_->ask(newest_matches_sql(3)));
  const auto metric = [&](const char* name) {
    const auto value = now.number(0, name);
    return value ? decimals(*value, 3) : std::string("-");
  };
  const auto part = [](int64_t a, int64_t b) {
    return b == 0 ? 1.0 : static_cast<double>(a) / static_cast<double>(b);
  };
  const double seconds = std::max(progress.seconds, 0.001);
  const auto rate = [&](int64_t rows) {
    return with_commas(static_cast<int64_t>(static_cast<double>(rows) / seconds));
  };
  const double trained = part(progress.training.messages, pace.training);
  const double classified = part(progress.results.messages, pace.classification);
  const std::string version = std::to_string(now.whole(0, "model_version"));
  std::string matches;
  for (size_t row = 0; row < newest.size(); ++row)
    matches += newest.text(row, "iid") + " & " + newest.text(row, "pid") + " (" +
               decimals(newest.number(row, "probability").value_or(0), 2) + ")   ";
  const std::string counts = with_commas(progress.training.messages) + " of " +
                             with_commas(pace.training) + " trained, " +
                             with_commas(progress.results.messages) + " of " +
                             with_commas(pace.classification) + " classified";
  screen_.refresh(
      {"  training         " + bar(trained, 40) + " " + with_commas(progress.training.messages) +
           " of " + with_commas(pace.training) + ", model version " + version,
       "  classification   " + bar(classified, 40) + " " + with_commas(progress.results.messages) +
           " of " + with_commas(pace.classification),
       "  dating_training  auc " + metric("auc") + "   accuracy " + metric("accuracy") +
           "   average_loss " + metric("average_loss") + "   global_step " +
           std::to_string(now.whole(0, "global_step")),
       "  rows per second  " + rate(progress.training.messages) + " trained, " +
           rate(progress.results.messages) + " classified   rejects " +
           std::to_string(progress.training.rejects + progress.results.rejects),
       "  newest matches   " + matches},
      "  " + counts + "; auc " + metric("auc") + ", model version " + version + ", " +
          rate(progress.training.messages + progress.results.messages) + " rows/s",
      std::min(trained, classified));
  return {};
}

Status Show::stream() {
  screen_.heading("Both topics run: the model learns while it classifies");
  screen_.whisper("  Asked again and again:  " +
                  std::string("SELECT auc, accuracy, ... FROM dating_training;"));
  screen_.whisper("  and after each of the " + std::to_string(stream_->pace().rounds) +
                  " rounds, of the training couples alone:");
  screen_.sql(threshold_sql());
  screen_.say();
  TRY_OK(stream_->run([this](const Progress& progress) { return refresh(progress); }));
  outcome_.progress = stream_->progress();
  const auto& pace = stream_->pace();
  const double seconds = std::max(outcome_.progress.seconds, 0.001);
  const int64_t rows = pace.training + pace.classification;
  screen_.say();
  screen_.say("  " + with_commas(pace.training) + " rows trained and " +
              with_commas(pace.classification) + " classified side by side in " +
              decimals(seconds, 1) +
              " s: " + with_commas(static_cast<int64_t>(static_cast<double>(rows) / seconds)) +
              " rows per second, paced in rounds\n  so that both take the whole time (make bench "
              "has the unpaced speed).");
  return {};
}

std::optional<Person> Show::who() {
  if (options_.no_me) return std::nullopt;
  if (cast_.me) return cast_.me;
  const bool person = isatty(STDIN_FILENO) != 0 && screen_.is_terminal() && !options_.exit;
  if (!person) {
    screen_.say(
        "Nobody said who they are, so an example person is added. Be it yourself with\n"
        "  --me gender=woman,age=30,yoga=9    (--no-me adds nobody)");
    screen_.say();
    return *parse_profile(kExamplePerson);
  }
  screen_.say(
      "Some questions about you, for the model alone. Enter takes [what is usual]; Ctrl-D "
      "adds nobody.");
  screen_.say();
  return ask_profile(
      [this](const std::string& prompt) { return screen_.ask(prompt, options_.stop); },
      [this](const std::string& line) { screen_.say(line); });
}

/// That person with everyone of the other sex, of whom only the profile is known.
std::vector<Couple> Show::couples_of(size_t me) const {
  const auto& people = cast_.dating.people;
  const size_t race = question_index("race");
  std::vector<Couple> couples;
  for (size_t i = 0; i < people.size(); ++i) {
    if (people[i].gender == people[me].gender) continue;
    Couple couple;
    couple.a = me;
    couple.b = i;
    couple.same_race =
        is_known(people[me].answers[race]) && people[me].answers[race] == people[i].answers[race];
    couple.int_corr = interest_correlation(people[me], people[i]);
    couple.own.fill(kUnknown);
    couple.other.fill(kUnknown);
    couples.push_back(couple);
  }
  return couples;
}

Status Show::add_me() {
  if (options_.no_me) return {};
  screen_.heading("Add yourself");
  auto me = who();
  if (!me) return {};
  auto& people = cast_.dating.people;
  me->iid = 0;
  for (const auto& person : people) me->iid = std::max(me->iid, person.iid);
  ++me->iid;
  people.push_back(*me);
  const auto couples = couples_of(people.size() - 1);
  if (screen_.is_terminal()) screen_.say();
  screen_.say("Person " + std::to_string(me->iid) + " (" + profile_text(*me) +
              ")\ngoes through topic \"" + scene_.topics.classification + "\" with each of " +
              with_commas(static_cast<int64_t>(couples.size())) +
              (me->gender == kMan ? " women:" : " men:"));
  if (cast_.features != FeatureSet::kProfile)
    screen_.say(
        "(The ratings that this model also reads come after a date; they are unknown here, "
        "so it\n knows less than it was trained for.)");
  screen_.say();
  TRY_OK(stream_->add(*me, couples));
  TRY(outcome_.me, tell_proposals(*asker_, screen_, *me));
  screen_.say(with_commas(outcome_.me->matches) + " of " + with_commas(outcome_.me->partners) +
              " reach the threshold. The machine ranks; whether you like each other, it cannot "
              "know.");
  return {};
}

Status Show::play() {
  introduce();
  TRY_OK(set_the_scene());
  TRY_OK(stream());
  TRY_OK(tell_outcome(*asker_, screen_, stream_->pace(), outcome_));
  if (!cast_.dating.generated) {
    screen_.say();
    screen_.whisper(
        "    For scale, on unseen evenings of the real file: with profiles alone "
        "TensorFlow's LinearClassifier\n    reaches an AUC of about 0.57, Vowpal "
        "Wabbit 0.58, gradient boosting 0.54; with one's own\n    ratings (--features "
        "own) about 0.73, with both people's (both) 0.80.");
  }
  TRY_OK(add_me());
  if (options_.report.empty()) return {};
  TRY_OK(write_report(
      options_.report,
      {cast_.dating, cast_.split, scene_, stream_->pace(), options_.seed, house_->broker_is_ours()},
      outcome_));
  screen_.say();
  screen_.say("All figures are in " + options_.report);
  return {};
}

void Show::say_what_next() {
  const auto& mysql = house_->server().mysql_address();
  const int64_t iid = outcome_.me ? outcome_.me->iid : cast_.dating.people.front().iid;
  screen_.heading("The server stays up until Ctrl-C");
  screen_.say("  mysql -h " + mysql.host + " -P " + std::to_string(mysql.port) + " -u root " +
              kDatabase);
  screen_.say("  millrace sql -s " + mysql.to_string() + " -d " + kDatabase +
              " \"SHOW PIPELINES\"");
  screen_.say("  http://" + house_->server().http_address().to_string() + "/");
  screen_.say();
  screen_.say("SQL to type next:");
  screen_.say();
  for (const std::string& sql :
       {std::string("SHOW PIPELINES"), std::string("SHOW CREATE MODEL dating"),
        std::string("DESCRIBE MODEL dating"),
        "SELECT pid, probability FROM dating_results\n    WHERE iid = " + std::to_string(iid) +
            " AND isMatch = 1 ORDER BY probability DESC",
        std::string("SELECT scope, metric, value FROM millrace.model_metrics\n"
                    "    ORDER BY global_step DESC LIMIT 11"),
        std::string("SELECT avg(predict('dating', c).probability) FROM dating_couples c")})
    screen_.sql(sql);
  screen_.say();
}

Status Show::stay() {
  if (options_.exit || options_.stop.stop_requested()) return {};
  say_what_next();
  // In slices, because a wait has an end; nothing happens at theirs.
  while (wait_unless_stopped(options_.stop, std::chrono::hours(1))) {
  }
  screen_.say("\nGood night.");
  return {};
}

}  // namespace

int run(const Options& options) {
  auto cast = gather(options);
  if (!cast) {
    const bool user = facts(cast.error().code).blame == Blame::kUser;
    return complain(cast.error(), user ? kWrongOptions : kFailed);
  }
  Show show(options, std::move(*cast));
  if (const auto opened = show.open(); !opened) {
    const bool user = facts(opened.error().code).blame == Blame::kUser;
    return complain(opened.error(), user ? kWrongOptions : kFailed);
  }
  auto played = show.play();
  if (played) played = show.stay();
  const auto closed = show.close();
  if (!played) return complain(played.error(), kFailed);
  if (!closed) return complain(closed.error(), kFailed);
  return kDone;
}

}  // namespace millrace::demo
