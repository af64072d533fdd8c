// The activations of hidden layers: tf.nn's functions and their slopes. Pure functions over spans.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "estimator/estimator.h"

namespace millrace::estimator {

/// "leaky_relu", case ignored.
std::optional<Activation> activation_of(std::string_view name);
std::vector<std::string_view> activation_names();

/// out = f(x); the spans may be the same.
void activate(Activation activation, std::span<const float> x, std::span<float> out);

/// gradient *= f'(x), where y = f(x).
void multiply_by_slope(Activation activation, std::span<const float> x, std::span<const float> y,
                       std::span<float> gradient);

}  // namespace millrace::estimator
