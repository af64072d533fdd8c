// How fast models learn and score on one core: LinearClassifier with Ftrl from rows that are
// already encoded, from decoded batches (features + estimator) and from CSV (decode + features +
// estimator), and a DNN of [64, 32] beside it; and whether the loop allocates per row. Prints a
// table, and JSON with --json. bench/estimators runs it beside Vowpal Wabbit.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>

#include "allocations.h"
#include "base/check.h"
#include "base/clock.h"
#include "estimator/metrics.h"
#include "features/encoder.h"
#include "workload.h"

namespace millrace::bench {
namespace {

constexpr size_t kBatchRows = 65'536;  // of a pipeline batch: what a partition gives by default
constexpr size_t kCountedBatches = 100;

struct Options {
  std::string data = "../shared/data/adult/adult.data";
  std::string workload;  // empty: all
  std::string stage;     // empty: all
  std::string json;
  std::string vowpal_wabbit;  // a folder to write the rows to
  size_t rows = 200'000;
  double seconds = 1.5;  // at least, of each measurement
};

/// What this thread has used of its core, which other programs on the machine do not count in.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// One measurement: the best of its passes over the rows.
struct Figure {
  std::string workload;
  std::string stage;
  double rows_per_second = 0;
  double allocations_per_row = 0;
};

/// All a model needs to learn and score one workload, through one kind of tower.
class Subject {
 public:
  Subject(const Workload& workload, bool dnn, const Options& options)
      : workload_(workload),
        dnn_(dnn),
        options_(options),
        messages_(batches_of(workload, kBatchRows)) {
    spec_.label = workload.label;
    spec_.label_vocabulary = workload.label_vocabulary;
    if (dnn) {
      spec_.kind = estimator::EstimatorKind::kDnnClassifier;
      spec_.hidden_units = {64, 32};
      spec_.dnn_optimizer.kind = estimator::OptimizerKind::kAdagrad;
      spec_.dnn_optimizer.learning_rate = 0.001F;
    }
    decoder_ = std::move(*decode::make_csv_decoder(workload.format, workload.fields, {}));
    encoder_ = std::move(*features::Encoder::make(
        dnn ? workload.dnn : workload.linear,
        dnn ? features::Tower::kDnn : features::Tower::kLinear, *decoder_->schema()));
    estimator::TowerLayouts layouts;
    (dnn ? layouts.dnn : layouts.linear) = encoder_->layout();
    trainer_ = std::move(*estimator::Trainer::create(spec_, layouts));
    metrics_ = estimator::Metrics::create(spec_);
    batch_ = Batch(decoder_->schema());
    label_ = *decoder_->schema()->find(workload.label);
    prepare();
  }

  std::vector<Figure> measure() {
    const std::string kind = dnn_ ? "DNN [64, 32]" : "linear Ftrl";
    const std::string train = kind + ": train from ";
    const std::string score = kind + ": score from ";
    if (!dnn_) {
      run("decode CSV", [this](size_t i) { decode(i); });
      run("encode features", [this](size_t i) { encode(decoded_[i]); });
    }
    run(train + "encoded", [this](size_t i) { learn(encoded_[i], labels_[i]); });
    run(train + "decoded", [this](size_t i) { encode_and_learn(decoded_[i]); });
    run(train + "CSV", [this](size_t i) {
      decode(i);
      encode_and_learn(batch_);
    });
    model_ = trainer_->publish();
    run(score + "encoded", [this](size_t i) { predict(encoded_[i]); });
    run(score + "decoded", [this](size_t i) {
      encode(decoded_[i]);
      predict(inputs_);
    });
    run(score + "CSV", [this](size_t i) {
      decode(i);
      encode(batch_);
      predict(inputs_);
    });
    return std::move(figures_);
  }

 private:
  void prepare() {
    for (size_t i = 0; i < messages_.size(); ++i) {
      decoded_.emplace_back(decoder_->schema());
      (void)decoder_->decode(messages_[i], decoded_[i], rejects_);
      encode(decoded_[i]);
      encoded_.push_back(inputs_);
      read_labels(decoded_[i], labels_.emplace_back());
      rows_ += decoded_[i].rows();
    }
    CHECK(rejects_.empty() && faults_.empty(), "all rows of a benchmark can be learned");
  }

