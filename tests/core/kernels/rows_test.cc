#include <numeric>

#include "tests/core/kernels/kernels_testing.h"

namespace fitd {
namespace {

using RowsTest = KernelsTest;
FITD_FOR_EVERY_ISA(RowsTest);

Floats Softmax(const Kernels& kernels, int64_t rows, const Floats& x, int parts = 1) {
  Floats y(x.size());
  RunInParts(kernels.softmax,
             SoftmaxArgs{.rows = rows,
                         .cols = rows == 0 ? 0 : static_cast<int64_t>(x.size()) / rows,
                         .x = x.data(),
                         .y = y.data()},
             parts);
  return y;
}

TEST_P(RowsTest, SoftmaxIsExponentialsOverTheirSum) {
  for (const int64_t cols : kOddSizes) {
    const Floats x = RandomFloats(5 * cols, -20, 20, 1);
    std::vector<double> expected(5 * cols);
    for (int64_t r = 0; r < 5; ++r) {
      double sum = 0;
      for (int64_t c = 0; c < cols; ++c) sum += std::exp(static_cast<double>(x[r * cols + c]));
      for (int64_t c = 0; c < cols; ++c) expected[r * cols + c] = std::exp(x[r * cols + c]) / sum;
    }
    const Floats y = Softmax(kernels(), 5, x);
    EXPECT_THAT(y, IsCloseTo(expected, 1e-6)) << cols;
    for (const int parts : kPartCounts) {
      EXPECT_THAT(Softmax(kernels(), 5, x, parts), HasBitsOf(y)) << cols;
    }
    for (int64_t r = 0; r < 5; ++r) {
      const auto row = [&](const Floats& v) {
        return Floats(v.begin() + r * cols, v.begin() + (r + 1) * cols);
      };
      EXPECT_THAT(Softmax(kernels(), 1, row(x)), HasBitsOf(row(y)));
    }
  }
}

TEST_P(RowsTest, SoftmaxOfHugeValuesDoesNotOverflow) {
  EXPECT_THAT(Softmax(kernels(), 1, {3e38f, 1e38f, -3e38f}), testing::ElementsAre(1, 0, 0));
  EXPECT_THAT(Softmax(kernels(), 1, {-3e38f, -3e38f}), testing::ElementsAre(0.5, 0.5));
}

TEST_P(RowsTest, NanSpoilsItsSoftmaxRowAlone) {
  for (const int64_t at : {0, 5, 10}) {
    Floats x(22, 1);
    x[at] = NAN;
    const Floats y = Softmax(kernels(), 2, x);
    for (int i = 0; i < 22; ++i) EXPECT_EQ(std::isnan(y[i]), i < 11) << i;
  }
}

TEST_P(RowsTest, SoftmaxGradientIsTheJacobianProduct) {
  for (const int64_t cols : kOddSizes) {
    const Floats y = Softmax(kernels(), 3, RandomFloats(3 * cols, -2, 2, 1));
    const Floats dy = RandomFloats(3 * cols, -1, 1, 2);
    std::vector<double> expected(3 * cols);
    for (int64_t r = 0; r < 3; ++r) {
      double sum = 0;
      for (int64_t i = r * cols; i < (r + 1) * cols; ++i) sum += double{y[i]} * dy[i];
      for (int64_t i = r * cols; i < (r + 1) * cols; ++i) expected[i] = y[i] * (dy[i] - sum);
    }
    for (const int parts : kPartCounts) {
      Floats dx = dy;  // In place.
      RunInParts(kernels().softmax_gradient,
                 SoftmaxGradientArgs{
                     .rows = 3, .cols = cols, .y = y.data(), .dy = dx.data(), .dx = dx.data()},
                 parts);
      EXPECT_THAT(dx, IsCloseTo(expected, 1e-6));
    }
  }
}

TEST_P(RowsTest, AffineScalesAndShiftsColumns) {
  for (const int64_t cols : kOddSizes) {
    const Floats x = RandomFloats(4 * cols, -1, 1, 1);
    const Floats scale = RandomFloats(cols + 1, -1, 1, 2);
    const Floats offset = RandomFloats(cols + 1, -1, 1, 3);
    for (const bool vectors : {true, false}) {
      for (const bool shifted : {true, false}) {
        std::vector<double> expected(4 * cols);
        for (int64_t i = 0; i < 4 * cols; ++i) {
          const int64_t c = vectors ? i % cols : 0;
          expected[i] = double{x[i]} * scale[c] + (shifted ? offset[c] : 0);
        }
        for (const int parts : kPartCounts) {
          Floats y(4 * cols);
          RunInParts(kernels().affine,
                     AffineArgs{.rows = 4,
                                .cols = cols,
                                .vector_size = vectors ? cols : 1,
                                .x = x.data(),
                                .scale = scale.data(),
                                .offset = shifted ? offset.data() : nullptr,
                                .y = y.data()},
                     parts);
          EXPECT_THAT(y, IsCloseTo(expected, 1e-6)) << cols;
        }
      }
    }
  }
}

TEST_P(RowsTest, ColumnSumAddsRowsInOrder) {
  for (const int64_t cols : kOddSizes) {
    for (const int64_t rows : {0, 1, 5, 64}) {
      const Floats x = RandomFloats(rows * cols, -1, 1, 1);
      Floats expected(cols);
      for (int64_t i = 0; i < rows * cols; ++i) expected[i % cols] += x[i];
      for (const int parts : kPartCounts) {
        Floats out(cols, -7);
        RunInParts(kernels().column_sum,
                   ColumnSumArgs{.rows = rows, .cols = cols, .x = x.data(), .out = out.data()},
                   parts);
        EXPECT_THAT(out, HasBitsOf(expected));
      }
    }
  }
}

Floats Dropout(const Kernels& kernels, const Floats& x, float rate, const StepState& step,
               uint32_t stream = 3, int parts = 1) {
  Floats y(x.size());
  RunInParts(kernels.dropout,
             DropoutArgs{.block = Values(std::ssize(x)),
                         .x = x.data(),
                         .y = y.data(),
                         .rates = {rate},
                         .stream = stream,
                         .step = &step},
             parts);
  return y;
}

TEST_P(RowsTest, DropoutDrawsFromTheDocumentedPhiloxWords) {
  const StepState step = {.iteration = 11, .learning_rates = nullptr, .seed = 0x123456789abcdef0};
  for (const int64_t size : {0, 1, 63, 64, 65, 300}) {
    const Floats x = RandomFloats(size, 1, 2, 1);
    Floats expected(size);
    const auto key = Philox4x32({static_cast<uint32_t>(RandomPurpose::kDropout), 0, 0, 0},
                                {0x9abcdef0, 0x12345678});
    for (uint32_t i = 0; i < size; ++i) {
      const auto words = Philox4x32({i / 64 * 16 + i % 16, 0, 3, 11}, {key[0], key[1]});
      const float uniform = static_cast<float>(words[i % 64 / 16] >> 8) * 0x1p-24f;
      expected[i] = uniform >= 0.25f ? x[i] * (1 / 0.75f) : 0;
    }
    for (const int parts : kPartCounts) {
      EXPECT_THAT(Dropout(kernels(), x, 0.25f, step, 3, parts), HasBitsOf(expected));
    }
  }
}

TEST_P(RowsTest, DropoutGivesEachMemberOfAStackTheMaskThatItHasAlone) {
  const StepState step = {.iteration = 2, .learning_rates = nullptr, .seed = 5};
  const PerMember rates = {{0.25f, 0.25f, 0.75f}};
  for (const Block& stack : {Block{7, 3, 10}, Block{3, 3, 100}, Block{90, 3, 1}}) {
    const Floats x = RandomFloats(stack.size(), 1, 2, 1);
    for (const int parts : kPartCounts) {
      Floats y(x.size());
      RunInParts(kernels().dropout,
                 DropoutArgs{.block = stack,
                             .x = x.data(),
                             .y = y.data(),
                             .rates = rates,
                             .stream = 3,
                             .step = &step},
                 parts);
      for (int64_t m = 0; m < stack.members; ++m) {
        Floats x_alone, y_alone;
        for (int64_t i = 0; i < stack.size(); ++i) {
          if (i / stack.units % stack.members != m) continue;
          x_alone.push_back(x[static_cast<size_t>(i)]);
          y_alone.push_back(y[static_cast<size_t>(i)]);
        }
        EXPECT_THAT(Dropout(kernels(), x_alone, rates.of[m], step), HasBitsOf(y_alone));
      }
    }
  }
}

TEST_P(RowsTest, DropoutKeepsTheMean) {
  const Floats x(200000, 1);
  const Floats y =
      Dropout(kernels(), x, 0.3f, {.iteration = 0, .learning_rates = nullptr, .seed = 7});
  EXPECT_NEAR(std::accumulate(y.begin(), y.end(), 0.0) / 200000, 1, 0.01);
}

TEST_P(RowsTest, DropoutDiffersBetweenStepsLayersAndSeeds) {
  const Floats x(100, 1);
  const Floats y =
      Dropout(kernels(), x, 0.5f, {.iteration = 0, .learning_rates = nullptr, .seed = 7});
  EXPECT_NE(y, Dropout(kernels(), x, 0.5f, {.iteration = 1, .learning_rates = nullptr, .seed = 7}));
  EXPECT_NE(y, Dropout(kernels(), x, 0.5f, {.iteration = 0, .learning_rates = nullptr, .seed = 8}));
  EXPECT_NE(y,
            Dropout(kernels(), x, 0.5f, {.iteration = 0, .learning_rates = nullptr, .seed = 7}, 4));
}

TEST_P(RowsTest, DropoutHidesNoNan) {
  const Floats x(100, NAN);
  EXPECT_THAT(Dropout(kernels(), x, 0.5f, {.iteration = 0, .learning_rates = nullptr, .seed = 7}),
              testing::Each(testing::IsNan()));
}

}  // namespace
}  // namespace fitd
