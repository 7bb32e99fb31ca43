// Random numbers are fitd's own; their distribution is that of Keras's initializers.

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/nn/initializer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/reference/reference_values.h"

namespace fitd::reference {
namespace {

std::vector<float> Draw(const InitializerCase& c) {
  v1::InitializerSpec spec = c.spec();
  Violations violations;
  ResolveInitializer(spec, c.shape_size(), "initializer", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  const std::vector<int64_t> shape(c.shape().begin(), c.shape().end());
  std::vector<float> values(shape[0] * shape[1]);
  Initialize(spec, shape, Rng(1, RandomPurpose::kInitializer), values);
  return values;
}

bool IsUniform(const v1::InitializerSpec& spec) {
  return spec.has_random_uniform() || spec.has_glorot_uniform() || spec.has_he_uniform() ||
         spec.has_lecun_uniform();
}

// Means and deviations of 60,000 values: sigma / sqrt(60,000) is 0.004 sigma.
TEST(KerasInitializerTest, DistributionsAgree) {
  for (const InitializerCase& c : LoadValues("initializers.json").initializers()) {
    SCOPED_TRACE(c.ShortDebugString());
    const std::vector<float> values = Draw(c);
    double mean = 0, variance = 0;
    for (float value : values) mean += value / static_cast<double>(values.size());
    for (float value : values)
      variance += (value - mean) * (value - mean) / static_cast<double>(values.size());
    EXPECT_NEAR(mean, c.mean(), 0.02 * c.stddev() + 1e-9);
    EXPECT_NEAR(std::sqrt(variance), c.stddev(), 0.02 * c.stddev() + 1e-9);
    // Sharp ends: those of uniform and truncated distributions. Tails of the normal vary.
    if (c.spec().has_random_normal() || c.spec().has_orthogonal()) continue;
    const double width = c.max() - c.min();
    EXPECT_NEAR(*std::ranges::min_element(values), c.min(),
                (IsUniform(c.spec()) ? 0.001 : 0.01) * width);
    EXPECT_NEAR(*std::ranges::max_element(values), c.max(),
                (IsUniform(c.spec()) ? 0.001 : 0.01) * width);
  }
}

// Rows or columns, whichever are fewer, are perpendicular and as long as the gain.
TEST(KerasInitializerTest, OrthogonalMatricesAreOrthogonal) {
  for (const InitializerCase& c : LoadValues("initializers.json").initializers()) {
    if (!c.spec().has_orthogonal()) continue;
    SCOPED_TRACE(c.ShortDebugString());
    const std::vector<float> w = Draw(c);
    const int64_t rows = c.shape(0), cols = c.shape(1);
    const bool by_columns = cols <= rows;
    const int64_t count = std::min(rows, cols), length = std::max(rows, cols);
    const auto at = [&](int64_t vector, int64_t i) {
      return static_cast<double>(by_columns ? w[i * cols + vector] : w[vector * cols + i]);
    };
    const double gain = c.spec().orthogonal().has_gain() ? c.spec().orthogonal().gain() : 1;
    double largest = 0;
    for (int64_t a = 0; a < count; ++a) {
      for (int64_t b = a; b < count; ++b) {
        double product = 0;
        for (int64_t i = 0; i < length; ++i) product += at(a, i) * at(b, i);
        largest = std::max(largest, std::abs(product - (a == b ? gain * gain : 0)));
      }
    }
    EXPECT_LT(largest, 1e-5);
  }
}

}  // namespace
}  // namespace fitd::reference
