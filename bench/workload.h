// What the estimator benchmark learns: rows of text with the columns that read them. "adult" is the
// UCI census file, repeated; "criteo" has the shape of the Criteo display-advertising log (13
// counts, 26 categories, of up to a million values each) and is drawn from a fixed seed.
#pragma once

#include <string>
#include <vector>

#include "decode/decoder.h"
#include "estimator/estimator.h"
#include "features/feature_column.h"

namespace millrace::bench {

struct Workload {
  std::string name;
  std::shared_ptr<const std::vector<std::string>> lines;
  decode::CsvFormat format;
  std::vector<decode::InputField> fields;
  std::string label;
  std::vector<std::string> label_vocabulary;  // empty: the label is 0 or 1
  std::vector<features::FeatureColumn> linear;
  std::vector<features::FeatureColumn> dnn;
};

/// `path` is adult.data; its rows are repeated until there are `rows`. Without rows when the file
/// cannot be read.
Workload make_adult(const std::string& path, size_t rows);
Workload make_criteo(size_t rows);

/// The rows as messages, `batch_rows` in each batch.
std::vector<MessageBatch> batches_of(const Workload& workload, size_t batch_rows);

/// The same rows in Vowpal Wabbit's text format: `1 |f age:39 workclass=Private ...`. False when
/// the file cannot be written.
bool write_vowpal_wabbit(const Workload& workload, const std::string& path);

}  // namespace millrace::bench
