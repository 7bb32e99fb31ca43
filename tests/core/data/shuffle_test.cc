#include "core/data/shuffle.h"

#include <cstdlib>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using testing::Each;

TEST(PermutationTest, VisitsEveryRowOnce) {
  for (const uint32_t n : {1U, 2U, 3U, 4U, 5U, 16U, 17U, 63U, 64U, 65U, 1000U, 4097U}) {
    const Permutation permutation(n, 7, 3);
    std::vector<int> visits(n);
    for (uint32_t i = 0; i < n; ++i) {
      ASSERT_LT(permutation.At(i), n);
      ++visits[permutation.At(i)];
    }
    EXPECT_THAT(visits, Each(1)) << n;
  }
}

TEST(PermutationTest, ReachesTheLastRows) {
  const uint32_t n = 0xFFFFFFFF;
  const Permutation permutation(n, 1, 0);
  EXPECT_LT(permutation.At(n - 1), n);
  EXPECT_NE(permutation.At(0), permutation.At(n - 1));
}

TEST(PermutationTest, DependsOnSeedAndEpoch) {
  const uint32_t n = 1000;
  const auto same = [&](const Permutation& a, const Permutation& b) {
    int count = 0;
    for (uint32_t i = 0; i < n; ++i) count += a.At(i) == b.At(i);
    return count;
  };
  const Permutation first(n, 7, 0);
  EXPECT_EQ(same(first, Permutation(n, 7, 0)), 1000);
  EXPECT_LT(same(first, Permutation(n, 8, 0)), 20);
  EXPECT_LT(same(first, Permutation(n, 7, 1)), 20);
}

// The mean distance of a row from its place is n / 3 in a random order.
TEST(PermutationTest, MovesRowsFar) {
  const uint32_t n = 10000;
  const Permutation permutation(n, 42, 0);
  double distance = 0;
  for (uint32_t i = 0; i < n; ++i)
    distance += std::abs(static_cast<double>(permutation.At(i)) - i) / n;
  EXPECT_NEAR(distance / n, 1.0 / 3, 0.01);
}

}  // namespace
}  // namespace fitd