  void decode(size_t i) {
    (void)decoder_->decode(messages_[i], batch_, rejects_);
    CHECK(batch_.rows() == messages_[i].messages.size(), "all rows are decoded");
  }

  void encode(const Batch& rows) {
    encoder_->encode(rows, dnn_ ? inputs_.dnn : inputs_.linear, faults_);
  }

  void read_labels(const Batch& rows, Labels& labels) const {
    const Column& column = rows.column(label_);
    labels.values.resize(rows.rows());
    if (is_text(column.type().kind)) {
      const auto words = column.values<std::string_view>();
      for (size_t row = 0; row < rows.rows(); ++row) {
        labels.values[row] = static_cast<float>(estimator::class_of(spec_, words[row]));
      }
    } else {
      const auto values = column.values<int8_t>();
      std::copy(values.begin(), values.end(), labels.values.begin());
    }
  }

  void learn(const estimator::TowerInputs& inputs, const Labels& labels) {
    const auto step_rows = static_cast<size_t>(spec_.batch_size);
    const size_t rows = labels.values.size();
    for (size_t begin = 0; begin < rows; begin += step_rows) {
      const size_t end = std::min(begin + step_rows, rows);
      const double loss = trainer_->learn(inputs, labels, begin, end, predictions_);
      metrics_->add(predictions_, labels, begin, end, loss);
    }
  }

  void encode_and_learn(const Batch& rows) {
    encode(rows);
    read_labels(rows, batch_labels_);
    learn(inputs_, batch_labels_);
  }

  void predict(const estimator::TowerInputs& inputs) {
    const size_t rows = dnn_ ? inputs.dnn.rows : inputs.linear.rows;
    model_->predict(inputs, 0, rows, predictions_);
  }

  /// Passes over all batches until the time is used up; the best pass counts. The first is a
  /// warm-up, after which the heap must rest.
  void run(const std::string& stage, const std::function<void(size_t)>& batch) {
    if (stage.find(options_.stage) == std::string::npos) return;
    for (size_t i = 0; i < messages_.size(); ++i) batch(i);
    const int64_t before = allocation_count();
    size_t counted_rows = 0;
    for (size_t i = 0; i < kCountedBatches; ++i) {
      batch(i % messages_.size());
      counted_rows += messages_[i % messages_.size()].messages.size();
      if (i + 1 >= messages_.size() && options_.seconds < 0.5) break;
    }
    const auto allocations = static_cast<double>(allocation_count() - before);
    double best = 0;
    const Stopwatch whole;
    do {
      const double before_pass = cpu_seconds();
      for (size_t i = 0; i < messages_.size(); ++i) batch(i);
      best = std::max(best, static_cast<double>(rows_) / (cpu_seconds() - before_pass));
    } while (static_cast<double>(whole.micros()) < options_.seconds * 1e6);
    figures_.push_back(
        {workload_.name, stage, best, allocations / static_cast<double>(counted_rows)});
    const Figure& figure = figures_.back();
    std::printf("%-8s  %-30s %12.0f %10.1f %14.6f\n", figure.workload.c_str(), figure.stage.c_str(),
                figure.rows_per_second, 1e9 / figure.rows_per_second, figure.allocations_per_row);
    std::fflush(stdout);
  }

