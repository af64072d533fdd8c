#include "estimator/standardizer.h"

namespace millrace::estimator {
namespace {

Parameter statistic(const std::string& name, size_t width) {
  return Parameter(name, {static_cast<int64_t>(width)}, 1, width);
}

}  // namespace

Standardizer::Standardizer(const std::string& scope, size_t width)
    : mean_(statistic(scope + "/standard_mean", width)),
      variance_(statistic(scope + "/standard_variance", width)),
      count_(statistic(scope + "/standard_count", 1)) {}

void Standardizer::learn(std::span<const float> x) {
  for (Parameter* parameter : {&mean_, &variance_, &count_}) parameter->touch_all();
  const size_t width = mean_.width();
  const auto before = static_cast<double>(count_.values()[0]);
  const auto rows = static_cast<double>(x.size() / width);
  const double all = before + rows;
  for (size_t j = 0; j < width; ++j) {
    double sum = 0;
    for (size_t i = j; i < x.size(); i += width) sum += static_cast<double>(x[i]);
    const double step_mean = sum / rows;
    double squares = 0;  // of the distances from it
    for (size_t i = j; i < x.size(); i += width) {
      const double distance = static_cast<double>(x[i]) - step_mean;
      squares += distance * distance;
    }
    float& mean = mean_.values()[j];
    float& variance = variance_.values()[j];
    const double apart = step_mean - static_cast<double>(mean);
    squares += static_cast<double>(variance) * before + apart * apart * before * rows / all;
    mean = static_cast<float>(static_cast<double>(mean) + apart * rows / all);
    variance = static_cast<float>(squares / all);
  }
  count_.values()[0] = static_cast<float>(all);
}

void Standardizer::add_parameters(std::vector<Parameter*>& parameters) {
  for (Parameter* parameter : {&mean_, &variance_, &count_}) parameters.push_back(parameter);
}

bool is_standard_statistic(std::string_view name) {
  return name.ends_with("/standard_mean") || name.ends_with("/standard_variance") ||
         name.ends_with("/standard_count");
}

}  // namespace millrace::estimator
