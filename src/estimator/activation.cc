#include "estimator/activation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "data/schema.h"
#include "estimator/head.h"

namespace millrace::estimator {
namespace {

constexpr float kSeluScale = 1.0507009873554805F;
constexpr float kSeluAlpha = 1.6732632423543772F;
constexpr float kLeak = 0.2F;  // tf.nn.leaky_relu's default

struct ActivationFacts {
  Activation activation;
  std::string_view name;
  float (*value)(float x);
  float (*slope)(float x, float y);
};

constexpr std::array<ActivationFacts, 11> kActivations = {{
    {Activation::kRelu, "relu", [](float x) { return x > 0 ? x : 0; },
     [](float x, float) { return x > 0 ? 1.0F : 0.0F; }},
    {Activation::kRelu6, "relu6", [](float x) { return std::min(std::max(x, 0.0F), 6.0F); },
     [](float x, float) { return x > 0 && x < 6 ? 1.0F : 0.0F; }},
    {Activation::kLeakyRelu, "leaky_relu", [](float x) { return x > 0 ? x : kLeak * x; },
     [](float x, float) { return x > 0 ? 1.0F : kLeak; }},
    {Activation::kElu, "elu", [](float x) { return x > 0 ? x : std::expm1(x); },
     [](float x, float y) { return x > 0 ? 1.0F : y + 1; }},
    {Activation::kSelu, "selu",
     [](float x) { return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x)); },
     [](float x, float y) { return x > 0 ? kSeluScale : y + kSeluScale * kSeluAlpha; }},
    {Activation::kSoftplus, "softplus",
     [](float x) { return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x))); },
     [](float x, float) { return sigmoid(x); }},
    {Activation::kSoftsign, "softsign", [](float x) { return x / (1 + std::abs(x)); },
     [](float x, float) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); }},
    {Activation::kSigmoid, "sigmoid", [](float x) { return sigmoid(x); },
     [](float, float y) { return y * (1 - y); }},
    {Activation::kTanh, "tanh", [](float x) { return std::tanh(x); },
     [](float, float y) { return 1 - y * y; }},
    {Activation::kSwish, "swish", [](float x) { return x * sigmoid(x); },
     [](float x, float y) { return y + sigmoid(x) * (1 - y); }},
    {Activation::kLinear, "linear", [](float x) { return x; }, [](float, float) { return 1.0F; }},
}};

const ActivationFacts& facts_of(Activation activation) {
  const auto& facts = kActivations[static_cast<size_t>(activation)];
  CHECK(facts.activation == activation, "the activation table is in the order of the enum");
  return facts;
}

}  // namespace

std::optional<Activation> activation_of(std::string_view name) {
  for (const auto& facts : kActivations) {
    if (same_name(facts.name, name)) return facts.activation;
  }
  return std::nullopt;
}

std::vector<std::string_view> activation_names() {
  std::vector<std::string_view> names;
  for (const auto& facts : kActivations) names.push_back(facts.name);
  return names;
}

void activate(Activation activation, std::span<const float> x, std::span<float> out) {
  if (activation == Activation::kRelu) {
    for (size_t i = 0; i < x.size(); ++i) out[i] = x[i] > 0 ? x[i] : 0;
    return;
  }
  const auto value = facts_of(activation).value;
  for (size_t i = 0; i < x.size(); ++i) out[i] = value(x[i]);
}

void multiply_by_slope(Activation activation, std::span<const float> x, std::span<const float> y,
                       std::span<float> gradient) {
  if (activation == Activation::kRelu) {
    for (size_t i = 0; i < x.size(); ++i) gradient[i] = x[i] > 0 ? gradient[i] : 0;
    return;
  }
  const auto slope = facts_of(activation).slope;
  for (size_t i = 0; i < x.size(); ++i) gradient[i] *= slope(x[i], y[i]);
}

}  // namespace millrace::estimator
