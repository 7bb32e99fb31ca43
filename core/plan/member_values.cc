#include "core/plan/member_values.h"

#include <algorithm>
#include <cmath>

namespace fitd {

Slice SliceOf(float* values, int64_t rows, int64_t cols, int members, int member) {
  if (members == 1) return {.values = values, .rows = 1, .cols = rows * cols, .stride = 0};
  return {.values = values + member * cols, .rows = rows, .cols = cols, .stride = members * cols};
}

void CopyFrom(const Slice& slice, float* values) {
  for (int64_t r = 0; r < slice.rows; ++r)
    values = std::copy_n(slice.values + r * slice.stride, slice.cols, values);
}

void CopyTo(const Slice& slice, const float* values) {
  for (int64_t r = 0; r < slice.rows; ++r)
    std::copy_n(values + r * slice.cols, slice.cols, slice.values + r * slice.stride);
}

bool AllFinite(const Slice& slice) {
  for (int64_t r = 0; r < slice.rows; ++r) {
    const float* row = slice.values + r * slice.stride;
    if (!std::all_of(row, row + slice.cols, [](float x) { return std::isfinite(x); })) return false;
  }
  return true;
}

}  // namespace fitd
