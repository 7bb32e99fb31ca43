// Shapes of dense row-major arrays, and sizes computed from them without overflow.

#ifndef FITD_CORE_TENSOR_SHAPE_H_
#define FITD_CORE_TENSOR_SHAPE_H_

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace fitd {

using Shape = std::vector<int64_t>;

// What a size is said to be when it is too large for int64_t; larger than anything that can be
// allocated.
inline constexpr int64_t kSaturated = std::numeric_limits<int64_t>::max();

// a * b and a + b, or kSaturated. Arguments are >= 0.
int64_t SaturatingMultiply(int64_t a, int64_t b);
int64_t SaturatingAdd(int64_t a, int64_t b);

// The product of the axes, each >= 0, or kSaturated. A scalar has 1.
int64_t ElementCount(std::span<const int64_t> shape);

// "[28, 28]".
std::string ShapeText(std::span<const int64_t> shape);

}  // namespace fitd

#endif  // FITD_CORE_TENSOR_SHAPE_H_
