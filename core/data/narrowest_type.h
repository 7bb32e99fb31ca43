// The narrowest type that stores values without loss.

#ifndef FITD_CORE_DATA_NARROWEST_TYPE_H_
#define FITD_CORE_DATA_NARROWEST_TYPE_H_

#include <cstdint>

#include "fitd/v1/tensor.pb.h"

namespace fitd {

// For whole numbers in [min, max].
v1::DataType NarrowestInteger(int64_t min, int64_t max);

inline bool IsExactFloat(double value) {
  return static_cast<double>(static_cast<float>(value)) == value;
}

inline v1::DataType NarrowestFloat(bool exact_in_float) {
  return exact_in_float ? v1::DATA_TYPE_FLOAT32 : v1::DATA_TYPE_FLOAT64;
}

}  // namespace fitd

#endif  // FITD_CORE_DATA_NARROWEST_TYPE_H_
