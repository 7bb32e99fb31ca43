#include <functional>
#include <limits>

#include "tests/core/kernels/kernels_testing.h"

namespace fitd {
namespace {

using OptimizersTest = KernelsTest;
FITD_FOR_EVERY_ISA(OptimizersTest);

// One weight and its state in double.
struct Weight {
  double w, slot0, slot1, slot2;
};
using PlainStep = std::function<void(Weight& x, double g, double rate, int64_t t)>;

struct Optimizer {
  OptimizerKernel Kernels::* kernel;
  float a, b, c, d;
  bool slots[3];
  PlainStep step;
};

Optimizer Sgd() {
  return {&Kernels::sgd,
          0,
          0,
          0,
          0,
          {},
          [](Weight& x, double g, double rate, int64_t) {
            x.w -= rate * g; }};
}
Optimizer Momentum(bool nesterov) {
  return {nesterov ? &Kernels::sgd_nesterov : &Kernels::sgd,
          0.9f,
          0,
          0,
          0,
          {true},
          [=](Weight& x, double g, double rate, int64_t) {
            x.slot0 = 0.9 * x.slot0 - rate * g;
            x.w += nesterov ? 0.9 * x.slot0 - rate * g : x.slot0;
          }};
}
Optimizer Adam(bool amsgrad, float decay) {
  return {&Kernels::adam,
          0.9f,
          0.999f,
          1e-7f,
          decay,
          {true, true, amsgrad},
          [=](Weight& x, double g, double rate, int64_t t) {
            x.w -= rate * decay * x.w;
            x.slot0 = 0.9 * x.slot0 + 0.1 * g;
            x.slot1 = 0.999 * x.slot1 + 0.001 * g * g;
            x.slot2 = std::max(x.slot2, x.slot1);
            x.w -= rate * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t)) * x.slot0 /
                   (std::sqrt(amsgrad ? x.slot2 : x.slot1) + 1e-7);
          }};
}
Optimizer Rmsprop(bool momentum, bool centered) {
  return {&Kernels::rmsprop,
          0.9f,
          momentum ? 0.8f : 0,
          1e-7f,
          0,
          {true, momentum, centered},
          [=](Weight& x, double g, double rate, int64_t) {
            x.slot0 = 0.9 * x.slot0 + 0.1 * g * g;
            x.slot2 = 0.9 * x.slot2 + 0.1 * g;
            const double variance = x.slot0 - (centered ? x.slot2 * x.slot2 : 0);
            x.slot1 = (momentum ? 0.8 * x.slot1 : 0) + rate * g / std::sqrt(variance + 1e-7);
            x.w -= x.slot1;
          }};
}
Optimizer Adagrad() {
  return {&Kernels::adagrad, 0, 0, 1e-7f, 0, {true}, [](Weight& x, double g, double rate, int64_t) {
            x.slot0 += g * g;
            x.w -= rate * g / std::sqrt(x.slot0 + 1e-7);
          }};
}

// Weights after 60 steps of made-up gradients.
Floats Train(const Kernels& kernels, const Optimizer& optimizer, int64_t size, int parts) {
  Floats w = RandomFloats(size, -1, 1, 99);
  Floats slots[3] = {Floats(size), Floats(size), Floats(size)};
  float* slot[3];
  for (int i = 0; i < 3; ++i) slot[i] = optimizer.slots[i] ? slots[i].data() : nullptr;
  for (int64_t t = 0; t < 60; ++t) {
    const Floats g = RandomFloats(size, -1, 1.5f, static_cast<uint32_t>(t));
    const float rate = 0.01f;
    const StepState step = {.iteration = t, .learning_rates = &rate, .seed = 0};
    RunInParts(kernels.*optimizer.kernel,
               OptimizerArgs{.block = Values(size),
                             .weights = w.data(),
                             .gradients = g.data(),
                             .slot0 = slot[0],
                             .slot1 = slot[1],
                             .slot2 = slot[2],
                             .step = &step,
                             .a = {optimizer.a},
                             .b = {optimizer.b},
                             .c = {optimizer.c},
                             .d = {optimizer.d}},
               parts);
  }
  return w;
}

std::vector<double> TrainPlainly(const Optimizer& optimizer, int64_t size) {
  const Floats start = RandomFloats(size, -1, 1, 99);
  std::vector<Weight> weights;
  for (const float w : start) weights.push_back({w, 0, 0, 0});
  for (int64_t t = 0; t < 60; ++t) {
    const Floats g = RandomFloats(size, -1, 1.5f, static_cast<uint32_t>(t));
    for (int64_t i = 0; i < size; ++i) optimizer.step(weights[i], g[i], 0.01f, t + 1);
  }
  std::vector<double> w;
  for (const Weight& weight : weights) w.push_back(weight.w);
  return w;
}

