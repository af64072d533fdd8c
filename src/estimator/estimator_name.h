// What an estimator is called: TensorFlow's class. Pure.
#pragma once

#include <string_view>

#include "estimator/estimator.h"

namespace millrace::estimator {

/// "LinearClassifier"
std::string_view name_of(EstimatorKind kind);

}  // namespace millrace::estimator
