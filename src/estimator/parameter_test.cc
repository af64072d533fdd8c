// What scorers read of a Parameter against plain copies of its values.
#include "estimator/parameter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "base/thread.h"

namespace millrace::estimator {
namespace {

/// A publication and what it must be.
struct Version {
  std::shared_ptr<const PublishedTable> table;
  std::vector<float> values;
};

Version publish(Parameter& parameter) {
  const auto values = std::as_const(parameter).values();
  return {parameter.publish(), {values.begin(), values.end()}};
}

/// All of it, row by row.
std::vector<float> values_of(const PublishedTable& table) {
  std::vector<float> values;
  for (size_t row = 0; row < table.rows(); ++row) {
    each_piece(table, static_cast<int32_t>(row), [&](size_t, std::span<const float> piece) {
      values.insert(values.end(), piece.begin(), piece.end());
    });
  }
  return values;
}

/// Each row as an example of that one id.
std::vector<float> sums_of(const PublishedTable& table) {
  std::vector<int32_t> ids;
  std::vector<uint32_t> offsets;
  for (size_t row = 0; row < table.rows(); ++row) {
    offsets.push_back(static_cast<uint32_t>(row));
    ids.push_back(static_cast<int32_t>(row));
  }
  offsets.push_back(static_cast<uint32_t>(ids.size()));
  std::vector<float> sums(table.rows());
  table.sum_rows({ids, offsets}, sums.data());
  return sums;
}

/// Writes some rows as an optimizer does.
void write_rows(Parameter& parameter, std::mt19937_64& random, size_t count) {
  std::vector<uint8_t> chosen(parameter.rows());
  std::vector<int32_t> ids;
  for (size_t i = 0; i < count; ++i) {
    const size_t row = random() % parameter.rows();
    if (!chosen[row]) ids.push_back(static_cast<int32_t>(row));
    chosen[row] = 1;
  }
  std::vector<float> room;
  const auto rows = parameter.take(ids, room);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<size_t>(ids[i / parameter.width()]);
    ASSERT_EQ(rows[i],
              std::as_const(parameter).values()[row * parameter.width() + i % parameter.width()]);
    rows[i] += static_cast<float>(random() % 1000);
  }
  parameter.put(ids, rows);
}

struct Shape {
  size_t rows;
  size_t width;
  Written written;
};

class EveryShape : public testing::TestWithParam<Shape> {
 protected:
  Parameter make() const {
    const auto [rows, width, written] = GetParam();
    return Parameter("w", {static_cast<int64_t>(rows), static_cast<int64_t>(width)}, rows, width,
                     0.5F, written);
  }
};

INSTANTIATE_TEST_SUITE_P(Parameter, EveryShape,
                         testing::Values(Shape{20'000, 1, Written::kByRows},
                                         Shape{300, 1, Written::kByRows},
                                         Shape{1'000, 100, Written::kByRows},
                                         Shape{7, 700, Written::kByRows},
                                         Shape{20'000, 1, Written::kWhole}));

TEST_P(EveryShape, PublicationsStayWhatTheyWereWhateverIsWrittenAfterThem) {
  Parameter parameter = make();
  std::mt19937_64 random(5);
  std::vector<Version> held = {publish(parameter)};
  for (size_t round = 0; round < 40; ++round) {
    const uint64_t dice = random() % 8;
    if (dice == 0) {
      parameter.touch_all();
      for (float& value : parameter.values()) value -= 1;
    } else {
      write_rows(parameter, random, 1 + random() % (1 + 4 * parameter.rows() / (round + 1)));
    }
    if (dice % 3 == 1) held.push_back(publish(parameter));
    if (held.size() > 3) held.erase(held.begin() + static_cast<int64_t>(random() % 4));
    for (const auto& version : held) {
      ASSERT_EQ(values_of(*version.table), version.values) << round;
      if (parameter.width() > 1) continue;
      ASSERT_EQ(sums_of(*version.table), version.values) << round;
    }
  }
}

TEST_P(EveryShape, APublicationOutlivesItsParameter) {
  auto parameter = std::make_unique<Parameter>(make());
  std::mt19937_64 random(6);
  write_rows(*parameter, random, 50);
  const Version version = publish(*parameter);
  write_rows(*parameter, random, 50);
  parameter.reset();
  EXPECT_EQ(values_of(*version.table), version.values);
}

TEST(Parameter, NothingNewIsThePublicationBefore) {
  Parameter parameter("w", {20'000}, 20'000, 1, 0, Written::kByRows);
  const auto first = parameter.publish();
  EXPECT_EQ(parameter.publish(), first);
  std::mt19937_64 random(7);
  write_rows(parameter, random, 1);
  EXPECT_NE(parameter.publish(), first);
}

TEST(Parameter, ALargeTableIsNotCopiedForScorers) {
  Parameter parameter("w", {20'000, 1}, 20'000, 1, 0, Written::kByRows);
  const float* const values = std::as_const(parameter).values().data();
  std::mt19937_64 random(8);
  for (int i = 0; i < 3; ++i) {
    const auto held = parameter.publish();
    write_rows(parameter, random, 100);
    EXPECT_EQ(std::as_const(parameter).values().data(), values);
  }
}

/// How many of some rows are not what they must be, read one by one and summed up.
int64_t wrong_rows(const Version& version, std::mt19937_64& random) {
  const PublishedTable& table = *version.table;
  std::vector<int32_t> ids;
  std::vector<uint32_t> offsets = {0};
  for (uint32_t i = 1; i <= 500; ++i) {
    ids.push_back(static_cast<int32_t>(random() % table.rows()));
    offsets.push_back(i);
  }
  const auto expected = [&](int32_t id) {
    return version.values.data() + static_cast<size_t>(id) * table.width();
  };
  int64_t wrong = 0;
  for (const int32_t id : ids) {
    each_piece(table, id, [&](size_t first, std::span<const float> piece) {
      if (!std::equal(piece.begin(), piece.end(), expected(id) + first)) ++wrong;
    });
  }
  if (table.width() > 1) return wrong;
  std::vector<float> sums(ids.size());
  table.sum_rows({ids, offsets}, sums.data());
  for (size_t i = 0; i < ids.size(); ++i) wrong += sums[i] != *expected(ids[i]);
  return wrong;
}

TEST_P(EveryShape, ReadersSeeOneVersionWhileTrainingWrites) {
  Parameter parameter = make();
  Mutex mutex;
  Version newest = publish(parameter);  // under the mutex
  std::atomic<int64_t> wrong{0};
  std::atomic<int64_t> reads{0};
  const auto read = [&](uint64_t seed, const std::stop_token& stop) {
    std::mt19937_64 random(seed);
    while (!stop.stop_requested()) {
      Version version;
      {
        const Lock lock(mutex);
        version = newest;
      }
      for (int i = 0; i < 4; ++i) wrong += wrong_rows(version, random);
      ++reads;
    }
  };
  std::vector<std::jthread> readers;
  for (uint64_t seed = 1; seed <= 2; ++seed)
    readers.push_back(run_thread("reader", [&, seed](const auto& stop) { read(seed, stop); }));
  std::mt19937_64 random(9);
  for (int round = 0; round < 100 || reads < 100; ++round) {
    for (int step = 0; step < 5; ++step) write_rows(parameter, random, 200);
    if (round % 10 == 9) {
      parameter.touch_all();
      for (float& value : parameter.values()) value += 1;
    }
    Version version = publish(parameter);
    const Lock lock(mutex);
    newest = std::move(version);
  }
  readers.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace millrace::estimator
