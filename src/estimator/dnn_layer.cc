#include "estimator/dnn_layer.h"

namespace millrace::estimator {
namespace {

constexpr float kNormMomentum = 0.999F;  // of the moving statistics

Parameter vector_parameter(const std::string& name, size_t width, float initial) {
  return Parameter(name, {static_cast<int64_t>(width)}, 1, width, initial);
}

}  // namespace

DnnLayer::DnnLayer(const std::string& scope, const std::string& norm_scope,
                   const LayerOptions& options)
    : options_(options),
      kernel_(scope + "/kernel",
              {static_cast<int64_t>(options.in_width), static_cast<int64_t>(options.width)},
              options.in_width, options.width),
      bias_(vector_parameter(scope + "/bias", options.width, 0)) {
  // Glorot and Bengio 2010, uniform.
  RandomStream random(options.seed, kernel_.name());
  const float limit = std::sqrt(6.0F / static_cast<float>(options.in_width + options.width));
  for (float& value : kernel_.values()) value = limit * (2 * random.uniform() - 1);
  kernel_.touch_all();
  if (!options.batch_norm) return;
  const std::string prefix = scope + "/" + norm_scope + "/";
  norm_ =
      std::make_unique<Norm>(Norm{vector_parameter(prefix + "gamma", options.width, 1),
                                  vector_parameter(prefix + "beta", options.width, 0),
                                  vector_parameter(prefix + "moving_mean", options.width, 0),
                                  vector_parameter(prefix + "moving_variance", options.width, 1),
                                  {},
                                  {},
                                  {}});
}

std::span<const float> DnnLayer::forward(std::span<const float> x, int64_t iterations) {
  x_ = x;
  sums_.resize(x.size() / options_.in_width * options_.width);
  outputs_.resize(sums_.size());
  apply_layer(tables(), x, options_.sparse_input, sums_);
  activate(options_.activation, sums_, outputs_);
  activated_ = outputs_;
  if (options_.dropout > 0) drop(iterations);
  if (norm_) normalize();
  return outputs_;
}

void DnnLayer::drop(int64_t iterations) {
  RandomStream random(options_.seed, kernel_.name(), static_cast<uint64_t>(iterations) + 1);
  const float scale = 1 / (1 - options_.dropout);
  kept_.resize(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); ++i) {
    kept_[i] = random.uniform() >= options_.dropout ? scale : 0;
    outputs_[i] *= kept_[i];
  }
}

// Ioffe and Szegedy 2015, with the biased variance in the moving statistics too.
void DnnLayer::normalize() {
  const size_t width = options_.width;
  const size_t rows = outputs_.size() / width;
  norm_->mean.assign(width, 0);
  norm_->inverse_deviation.assign(width, 0);
  for (size_t i = 0; i < outputs_.size(); ++i) norm_->mean[i % width] += outputs_[i];
  for (float& mean : norm_->mean) mean /= static_cast<float>(rows);
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const float distance = outputs_[i] - norm_->mean[i % width];
    norm_->inverse_deviation[i % width] += distance * distance;
  }
  for (size_t j = 0; j < width; ++j) {
    const float variance = norm_->inverse_deviation[j] / static_cast<float>(rows);
    float& mean = norm_->moving_mean.values()[j];
    float& moving = norm_->moving_variance.values()[j];
    mean -= (mean - norm_->mean[j]) * (1 - kNormMomentum);
    moving -= (moving - variance) * (1 - kNormMomentum);
    norm_->inverse_deviation[j] = 1 / std::sqrt(variance + kBatchNormEpsilon);
  }
  norm_->moving_mean.touch_all();
  norm_->moving_variance.touch_all();
  norm_->normalized.resize(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const size_t j = i % width;
    norm_->normalized[i] = (outputs_[i] - norm_->mean[j]) * norm_->inverse_deviation[j];
    outputs_[i] = norm_->normalized[i] * norm_->gamma.values()[j] + norm_->beta.values()[j];
  }
}

