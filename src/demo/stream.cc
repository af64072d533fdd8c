#include "demo/stream.h"

#include <algorithm>

#include "base/thread.h"
#include "data/schema.h"
#include "demo/random.h"

namespace millrace::demo {
namespace {

/// About so many examples are learned, in as many passes as that takes.
constexpr int64_t kExamples = 30'000;
constexpr int64_t kPassesMax = 10;
constexpr int64_t kRounds = 24;
/// A round stays far below what the in-process broker keeps: 5 MB, at about 250 bytes a message.
constexpr int64_t kRoundMessagesMax = 4'000;
constexpr std::chrono::milliseconds kLook{25};
constexpr int64_t kStandstillMicrosMax = 30'000'000;

int64_t up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

int64_t Pace::training_after(int round) const {
  return training * round / rounds;
}

int64_t Pace::classification_after(int round) const {
  return rounds == 1 ? classification : classification * (round - 1) / (rounds - 1);
}

Pace pace_of(const Split& split) {
  Pace pace;
  const auto couples = static_cast<int64_t>(split.training.size());
  pace.passes = static_cast<int>(std::clamp(up(kExamples, couples), int64_t{1}, kPassesMax));
  pace.training = couples * pace.passes;
  pace.classification = static_cast<int64_t>(split.classification.size());
  const int64_t largest = std::max(pace.training, pace.classification);
  pace.rounds = static_cast<int>(std::max(kRounds, up(largest, kRoundMessagesMax)));
  return pace;
}

Stream::Stream(const Parts& parts) : parts_(parts), pace_(pace_of(parts.split)) {}

Status Stream::send_training(int64_t until) {
  const auto couples = static_cast<int64_t>(parts_.split.training.size());
  while (progress_.sent_training < until) {
    const int64_t place = progress_.sent_training % couples;
    if (place == 0) {
      // Each pass in an order of its own, as TensorFlow's shuffle does it.
      order_ = parts_.split.training;
      Random(parts_.seed + static_cast<uint64_t>(progress_.sent_training / couples))
          .shuffle(order_);
    }
    const auto& couple = parts_.dating.couples[order_[static_cast<size_t>(place)]];
    TRY_OK(parts_.producer.send(
        parts_.scene.topics.training, 0, {},
        couple_line(parts_.dating, couple, parts_.scene.features, progress_.sent_training + 1)));
    ++progress_.sent_training;
  }
  return {};
}

Status Stream::send_classification(int64_t until) {
  while (progress_.sent_classification < until) {
    const auto place = static_cast<size_t>(progress_.sent_classification);
    const auto& couple = parts_.dating.couples[parts_.split.classification[place]];
    TRY_OK(parts_.producer.send(parts_.scene.topics.classification, 0, {},
                                couple_line(parts_.dating, couple, parts_.scene.features,
                                            progress_.sent_classification + 1)));
    ++progress_.sent_classification;
  }
  return {};
}

Status Stream::read_progress() {
  TRY(const auto answers, parts_.asker.ask(progress_sql()));
  for (size_t row = 0; row < answers.size(); ++row) {
    PipelineProgress one{answers.text(row, "STATE"),     answers.whole(row, "BATCHES"),
                         answers.whole(row, "MESSAGES"), answers.whole(row, "ROWS_OUT"),
                         answers.whole(row, "REJECTS"),  answers.text(row, "ERROR_MESSAGE")};
    const std::string name = answers.text(row, "PIPELINE_NAME");
    if (same_name(one.state, "Error"))
      return Error(Code::kUnavailable, "pipeline \"" + name + "\" is in state Error: " + one.error);
    if (name == kTrainingPipeline)
      progress_.training = std::move(one);
    else if (name == kResultsPipeline)
      progress_.results = std::move(one);
    else if (name == kCouplesPipeline)
      progress_.couples = std::move(one);
    else if (name == kPeoplePipeline)
      progress_.people = std::move(one);
  }
  progress_.seconds = static_cast<double>(clock_.micros()) / 1e6;
  return {};
}

bool Stream::all_is_stored() const {
  return progress_.training.messages >= progress_.sent_training &&
         progress_.results.messages >= progress_.sent_classification &&
         progress_.people.messages >= sent_people_ &&
         (!keeps_couples_ || progress_.couples.messages >= progress_.sent_training);
}

Status Stream::wait_for_all(const OnProgress& on_progress) {
  const auto read_so_far = [this] {
    return progress_.training.messages + progress_.results.messages + progress_.couples.messages +
           progress_.people.messages;
  };
  Stopwatch still;
  int64_t last = -1;
  while (true) {
    TRY_OK(read_progress());
    if (on_progress) TRY_OK(on_progress(progress_));
    if (all_is_stored()) return {};
    if (read_so_far() != last) still.restart();
    last = read_so_far();
    if (still.micros() > kStandstillMicrosMax) break;
    if (!wait_unless_stopped(parts_.stop, kLook))
      return Error(Code::kCancelled, "the demo was interrupted");
  }
  std::string what;
  for (const auto& [name, one] : {std::pair(kTrainingPipeline, progress_.training),
                                  std::pair(kResultsPipeline, progress_.results),
                                  std::pair(kCouplesPipeline, progress_.couples),
                                  std::pair(kPeoplePipeline, progress_.people)})
    what += std::string(what.empty() ? "" : ", ") + name + " is " + one.state + " with " +
            std::to_string(one.messages) + " messages read" +
            (one.error.empty() ? "" : " (" + one.error + ")");
  return Error(Code::kTimeout, "no pipeline has read a message for 30 seconds: " + what);
}

Status Stream::send_person(const Person& person) {
  ++sent_people_;
  return parts_.producer.send(parts_.scene.topics.people, 0, {}, person_line(person));
}

Status Stream::flush_and_wait() {
  TRY_OK(parts_.producer.flush());
  return wait_for_all({});
}

Status Stream::send_people() {
  for (const auto& person : parts_.dating.people) {
    TRY_OK(send_person(person));
    if (sent_people_ % kRoundMessagesMax == 0) TRY_OK(flush_and_wait());
  }
  return flush_and_wait();
}

/// The kept couples are complete: the same ones come again from now on.
Status Stream::after_first_pass() {
  if (!keeps_couples_ ||
      progress_.sent_training < static_cast<int64_t>(parts_.split.training.size()))
    return {};
  keeps_couples_ = false;
  TRY_OK(parts_.asker.ask("STOP PIPELINE " + std::string(kCouplesPipeline)));
  return {};
}

Status Stream::run(const OnProgress& on_progress) {
  clock_.restart();
  for (int round = 1; round <= pace_.rounds; ++round) {
    TRY_OK(send_training(pace_.training_after(round)));
    TRY_OK(send_classification(pace_.classification_after(round)));
    TRY_OK(parts_.producer.flush());
    TRY_OK(wait_for_all(on_progress));
    TRY_OK(after_first_pass());
    TRY_OK(parts_.asker.ask(threshold_sql()));
  }
  progress_.seconds = static_cast<double>(clock_.micros()) / 1e6;
  return {};
}

Status Stream::add(const Person& person, const std::vector<Couple>& couples) {
  TRY_OK(send_person(person));
  for (const auto& couple : couples) {
    TRY_OK(parts_.producer.send(parts_.scene.topics.classification, 0, {},
                                couple_line(parts_.dating, couple, parts_.scene.features,
                                            ++progress_.sent_classification)));
    if (progress_.sent_classification % kRoundMessagesMax == 0) TRY_OK(flush_and_wait());
  }
  return flush_and_wait();
}

}  // namespace millrace::demo