TEST_P(OptimizersTest, FollowTheirFormulasInAnyNumberOfParts) {
  for (const Optimizer& optimizer :
       {Sgd(), Momentum(false), Momentum(true), Adam(false, 0), Adam(true, 0), Adam(false, 0.1f),
        Rmsprop(false, false), Rmsprop(true, false), Rmsprop(false, true), Rmsprop(true, true),
        Adagrad()}) {
    for (const int64_t size : kOddSizes) {
      const Floats w = Train(kernels(), optimizer, size, 1);
      EXPECT_THAT(w, IsCloseTo(TrainPlainly(optimizer, size), 1e-5));
      for (const int parts : kPartCounts) {
        EXPECT_THAT(Train(kernels(), optimizer, size, parts), HasBitsOf(w));
      }
    }
  }
}

const Floats kFactors = {1, 0.5f, 0.75f};  // Of the numbers that the members of a stack have.
constexpr Block kStacks[] = {{7, 3, 5}, {1, 3, 1}, {40, 3, 1}, {3, 3, 300}, {5, 3, 17}};

// The values of one member.
Floats OfMember(const Floats& values, const Block& stack, int64_t member) {
  Floats own;
  for (int64_t i = 0; i < std::ssize(values); ++i) {
    if (i / stack.units % stack.members == member) own.push_back(values[static_cast<size_t>(i)]);
  }
  return own;
}

PerMember ForMembers(float number, const Floats& of_members) {
  PerMember numbers;
  for (size_t i = 0; i < of_members.size(); ++i) numbers.of[i] = number * of_members[i];
  return numbers;
}

// A weight after three steps. Each member's numbers are the optimizer's times its factor.
Floats TrainStack(const Kernels& kernels, const Optimizer& optimizer, const Block& stack,
                  const Floats& factors, int parts) {
  const int64_t size = stack.size();
  Floats w = RandomFloats(size, -1, 1, 99);
  Floats slots[3] = {Floats(size), Floats(size), Floats(size)};
  float* slot[3];
  for (int i = 0; i < 3; ++i) slot[i] = optimizer.slots[i] ? slots[i].data() : nullptr;
  for (int64_t t = 0; t < 3; ++t) {
    const Floats g = RandomFloats(size, -1, 1.5f, static_cast<uint32_t>(t));
    const PerMember rates = ForMembers(0.01f, factors);
    const StepState step = {.iteration = t, .learning_rates = rates.of, .seed = 0};
    RunInParts(kernels.*optimizer.kernel,
               OptimizerArgs{.block = stack,
                             .weights = w.data(),
                             .gradients = g.data(),
                             .slot0 = slot[0],
                             .slot1 = slot[1],
                             .slot2 = slot[2],
                             .step = &step,
                             .a = ForMembers(optimizer.a, factors),
                             .b = ForMembers(optimizer.b, factors),
                             .c = ForMembers(optimizer.c, factors),
                             .d = ForMembers(optimizer.d, factors)},
               parts);
  }
  return w;
}

TEST_P(OptimizersTest, GiveEachMemberOfAStackItsOwnNumbers) {
  for (const Optimizer& optimizer : {Sgd(), Momentum(false), Momentum(true), Adam(false, 0),
                                     Adam(true, 0.1f), Rmsprop(true, true), Adagrad()}) {
    for (const Block& stack : kStacks) {
      const Floats w = TrainStack(kernels(), optimizer, stack, kFactors, 1);
      for (const int parts : kPartCounts)
        EXPECT_THAT(TrainStack(kernels(), optimizer, stack, kFactors, parts), HasBitsOf(w));
      for (int64_t m = 0; m < stack.members; ++m) {
        // The same values, as those of one network.
        const Floats alone = TrainStack(kernels(), optimizer, Values(stack.size()),
                                        {kFactors[static_cast<size_t>(m)]}, 1);
        EXPECT_THAT(OfMember(w, stack, m), HasBitsOf(OfMember(alone, stack, m)));
      }
    }
  }
}

TEST_P(OptimizersTest, AdamsCorrectionFadesAfterManySteps) {
  float w = 1, m = 0, v = 0;
  const float g = 1;
  const float rate = 0.5f;
  const StepState step = {.iteration = int64_t{1} << 40, .learning_rates = &rate, .seed = 0};
  kernels().adam({.block = Values(1),
                  .weights = &w,
                  .gradients = &g,
                  .slot0 = &m,
                  .slot1 = &v,
                  .slot2 = nullptr,
                  .step = &step,
                  .a = {0.9f},
                  .b = {0.999f},
                  .c = {1e-7f},
                  .d = {}},
                 {0, 1});
  EXPECT_NEAR(w, 1 - 0.5 * 0.1 / std::sqrt(0.001), 1e-4);
}

TEST_P(OptimizersTest, RegularizerAddsItsGradient) {
  const Floats w = {-2, -0.0f, 0, 3, 1, 1, 1, 1, 1};
  Floats g(9, 1);
  RunInParts(kernels().regularizer_gradient,
             RegularizerGradientArgs{.block = Values(9),
                                     .weights = w.data(),
                                     .gradients = g.data(),
                                     .l1 = {0.5f},
                                     .l2 = {0.25f}},
             2);
  EXPECT_THAT(g, testing::ElementsAre(-0.5, 1, 1, 3, 2, 2, 2, 2, 2));
}

