// The couples on their way: sends the two topics in rounds, so that learning and classifying go
// side by side for the whole of the demo and no topic ever holds much that is not read yet (the
// in-process broker forgets after a few megabytes). A round sends its part of both topics at once
// and waits until the pipelines have stored it; after each, the threshold is asked of the model
// anew. Main thread only; every wait is bounded.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "demo/asker.h"
#include "demo/couple.h"
#include "demo/story.h"
#include "source/producer.h"

namespace millrace::demo {

/// How the streams are cut.
struct Pace {
  int passes = 1;  // through the training couples
  int rounds = 1;
  int64_t training = 0;  // messages in all
  int64_t classification = 0;

  /// Messages sent after round `round` (from 1) of `rounds`. The first round only trains: the model
  /// is young then, and not a stranger to the world.
  int64_t training_after(int round) const;
  int64_t classification_after(int round) const;
};

Pace pace_of(const Split& split);

struct PipelineProgress {
  std::string state;
  int64_t batches = 0, messages = 0, rows = 0, rejects = 0;
  std::string error;
};

/// What the streams have come to, as SQL tells it.
struct Progress {
  PipelineProgress training, results, couples, people;
  int64_t sent_training = 0, sent_classification = 0;
  double seconds = 0;
};

/// Called again and again while the streams run.
using OnProgress = std::function<Status(const Progress& progress)>;

class Stream {
 public:
  struct Parts {
    const Dating& dating;
    const Split& split;
    const Scene& scene;
    uint64_t seed;
    source::Producer& producer;
    Asker& asker;
    std::stop_token stop;
  };

  explicit Stream(const Parts& parts);

  const Pace& pace() const { return pace_; }
  const Progress& progress() const { return progress_; }

  /// Sends everyone to topic `people`, and waits until they are stored.
  Status send_people();
  /// All rounds. Errors: kCancelled when the demo is to stop, kTimeout when a pipeline stands
  /// still, the pipeline's own when it is in error, the broker's, and those of `on_progress`.
  Status run(const OnProgress& on_progress);
  /// One more person, and their couples for the classification topic; waits until all is stored.
  Status add(const Person& person, const std::vector<Couple>& couples);

 private:
  Status send_training(int64_t until);
  Status send_classification(int64_t until);
  Status send_person(const Person& person);
  Status flush_and_wait();
  Status read_progress();
  Status wait_for_all(const OnProgress& on_progress);
  bool all_is_stored() const;
  Status after_first_pass();

  const Parts parts_;
  const Pace pace_;
  std::vector<size_t> order_;  // of the pass that is being sent
  Stopwatch clock_;
  Progress progress_;
  int64_t sent_people_ = 0;
  bool keeps_couples_ = true;  // until the first pass is through
};

}  // namespace millrace::demo
