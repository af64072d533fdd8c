// The quotient as metrics report it: 0 where there is nothing to divide by. Pure.
#pragma once

namespace millrace::estimator {

inline double ratio(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

}  // namespace millrace::estimator