/// Turns gradient_ from that of the normalized outputs into that of the outputs before.
void DnnLayer::learn_norm(Optimizer& optimizer) {
  const size_t width = options_.width;
  const auto rows = static_cast<float>(gradient_.size() / width);
  std::vector<float> beta(width, 0);
  std::vector<float> gamma(width, 0);
  for (size_t i = 0; i < gradient_.size(); ++i) {
    beta[i % width] += gradient_[i];
    gamma[i % width] += gradient_[i] * norm_->normalized[i];
  }
  for (size_t i = 0; i < gradient_.size(); ++i) {
    const size_t j = i % width;
    const float centered = gradient_[i] - (beta[j] + norm_->normalized[i] * gamma[j]) / rows;
    gradient_[i] = norm_->gamma.values()[j] * norm_->inverse_deviation[j] * centered;
  }
  optimizer.apply_dense(norm_->gamma, gamma);
  optimizer.apply_dense(norm_->beta, beta);
}

std::span<const float> DnnLayer::learn(std::span<const float> gradient, Optimizer& optimizer) {
  const size_t width = options_.width;
  gradient_.assign(gradient.begin(), gradient.end());
  if (norm_) learn_norm(optimizer);
  if (options_.dropout > 0) {
    for (size_t i = 0; i < gradient_.size(); ++i) gradient_[i] *= kept_[i];
  }
  multiply_by_slope(options_.activation, sums_, activated_, gradient_);
  if (options_.input_learns) find_input_gradient();
  find_kernel_gradient();
  optimizer.apply_dense(kernel_, variable_gradient_);
  variable_gradient_.assign(width, 0.0F);
  for (size_t first = 0; first < gradient_.size(); first += width)
    for (size_t j = 0; j < width; ++j) variable_gradient_[j] += gradient_[first + j];
  optimizer.apply_dense(bias_, variable_gradient_);
  return input_gradient_;
}

/// gradient_ [rows, width] * the transposed kernel [width, in_width].
void DnnLayer::find_input_gradient() {
  const size_t in_width = options_.in_width;
  const size_t width = options_.width;
  transposed_.resize(in_width * width);
  for (size_t k = 0; k < in_width; ++k) {
    const float* weights = kernel_.row(static_cast<int32_t>(k));
    for (size_t j = 0; j < width; ++j) transposed_[j * in_width + k] = weights[j];
  }
  input_gradient_.assign(x_.size(), 0.0F);
  add_products({gradient_.data(), gradient_.size() / width, width, width}, transposed_.data(),
               in_width, input_gradient_.data());
}

/// The transposed inputs [in_width, rows] * gradient_ [rows, width].
void DnnLayer::find_kernel_gradient() {
  const size_t in_width = options_.in_width;
  const size_t width = options_.width;
  const size_t rows = gradient_.size() / width;
  variable_gradient_.assign(in_width * width, 0.0F);
  float* sums = variable_gradient_.data();
  if (options_.sparse_input) {
    scatter_products({x_.data(), rows, in_width, in_width}, gradient_.data(), width, sums);
  } else if (width == 1) {
    // The same sums, many columns of x at once.
    add_products({gradient_.data(), 1, rows, rows}, x_.data(), in_width, sums);
  } else {
    add_products({x_.data(), in_width, rows, 1, in_width}, gradient_.data(), width, sums);
  }
}

LayerTables<Parameter> DnnLayer::tables() const {
  if (!norm_) return {&kernel_, &bias_, nullptr, nullptr, nullptr, nullptr};
  return {
      &kernel_, &bias_, &norm_->gamma, &norm_->beta, &norm_->moving_mean, &norm_->moving_variance};
}

void DnnLayer::add_parameters(std::vector<Parameter*>& parameters) {
  add_trained(parameters);
  if (!norm_) return;
  parameters.push_back(&norm_->moving_mean);
  parameters.push_back(&norm_->moving_variance);
}

void DnnLayer::add_trained(std::vector<Parameter*>& parameters) {
  parameters.push_back(&kernel_);
  parameters.push_back(&bias_);
  if (!norm_) return;
  parameters.push_back(&norm_->gamma);
  parameters.push_back(&norm_->beta);
}

LayerTables<PublishedTable> DnnLayer::publish(
    std::vector<std::shared_ptr<const PublishedTable>>& kept) {
  const auto keep = [&](Parameter& parameter) {
    kept.push_back(parameter.publish());
    return kept.back().get();
  };
  LayerTables<PublishedTable> tables{keep(kernel_), keep(bias_), nullptr,
                                     nullptr,       nullptr,     nullptr};
  if (!norm_) return tables;
  tables.gamma = keep(norm_->gamma);
  tables.beta = keep(norm_->beta);
  tables.moving_mean = keep(norm_->moving_mean);
  tables.moving_variance = keep(norm_->moving_variance);
  return tables;
}

}  // namespace millrace::estimator
