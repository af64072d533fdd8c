// The generator: people, evenings, and the taste that decides who likes whom. The taste is made of
// what the profile says (looks, humour, likeness, age, goals), so that a model can find it; chance
// decides the rest, so that no model can find all.
#include <algorithm>
#include <cmath>

#include "demo/couple.h"
#include "demo/random.h"

namespace millrace::demo {
namespace {

constexpr int kSideMax = 20;  // men, and women, of an evening
constexpr int kEveningsMin = 6;
constexpr size_t kTypes = 4;        // what people's interests go by
constexpr double kTaste = 2;        // how far people go by their taste, and not by chance
constexpr double kReserve = -1.15;  // how much it takes to say yes; sets the share of matches

/// How the 17 interests go with the types: out and about, culture, screen, sports.
constexpr double kPull[17][kTypes] = {
    {-0.2, -0.3, 0.1, 1.2}, {-0.2, -0.6, 0.6, 1.1}, {0.3, 0, -0.2, 0.9}, {0.6, 0.3, 0, 0},
    {-0.1, 1.2, -0.3, 0},   {0, 1.3, -0.3, -0.3},   {0, 0.3, -0.4, 0.7}, {-0.2, -0.4, 1, 0.3},
    {1.2, -0.3, 0, 0.1},    {-0.3, 0.8, 0.1, -0.3}, {0.1, -0.5, 1.2, 0}, {0.2, 1.1, 0, -0.3},
    {0.2, 0.3, 0.6, 0},     {0.8, 0.5, -0.1, 0},    {0.6, 0.4, 0, 0},    {0.9, -0.1, 0.3, -0.2},
    {0.3, 0.5, -0.3, 0.3}};

/// How often each answer of a choice is given, as in the file.
constexpr double kRaceShares[] = {5, 56, 8, 25, 0.5, 6};
constexpr double kFieldShares[] = {9, 3, 8, 2, 10, 4, 3, 24, 7, 11, 6, 1, 8, 1.5, 2, 1, 0.5, 0.5};
constexpr double kGoalShares[] = {42, 35, 7, 4, 6, 6};
constexpr double kDateShares[] = {1, 4, 10, 24, 18, 25, 17};
constexpr double kGoOutShares[] = {33, 35, 23, 5, 2, 1, 0.5};
constexpr double kCareerShares[] = {9, 28, 3, 5, 3, 9, 26, 0.5, 6, 5, 3, 0.5, 1, 0.5, 1, 0.5, 0.5};

double choose(Random& random, std::span<const double> shares) {
  double total = 0;
  for (const double share : shares) total += share;
  double left = random.uniform() * total;
  for (size_t i = 0; i < shares.size(); ++i) {
    left -= shares[i];
    if (left < 0) return static_cast<double>(i + 1);
  }
  return static_cast<double>(shares.size());
}

double whole(double value, double least, double most) {
  return std::clamp(std::round(value), least, most);
}

/// The 100 points that the file's people spread over six traits.
void spread_points(Person& person, Random& random) {
  const size_t first = question_index("attr1_1");
  double weights[6];
  double total = 0;
  for (size_t i = 0; i < 6; ++i) {
    weights[i] = std::max(1.0, questions()[first + i].usual + 6 * random.normal());
    total += weights[i];
  }
  for (size_t i = 0; i < 6; ++i) person.answers[first + i] = std::round(100 * weights[i] / total);
}

Person make_person(int64_t iid, int gender, Random& random) {
  Person person;
  person.iid = iid;
  person.gender = gender;
  auto set = [&](std::string_view name, double value) {
    person.answers[question_index(name)] = value;
  };
  set("age", whole(26.3 + 3.4 * random.normal() + (gender == kMan ? 0.6 : 0), 18, 42));
  set("race", choose(random, kRaceShares));
  set("field_cd", choose(random, kFieldShares));
  set("goal", choose(random, kGoalShares));
  set("date", choose(random, kDateShares));
  set("go_out", choose(random, kGoOutShares));
  set("career_c", choose(random, kCareerShares));
  double type[kTypes];
  for (double& strength : type) strength = random.normal();
  const size_t first = question_index("sports");
  for (size_t i = 0; i < std::size(kPull); ++i) {
    double value = questions()[first + i].usual + 1.1 * random.normal();
    for (size_t t = 0; t < kTypes; ++t) value += 1.3 * kPull[i][t] * type[t];
    person.answers[first + i] = whole(value, 1, 10);
  }
  spread_points(person, random);
  for (const std::string_view name : {"attr3_1", "sinc3_1", "intel3_1", "fun3_1", "amb3_1"}) {
    const double usual = questions()[question_index(name)].usual;
    set(name, whole(usual - 0.3 + 1.5 * random.normal(), 2, 10));
  }
  person.field = phrase_of(person, question_index("field_cd"));
  person.career = phrase_of(person, question_index("career_c"));
  return person;
}

/// What B has that people like, whoever they are.
double charm(const Person& b) {
  const auto of = [&](std::string_view name) { return b.answers[question_index(name)]; };
  double charm = 0.55 * (of("attr3_1") - 6.7) + 0.35 * (of("fun3_1") - 7.7);
  charm += 0.10 * (of("clubbing") - 6) + 0.08 * (of("dining") - 8) - 0.08 * (of("gaming") - 4);
  charm -= 0.10 * (of("date") - 5);
  return charm;
}

/// How much A would like to see B again: the logit of saying yes.
double liking(const Person& a, const Person& b, const Couple& couple) {
  const auto of = [](const Person& who, std::string_view name) {
    return who.answers[question_index(name)];
  };
  double liking = charm(b);
  liking += 1.2 * (is_known(couple.int_corr) ? couple.int_corr : 0);
  liking += couple.same_race ? 0.3 : -0.1;
  const double age_gap = std::abs(of(a, "age") - of(b, "age"));
  liking -= 0.16 * std::max(0.0, age_gap - 2);
  if (of(a, "goal") == of(b, "goal")) liking += 0.5;
  liking += 0.03 * (20 - of(a, "attr1_1"));   // who wants beauty is choosy
  liking -= 0.15 * (of(a, "attr3_1") - 6.7);  // and so is who has it
  return kTaste * liking + kReserve;
}

bool says_yes(double liking, Random& random) {
  return random.chance(1 / (1 + std::exp(-liking)));
}

/// The score card after the date: what was liked, seen through a fog.
Ratings rate(const Person& b, double liking, Random& random) {
  Ratings ratings{};
  constexpr std::array<std::string_view, 5> kTraits = {"attr3_1", "sinc3_1", "intel3_1", "fun3_1",
                                                       "amb3_1"};
  for (size_t i = 0; i < kTraits.size(); ++i) {
    const double trait = b.answers[question_index(kTraits[i])];
    ratings[i] = whole(0.6 * trait + 2 + 0.12 * liking + 1.5 * random.normal(), 1, 10);
  }
  ratings[5] = whole(5.5 + 0.2 * liking + 1.7 * random.normal(), 1, 10);
  ratings[6] = whole(6.3 + 0.35 * liking + 1.3 * random.normal(), 1, 10);
  ratings[7] = whole(5.2 + 0.15 * liking + 2 * random.normal(), 1, 10);
  return ratings;
}

/// One date, as the two rows that the file has for it.
void meet(Dating& dating, Couple couple, Random& random) {
  const Person& a = dating.people[couple.a];
  const Person& b = dating.people[couple.b];
  const size_t race = question_index("race");
  couple.same_race = a.answers[race] == b.answers[race];
  // Two digits, as in the file.
  couple.int_corr = std::round(100 * interest_correlation(a, b)) / 100;
  const double a_likes = liking(a, b, couple);
  const double b_likes = liking(b, a, couple);
  couple.own = rate(b, a_likes, random);
  couple.other = rate(a, b_likes, random);
  couple.dec = says_yes(a_likes, random) ? 1 : 0;
  couple.dec_o = says_yes(b_likes, random) ? 1 : 0;
  couple.match = couple.dec & couple.dec_o;
  dating.couples.push_back(couple);
  std::swap(couple.a, couple.b);
  std::swap(couple.own, couple.other);
  std::swap(couple.dec, couple.dec_o);
  dating.couples.push_back(couple);
}

}  // namespace

Result<Dating> generate_couples(const GeneratorOptions& options) {
  if (options.couples < kCouplesMin)
    return Error(Code::kInvalidArgument, "--couples must be at least " +
                                             std::to_string(kCouplesMin) + ", not " +
                                             std::to_string(options.couples));
  Dating dating;
  dating.generated = true;
  dating.source = "generated couples, seed " + std::to_string(options.seed);
  Random random(options.seed);
  const double dates = static_cast<double>(options.couples) / 2;
  const int side = std::clamp(static_cast<int>(std::sqrt(dates / kEveningsMin)), 2, kSideMax);
  const auto wanted = static_cast<size_t>(options.couples);
  for (int wave = 1; dating.couples.size() < wanted; ++wave) {
    const size_t first = dating.people.size();
    for (int i = 0; i < 2 * side; ++i) {
      const int64_t iid = static_cast<int64_t>(dating.people.size()) + 1;
      dating.people.push_back(make_person(iid, i < side ? kWoman : kMan, random));
    }
    for (size_t i = 0; i < static_cast<size_t>(side * side); ++i) {
      const auto men = static_cast<size_t>(side);
      Couple couple;
      couple.a = first + i / men;
      couple.b = first + men + i % men;
      couple.wave = wave;
      if (dating.couples.size() < wanted) meet(dating, couple, random);
    }
  }
  dating.couples.resize(wanted);
  return dating;
}

void draw_couples(Dating& dating, int64_t couples, uint64_t seed) {
  const auto wanted = static_cast<size_t>(couples);
  if (dating.couples.size() <= wanted) return;
  std::vector<size_t> order(dating.couples.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random(seed).shuffle(order);
  order.resize(wanted);
  std::sort(order.begin(), order.end());
  std::vector<Couple> drawn;
  for (const size_t i : order) drawn.push_back(dating.couples[i]);
  dating.couples = std::move(drawn);
}

Result<Split> split_couples(const Dating& dating, uint64_t seed) {
  std::vector<int> waves;
  for (const auto& couple : dating.couples) waves.push_back(couple.wave);
  std::sort(waves.begin(), waves.end());
  waves.erase(std::unique(waves.begin(), waves.end()), waves.end());
  if (waves.size() < 2)
    return Error(Code::kInvalidArgument,
                 dating.source +
                     ": all couples are of one evening; at least two are needed, to "
                     "learn from one and to classify the other");
  const size_t learned = std::clamp<size_t>(waves.size() * 2 / 3, 1, waves.size() - 1);
  Split split;
  split.first_wave = waves.front();
  split.last_training_wave = waves[learned - 1];
  split.last_wave = waves.back();
  for (size_t i = 0; i < dating.couples.size(); ++i) {
    const bool training = dating.couples[i].wave <= split.last_training_wave;
    (training ? split.training : split.classification).push_back(i);
  }
  Random random(seed);
  random.shuffle(split.training);
  random.shuffle(split.classification);
  return split;
}

}  // namespace millrace::demo
