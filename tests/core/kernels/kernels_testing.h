// What the tests of kernels share: every table this machine runs, made-up values, and the promise
// about parts.

#ifndef FITD_TESTS_CORE_KERNELS_KERNELS_TESTING_H_
#define FITD_TESTS_CORE_KERNELS_KERNELS_TESTING_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/kernels/kernels.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {

// Floats in 64-byte aligned memory with nothing readable behind them that a sanitizer would not
// notice.
using Floats = std::vector<float>;

// Sizes around the widths of vectors.
inline constexpr int64_t kOddSizes[] = {0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 100};
inline constexpr int kPartCounts[] = {1, 2, 3, 7};

// Uniform in [low, high), the same for the same arguments.
inline Floats RandomFloats(int64_t size, float low, float high, uint32_t stream) {
  const Rng rng(1, RandomPurpose::kInitializer, stream);
  Floats values(size);
  for (int64_t i = 0; i < size; ++i) {
    values[i] = static_cast<float>(low + (high - low) * rng.Uniform(i));
  }
  return values;
}

template <typename Kernel, typename Args>
void RunInParts(Kernel kernel, const Args& args, int parts) {
  for (int i = 0; i < parts; ++i) kernel(args, {i, parts});
}

// Equal bit for bit, NaN included.
MATCHER_P(HasBitsOf, expected, "") {
  if (arg.size() != expected.size()) return false;
  for (size_t i = 0; i < arg.size(); ++i) {
    if (std::memcmp(&arg[i], &expected[i], sizeof(arg[i])) != 0) {
      *result_listener << "at " << i << ": " << arg[i] << " against " << expected[i];
      return false;
    }
  }
  return true;
}

// |value - expected| <= tolerance max(1, |expected|), and not finite alike.
MATCHER_P2(IsCloseTo, expected, tolerance, "") {
  if (arg.size() != expected.size()) return false;
  for (size_t i = 0; i < arg.size(); ++i) {
    const double difference = std::abs(arg[i] - expected[i]);
    if (!(difference <= tolerance * std::max(1.0, std::abs(static_cast<double>(expected[i]))))) {
      *result_listener << "at " << i << ": " << arg[i] << " against " << expected[i];
      return false;
    }
  }
  return true;
}

// A test of every table this machine runs; GetParam() names it.
class KernelsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (KernelsFor(GetParam()) == nullptr) GTEST_SKIP() << "not on this processor";
  }
  const Kernels& kernels() const { return *KernelsFor(GetParam()); }
};

inline std::string IsaName(const testing::TestParamInfo<const char*>& info) {
  std::string name;
  for (const char c : std::string(info.param)) name += c == '-' ? '_' : c;
  return name;
}

}  // namespace fitd

// For a class derived from KernelsTest, or KernelsTest renamed by an alias.
#define FITD_FOR_EVERY_ISA(suite)           \
  INSTANTIATE_TEST_SUITE_P(EveryIsa, suite, \
                           testing::Values("x86-64", "x86-64-v3", "x86-64-v4", "arm64"), IsaName)

#endif  // FITD_TESTS_CORE_KERNELS_KERNELS_TESTING_H_
