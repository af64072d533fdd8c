// An Optimizer whose rule moves each element by its own gradient and slots alone, so that a whole
// variable and single rows of it are moved alike. `Rule` derives from it and has
//   void move(std::span<float> w, Parameter& parameter, size_t first,
//             std::span<const float> gradient) const;
// which moves `w`, elements of `parameter` whose slots begin at `first`.
#pragma once

#include "estimator/optimizer.h"

namespace millrace::estimator {

template <class Rule>
class RowOptimizer : public Optimizer {
 protected:
  using Optimizer::Optimizer;

  void update_dense(Parameter& parameter, std::span<const float> gradient) override {
    rule().move(parameter.values(), parameter, 0, gradient);
  }

  void update_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float> rows,
                     std::span<const float> gradient) override {
    const size_t width = parameter.width();
    for (size_t i = 0; i < ids.size(); ++i) {
      rule().move(rows.subspan(i * width, width), parameter, static_cast<size_t>(ids[i]) * width,
                  gradient.subspan(i * width, width));
    }
  }

 private:
  const Rule& rule() const { return static_cast<const Rule&>(*this); }
};

}  // namespace millrace::estimator
