#include "core/base/rng.h"

#include <cmath>
#include <cstdint>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;

// Random123's tests/kat_vectors.
TEST(PhiloxTest, GivesTheKnownAnswers) {
  EXPECT_THAT(Philox4x32({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(
      Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
      ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(
      Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

constexpr uint64_t kDraws = 100'000;

struct Moments {
  double mean = 0;
  double variance = 0;
  double largest = 0;
};

template <typename Draw>
Moments MomentsOf(Draw draw) {
  Moments moments;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const double x = draw(i);
    moments.mean += x / kDraws;
    moments.variance += x * x / kDraws;
    moments.largest = std::max(moments.largest, std::abs(x));
  }
  moments.variance -= moments.mean * moments.mean;
  return moments;
}

TEST(RngTest, UniformFillsTheUnitInterval) {
  const Rng rng(7, RandomPurpose::kInitializer);
  const Moments moments = MomentsOf([&](uint64_t i) { return rng.Uniform(i); });
  EXPECT_NEAR(moments.mean, 0.5, 0.005);
  EXPECT_NEAR(moments.variance, 1.0 / 12, 0.001);
  EXPECT_LT(moments.largest, 1);
}

TEST(RngTest, NormalHasMeanZeroAndVarianceOne) {
  const Rng rng(7, RandomPurpose::kInitializer);
  const Moments moments = MomentsOf([&](uint64_t i) { return rng.Normal(i); });
  EXPECT_NEAR(moments.mean, 0, 0.015);
  EXPECT_NEAR(moments.variance, 1, 0.02);
  EXPECT_GT(moments.largest, 3.5);
}

TEST(RngTest, TruncatedNormalStaysWithinTwo) {
  const Rng rng(7, RandomPurpose::kInitializer);
  const Moments moments = MomentsOf([&](uint64_t i) { return rng.TruncatedNormal(i); });
  EXPECT_NEAR(moments.mean, 0, 0.015);
  EXPECT_NEAR(moments.variance, 0.774, 0.01);  // Of a normal distribution cut at +-2.
  EXPECT_LE(moments.largest, 2 + 1e-8);        // The rounding of the approximation.
}

TEST(RngTest, IsAFunctionOfItsKeyAndPosition) {
  const Rng rng(7, RandomPurpose::kShuffle, 3, 4);
  const uint64_t far = rng.Bits(1'000'000);
  EXPECT_EQ(rng.Bits(1'000'000), far);
  EXPECT_EQ(Rng(7, RandomPurpose::kShuffle, 3, 4).Bits(1'000'000), far);
}

TEST(RngTest, EveryPartOfTheKeyAndThePositionMatters) {
  std::set<uint64_t> numbers;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32}) {
    for (const RandomPurpose purpose : {RandomPurpose::kInitializer, RandomPurpose::kSplit}) {
      for (const uint32_t stream : {0U, 1U}) {
        for (const uint32_t substream : {0U, 1U}) {
          for (const uint64_t index : {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{1} << 40}) {
            numbers.insert(Rng(seed, purpose, stream, substream).Bits(index));
          }
        }
      }
    }
  }
  EXPECT_EQ(numbers.size(), 3U * 2 * 2 * 2 * 4);
}

}  // namespace
}  // namespace fitd