  const Workload& workload_;
  bool dnn_;
  const Options& options_;
  std::vector<MessageBatch> messages_;
  estimator::EstimatorSpec spec_;
  std::unique_ptr<decode::Decoder> decoder_;
  std::unique_ptr<features::Encoder> encoder_;
  std::unique_ptr<estimator::Trainer> trainer_;
  std::unique_ptr<estimator::Metrics> metrics_;
  std::shared_ptr<const estimator::Model> model_;
  size_t label_ = 0;
  size_t rows_ = 0;
  // Of every batch, for the stages that begin behind its making.
  std::vector<Batch> decoded_;
  std::vector<estimator::TowerInputs> encoded_;
  std::vector<Labels> labels_;
  // Reused from batch to batch.
  Batch batch_;
  estimator::TowerInputs inputs_;
  Labels batch_labels_;
  estimator::Predictions predictions_;
  std::vector<Reject> rejects_;
  std::vector<features::RowFault> faults_;
  std::vector<Figure> figures_;
};

void write_json(const std::vector<Figure>& figures, const std::string& path) {
  std::ofstream file(path);
  file << "[";
  for (const auto& figure : figures) {
    file << (&figure == figures.data() ? "\n" : ",\n") << R"(  {"workload": ")" << figure.workload
         << R"(", "stage": ")" << figure.stage << R"(", "rows_per_second": )"
         << static_cast<int64_t>(figure.rows_per_second) << R"(, "allocations_per_row": )"
         << figure.allocations_per_row << "}";
  }
  file << "\n]\n";
}

template <class T>
bool read_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0;
}

constexpr const char* kHelp =
    "usage: estimator_bench [--data FILE] [--rows N] [--seconds S] [--workload adult|criteo]\n"
    "                       [--stage PART] [--json FILE] [--vowpal-wabbit DIR]\n"
    "Training and scoring on one core, in rows per second.\n"
    "  --data FILE          adult.data (../shared/data/adult/adult.data)\n"
    "  --rows N             rows of each workload (200000)\n"
    "  --seconds S          at least, for each measurement (1.5)\n"
    "  --workload NAME      only this one\n"
    "  --stage PART         only the stages whose names contain PART\n"
    "  --json FILE          the figures, for programs\n"
    "  --vowpal-wabbit DIR  write the rows in vw's format there, and measure nothing\n";

/// False when the arguments make no sense.
bool read_options(int count, char** arguments, Options& options) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const std::string value = arguments[i + 1];
    bool good = true;
    if (name == "--data") {
      options.data = value;
    } else if (name == "--rows") {
      good = read_number(value, options.rows);
    } else if (name == "--seconds") {
      good = read_number(value, options.seconds);
    } else if (name == "--workload") {
      options.workload = value;
    } else if (name == "--stage") {
      options.stage = value;
    } else if (name == "--json") {
      options.json = value;
    } else if (name == "--vowpal-wabbit") {
      options.vowpal_wabbit = value;
    } else {
      good = false;
    }
    if (!good) return false;
  }
  return count % 2 == 1;
}

int run(const Options& options) {
  std::vector<Workload> workloads;
  if (options.workload != "criteo") workloads.push_back(make_adult(options.data, options.rows));
  if (options.workload != "adult") workloads.push_back(make_criteo(options.rows));
  std::vector<Figure> figures;
  if (options.vowpal_wabbit.empty()) {
    std::printf("%-8s  %-30s %12s %10s %14s\n", "rows of", "what", "rows/s", "ns/row",
                "allocs/row");
  }
  for (const auto& workload : workloads) {
    if (workload.lines->empty()) {
      std::fprintf(stderr, "estimator_bench: \"%s\" has no rows; see --data\n",
                   options.data.c_str());
      return 1;
    }
    if (!options.vowpal_wabbit.empty()) {
      const std::string path = options.vowpal_wabbit + "/" + workload.name + ".vw";
      if (write_vowpal_wabbit(workload, path)) continue;
      std::fprintf(stderr, "estimator_bench: could not write \"%s\"\n", path.c_str());
      return 1;
    }
    for (const bool dnn : {false, true}) {
      if (dnn && options.stage.starts_with("linear")) continue;
      auto more = Subject(workload, dnn, options).measure();
      figures.insert(figures.end(), more.begin(), more.end());
    }
  }
  if (!options.json.empty()) write_json(figures, options.json);
  return 0;
}

}  // namespace
}  // namespace millrace::bench

int main(int count, char** arguments) {
  millrace::bench::Options options;
  if (millrace::bench::read_options(count, arguments, options))
    return millrace::bench::run(options);
  const bool asked = count == 2 && std::strcmp(arguments[1], "--help") == 0;
  std::fputs(millrace::bench::kHelp, asked ? stdout : stderr);
  return asked ? 0 : 2;
}
