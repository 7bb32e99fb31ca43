#include "core/tensor/arena.h"

#include <cstdint>

#include "core/tensor/shape.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

TEST(ArenaTest, LaysTensorsSideBySideAligned) {
  Arena arena;
  float *a, *b, *c;
  arena.Reserve(3, &a);
  arena.Reserve(16, &b);
  arena.Reserve(1, &c);
  FITD_ASSERT_OK(arena.Allocate());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 64, 0u);
  EXPECT_EQ(b - a, 16);
  EXPECT_EQ(c - b, 16);
  EXPECT_EQ(arena.size(), 48);
}

TEST(ArenaTest, StartsAtZero) {
  Arena arena;
  float* tensor;
  arena.Reserve(1000, &tensor);
  FITD_ASSERT_OK(arena.Allocate());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(tensor[i], 0.0f);
}

TEST(ArenaTest, HoldsNothingWhenNothingIsReserved) {
  Arena arena;
  float* tensor;
  arena.Reserve(0, &tensor);
  FITD_EXPECT_OK(arena.Allocate());
}

TEST(ArenaTest, RefusesWhatNoMachineHas) {
  for (const int64_t count : {kSaturated, kSaturated / 4}) {
    Arena arena;
    float *a, *b;
    arena.Reserve(count, &a);
    arena.Reserve(count, &b);
    EXPECT_THAT(arena.Allocate(), StatusIs(absl::StatusCode::kResourceExhausted));
  }
}

}  // namespace
}  // namespace fitd
