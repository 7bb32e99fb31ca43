#include "core/nn/initializer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

v1::InitializerSpec Resolved(const std::string& text) {
  v1::InitializerSpec spec = ParseText<v1::InitializerSpec>(text);
  Violations violations;
  ResolveInitializer(spec, 2, "init", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}

std::vector<float> Draw(const std::string& text, int64_t rows, int64_t columns, uint64_t seed = 1) {
  std::vector<float> values(static_cast<size_t>(rows * columns));
  Initialize(Resolved(text), Shape{rows, columns}, Rng(seed, RandomPurpose::kInitializer), values);
  return values;
}

double Mean(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Stddev(const std::vector<float>& values) {
  const double mean = Mean(values);
  double squares = 0;
  for (const float x : values) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

TEST(InitializerTest, FillsWithConstants) {
  EXPECT_THAT(Draw("zeros {}", 2, 3), Each(0.0f));
  EXPECT_THAT(Draw("ones {}", 2, 3), Each(1.0f));
  EXPECT_THAT(Draw("constant { value: 2.5 }", 2, 3), Each(2.5f));
}

struct SpreadCase {
  const char* spec;
  double stddev;
  double limit;  // No value is farther from 0.
};

class InitializerSpreadTest : public testing::TestWithParam<SpreadCase> {};

// 200 inputs, 100 outputs.
TEST_P(InitializerSpreadTest, HasTheRightSpread) {
  const std::vector<float> values = Draw(GetParam().spec, 200, 100);
  EXPECT_NEAR(Mean(values), 0.0, 4 * GetParam().stddev / std::sqrt(20000.0));
  EXPECT_NEAR(Stddev(values) / GetParam().stddev, 1.0, 0.03);
  EXPECT_THAT(values, Each(AllOf(Ge(-GetParam().limit), Le(GetParam().limit))));
}

// A standard normal cut at +-2 has this standard deviation.
constexpr double kCut = 0.87962566103423978;

INSTANTIATE_TEST_SUITE_P(
    Kinds, InitializerSpreadTest,
    testing::Values(
        SpreadCase{"random_normal {}", 0.05, 1},
        SpreadCase{"random_uniform {}", 0.05 / std::sqrt(3.0), 0.05},
        SpreadCase{"truncated_normal {}", 0.05 * kCut, 0.1},
        SpreadCase{"glorot_uniform {}", std::sqrt(2.0 / 300), std::sqrt(6.0 / 300)},
        SpreadCase{"glorot_normal {}", std::sqrt(2.0 / 300), 2 * std::sqrt(2.0 / 300) / kCut},
        SpreadCase{"he_uniform {}", std::sqrt(2.0 / 200), std::sqrt(6.0 / 200)},
        SpreadCase{"he_normal {}", std::sqrt(2.0 / 200), 2 * std::sqrt(2.0 / 200) / kCut},
        SpreadCase{"lecun_uniform {}", std::sqrt(1.0 / 200), std::sqrt(3.0 / 200)},
        SpreadCase{"lecun_normal {}", std::sqrt(1.0 / 200), 2 * std::sqrt(1.0 / 200) / kCut}));

TEST(InitializerTest, DependsOnTheSeedAlone) {
  EXPECT_EQ(Draw("glorot_uniform {}", 4, 4, 1), Draw("glorot_uniform {}", 4, 4, 1));
  EXPECT_NE(Draw("glorot_uniform {}", 4, 4, 1), Draw("glorot_uniform {}", 4, 4, 2));
}

TEST(InitializerTest, OrthogonalHasOrthonormalRowsOrColumns) {
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{7, 4}, {4, 7}, {5, 5}, {200, 120}}) {
    const std::vector<float> w = Draw("orthogonal { gain: 2 }", rows, columns);
    const int64_t count = std::min(rows, columns), length = std::max(rows, columns);
    const auto at = [&](int64_t vector, int64_t i) {
      return rows < columns ? w[static_cast<size_t>(vector * columns + i)]
                            : w[static_cast<size_t>(i * columns + vector)];
    };
    for (int64_t a = 0; a < count; ++a) {
      for (int64_t b = 0; b < count; ++b) {
        double dot = 0;
        for (int64_t i = 0; i < length; ++i) dot += at(a, i) * at(b, i);
        EXPECT_NEAR(dot, a == b ? 4.0 : 0.0, 1e-6);
      }
    }
  }
}

// Which is what makes the matrix uniformly distributed.
TEST(InitializerTest, OrthogonalLeavesTheDiagonalOfRPositive) {
  constexpr int64_t kRows = 70, kColumns = 50;
  const std::vector<float> q = Draw("orthogonal {}", kRows, kColumns);
  const Rng rng(1, RandomPurpose::kInitializer);
  for (int64_t column = 0; column < kColumns; ++column) {
    double diagonal = 0;
    for (int64_t row = 0; row < kRows; ++row) {
      const auto i = static_cast<size_t>(row * kColumns + column);
      diagonal += q[i] * rng.Normal(i);
    }
    EXPECT_GT(diagonal, 0) << column;
  }
}

TEST(InitializerTest, NamesEveryFault) {
  const auto faults = [](const std::string& text, int axes) {
    v1::InitializerSpec spec = ParseText<v1::InitializerSpec>(text);
    Violations violations;
    ResolveInitializer(spec, axes, "init", violations);
    return std::string(violations.ToStatus().message());
  };
  EXPECT_THAT(faults("", 2), HasSubstr("init: has no kind; allowed: zeros, ones"));
  EXPECT_THAT(
      faults("random_uniform { minval: 1 maxval: 0 }", 2),
      HasSubstr(
          "init.random_uniform.maxval: is 0; allowed: a finite number of minval = 1 or more"));
  EXPECT_THAT(faults("random_normal { mean: nan stddev: -1 }", 2),
              AllOf(HasSubstr("mean: is nan"), HasSubstr("stddev: is -1")));
  EXPECT_THAT(faults("orthogonal {}", 1), HasSubstr("is for matrices"));
}

}  // namespace
}  // namespace fitd
