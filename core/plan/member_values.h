// What one member has of a stack's values.

#ifndef FITD_CORE_PLAN_MEMBER_VALUES_H_
#define FITD_CORE_PLAN_MEMBER_VALUES_H_

#include <cstdint>

namespace fitd {

// Rows of values, `stride` apart; all values side by side where there is one member.
struct Slice {
  float* values;
  int64_t rows, cols, stride;
};

// Of [rows, members, cols].
Slice SliceOf(float* values, int64_t rows, int64_t cols, int members, int member);

void CopyFrom(const Slice& slice, float* values);
void CopyTo(const Slice& slice, const float* values);
bool AllFinite(const Slice& slice);

}  // namespace fitd

#endif  // FITD_CORE_PLAN_MEMBER_VALUES_H_