Floats ClipNorm(const Kernels& kernels, Floats g, float limit, int parts) {
  double squares = 0;
  const Block block = Values(std::ssize(g));
  kernels.sums({.block = block, .x = g.data(), .squares = &squares, .absolutes = nullptr}, {0, 1});
  RunInParts(
      kernels.clip_norm,
      ClipNormArgs{.block = block, .gradients = g.data(), .limits = {limit}, .squares = &squares},
      parts);
  return g;
}

TEST_P(OptimizersTest, ClipNormScalesToTheLimit) {
  for (const int parts : kPartCounts) {
    EXPECT_THAT(ClipNorm(kernels(), {3, 4}, 1, parts),
                testing::ElementsAre(testing::FloatEq(0.6f), testing::FloatEq(0.8f)));
    EXPECT_THAT(ClipNorm(kernels(), {3, 4}, 5, parts), testing::ElementsAre(3, 4));
    EXPECT_THAT(ClipNorm(kernels(), {0, 0}, 5, parts), testing::ElementsAre(0, 0));
  }
}

TEST_P(OptimizersTest, ClipNormOfHugeValuesDoesNotOverflow) {
  EXPECT_THAT(ClipNorm(kernels(), {3e38f, -3e38f}, 1, 1),
              testing::ElementsAre(testing::FloatEq(0.70710678f), testing::FloatEq(-0.70710678f)));
}

TEST_P(OptimizersTest, ClippingHidesNoNan) {
  EXPECT_THAT(ClipNorm(kernels(), {NAN, 1}, 1, 1), testing::Contains(testing::IsNan()));
  EXPECT_THAT(ClipNorm(kernels(), {INFINITY, 1}, 1, 1), testing::Contains(testing::IsNan()));
  Floats g = {NAN, -3, 3, 0.5f};
  kernels().clip_value({.block = Values(4), .gradients = g.data(), .limits = {1}}, {0, 1});
  EXPECT_THAT(g, testing::ElementsAre(testing::IsNan(), -1, 1, 0.5));
}

TEST_P(OptimizersTest, SumsAreOfSquaresAndMagnitudes) {
  for (const int64_t size : kOddSizes) {
    const Floats x = RandomFloats(size, -1, 1, 1);
    double squares = 0, absolutes = 0;
    for (const float value : x) {
      squares += double{value} * value;
      absolutes += std::abs(value);
    }
    double got_squares = -1, got_absolutes = -1;
    RunInParts(kernels().sums,
               SumArgs{.block = Values(size),
                       .x = x.data(),
                       .squares = &got_squares,
                       .absolutes = &got_absolutes},
               3);
    EXPECT_NEAR(got_squares, squares, 1e-12);
    EXPECT_NEAR(got_absolutes, absolutes, 1e-12);
    kernels().sums({.block = Values(size), .x = x.data(), .squares = nullptr, .absolutes = nullptr},
                   {0, 1});
  }
}

// Penalties and clips of a stack's values, and of each member's alone.
TEST_P(OptimizersTest, TreatEachMemberOfAStackAsIfAlone) {
  const auto treat = [&](const Block& block, const Floats& w, Floats g, const Floats& factors,
                         std::vector<double>& sums) {
    std::vector<double> absolutes(factors.size());
    sums.assign(factors.size(), -1);
    RunInParts(kernels().regularizer_gradient,
               RegularizerGradientArgs{.block = block,
                                       .weights = w.data(),
                                       .gradients = g.data(),
                                       .l1 = ForMembers(0.1f, factors),
                                       .l2 = ForMembers(0.3f, factors)},
               2);
    kernels().sums(
        {.block = block, .x = g.data(), .squares = sums.data(), .absolutes = absolutes.data()},
        {0, 1});
    RunInParts(kernels().clip_norm,
               ClipNormArgs{.block = block,
                            .gradients = g.data(),
                            .limits = ForMembers(2, factors),
                            .squares = sums.data()},
               2);
    RunInParts(
        kernels().clip_value,
        ClipValueArgs{.block = block, .gradients = g.data(), .limits = ForMembers(0.5f, factors)},
        2);
    sums.insert(sums.end(), absolutes.begin(), absolutes.end());
    return g;
  };
  for (const Block& stack : kStacks) {
    const Floats w = RandomFloats(stack.size(), -1, 1, 1);
    const Floats g = RandomFloats(stack.size(), -1, 1, 2);
    std::vector<double> sums;
    const Floats stacked = treat(stack, w, g, kFactors, sums);
    for (int64_t m = 0; m < stack.members; ++m) {
      std::vector<double> own_sums;
      const Floats alone =
          treat({stack.rows, 1, stack.units}, OfMember(w, stack, m), OfMember(g, stack, m),
                {kFactors[static_cast<size_t>(m)]}, own_sums);
      EXPECT_THAT(OfMember(stacked, stack, m), HasBitsOf(alone));
      EXPECT_EQ(sums[static_cast<size_t>(m)], own_sums[0]);
      EXPECT_EQ(sums[static_cast<size_t>(m + stack.members)], own_sums[1]);
    }
  }
}

}  // namespace
}  // namespace fitd
