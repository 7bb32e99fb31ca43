#include <functional>

#include "tests/core/kernels/kernels_testing.h"

namespace fitd {
namespace {

using Row = std::vector<double>;

double Clip(double p) { return std::min(std::max(p, 1e-7), 1 - 1e-7); }
double Mean(const Row& p, const Row& y, const std::function<double(double, double)>& f) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += f(p[i], y[i]);
  return sum / static_cast<double>(p.size());
}
double CrossentropyOfShares(const Row& p, const Row& y) {
  double sum = 0, loss = 0;
  for (const double value : p) sum += value;
  for (size_t i = 0; i < p.size(); ++i) loss -= y[i] * std::log(Clip(p[i] / sum));
  return loss;
}
double CrossentropyOfLogits(const Row& x, const Row& y) {
  double sum = 0, loss = 0;
  for (const double value : x) sum += std::exp(value);
  for (size_t i = 0; i < x.size(); ++i) loss -= y[i] * (x[i] - std::log(sum));
  return loss;
}

// The loss of a row as a formula; targets come smoothed, and as one-hot rows where they are class
// indices.
struct Kind {
  const char* name;
  LossKernel Kernels::* kernel;
  std::function<double(const Row& predictions, const Row& targets)> loss;
  enum { kAny, kBinary, kProbabilities, kLogits } targets_and_predictions;
  bool sparse;
  float parameter;
};

constexpr float kDelta = 0.4f;

const std::vector<Kind>& Kinds() {
  static const auto* kinds = new std::vector<Kind>{
      {"mean_squared_error", &Kernels::mean_squared_error,
       [](const Row& p, const Row& y) {
         return Mean(p, y, [](double p, double y) { return (p - y) * (p - y); });
       },
       Kind::kAny, false, 0},
      {"mean_absolute_error", &Kernels::mean_absolute_error,
       [](const Row& p, const Row& y) {
         return Mean(p, y, [](double p, double y) { return std::abs(p - y); });
       },
       Kind::kAny, false, 0},
      {"huber", &Kernels::huber,
       [](const Row& p, const Row& y) {
         return Mean(p, y, [](double p, double y) {
           const double e = std::abs(p - y);
           return e <= kDelta ? e * e / 2 : kDelta * (e - kDelta / 2.0);
         });
       },
       Kind::kAny, false, kDelta},
      {"binary_crossentropy", &Kernels::binary_crossentropy,
       [](const Row& p, const Row& y) {
         return Mean(p, y, [](double p, double y) {
           return -y * std::log(Clip(p)) - (1 - y) * std::log(1 - Clip(p));
         });
       },
       Kind::kBinary, false, 0.2f},
      {"binary_crossentropy_logits", &Kernels::binary_crossentropy_logits,
       [](const Row& x, const Row& y) {
         return Mean(x, y, [](double x, double y) {
           return y * std::log1p(std::exp(-x)) + (1 - y) * std::log1p(std::exp(x));
         });
       },
       Kind::kLogits, false, 0.2f},
      {"categorical_crossentropy", &Kernels::categorical_crossentropy, CrossentropyOfShares,
       Kind::kProbabilities, false, 0.2f},
      {"sparse_categorical_crossentropy", &Kernels::sparse_categorical_crossentropy,
       CrossentropyOfShares, Kind::kProbabilities, true, 0},
      {"categorical_crossentropy_logits", &Kernels::categorical_crossentropy_logits,
       CrossentropyOfLogits, Kind::kLogits, false, 0.2f},
      {"sparse_categorical_crossentropy_logits", &Kernels::sparse_categorical_crossentropy_logits,
       CrossentropyOfLogits, Kind::kLogits, true, 0},
  };
  return *kinds;
}

struct Batch {
  int64_t rows, outputs;
  Floats predictions, targets, weights;

  Batch(const Kind& kind, int64_t rows, int64_t outputs)
      : rows(rows), outputs(outputs), weights(RandomFloats(rows, 0, 2, 3)) {
    const bool probabilities = kind.targets_and_predictions == Kind::kBinary ||
                               kind.targets_and_predictions == Kind::kProbabilities;
    predictions = probabilities ? RandomFloats(rows * outputs, 0.05f, 0.95f, 1)
                                : RandomFloats(rows * outputs, -2, 2, 1);
    if (kind.sparse) {
      for (int64_t r = 0; r < rows; ++r) targets.push_back(static_cast<float>(r * 5 % outputs));
    } else {
      targets = RandomFloats(rows * outputs, 0, 1, 2);
      if (kind.targets_and_predictions == Kind::kProbabilities) {  // Rows that sum to 1.
        for (int64_t r = 0; r < rows; ++r) {
          float sum = 0;
          for (int64_t c = 0; c < outputs; ++c) sum += targets[r * outputs + c];
          for (int64_t c = 0; c < outputs; ++c) targets[r * outputs + c] /= sum;
        }
      }
    }
  }

  Row Predictions(int64_t r) const {
    return Row(predictions.begin() + r * outputs, predictions.begin() + (r + 1) * outputs);
  }
  // Smoothed, dense.
  Row Targets(const Kind& kind, int64_t r) const {
    Row y(outputs);
    const bool smoothed = kind.targets_and_predictions != Kind::kAny;
    const bool binary = std::string(kind.name).starts_with("binary");
    for (int64_t c = 0; c < outputs; ++c) {
      y[c] = kind.sparse ? targets[r] == c : targets[r * outputs + c];
      if (smoothed) {
        y[c] = y[c] * (1 - kind.parameter) +
               kind.parameter / (binary ? 2.0 : static_cast<double>(outputs));
      }
    }
    return y;
  }
};

struct Result {
  Floats row_loss, gradient;
};

Result Evaluate(LossKernel kernel, const Batch& batch, float parameter, int parts = 1,
                bool with_gradient = true, bool weighted = true) {
  Result result = {Floats(batch.rows), Floats(batch.predictions.size())};
  RunInParts(kernel,
             LossArgs{.rows = batch.rows,
                      .outputs = batch.outputs,
                      .predictions = batch.predictions.data(),
                      .targets = batch.targets.data(),
                      .weights = weighted ? batch.weights.data() : nullptr,
                      .row_loss = result.row_loss.data(),
                      .gradient = with_gradient ? result.gradient.data() : nullptr,
                      .parameter = parameter},
             parts);
  return result;
}

using LossesTest = KernelsTest;
FITD_FOR_EVERY_ISA(LossesTest);

constexpr int64_t kOutputs[] = {1, 2, 7, 8, 9, 10, 16, 17, 33, 100};

TEST_P(LossesTest, RowLossesFollowTheirFormulas) {
  for (const Kind& kind : Kinds()) {
    for (const int64_t outputs : kOutputs) {
      const Batch batch(kind, 5, outputs);
      std::vector<double> expected, unweighted;
      for (int64_t r = 0; r < 5; ++r) {
        unweighted.push_back(kind.loss(batch.Predictions(r), batch.Targets(kind, r)));
        expected.push_back(batch.weights[r] * unweighted.back());
      }
      const LossKernel kernel = kernels().*kind.kernel;
      EXPECT_THAT(Evaluate(kernel, batch, kind.parameter).row_loss, IsCloseTo(expected, 2e-6))
          << kind.name << " of " << outputs;
      EXPECT_THAT(Evaluate(kernel, batch, kind.parameter, 1, false, false).row_loss,
                  IsCloseTo(unweighted, 2e-6))
          << kind.name << " of " << outputs;
    }
  }
}

TEST_P(LossesTest, GradientsAreFiniteDifferences) {
  constexpr double kStep = 1e-5;
  for (const Kind& kind : Kinds()) {
    for (const int64_t outputs : kOutputs) {
      const Batch batch(kind, 3, outputs);
      std::vector<double> expected;
      for (int64_t r = 0; r < 3; ++r) {
        const Row y = batch.Targets(kind, r);
        for (int64_t c = 0; c < outputs; ++c) {
          Row p = batch.Predictions(r);
          const double center = p[c];
          p[c] = center + kStep;
          const double above = kind.loss(p, y);
          p[c] = center - kStep;
          const double below = kind.loss(p, y);
          expected.push_back(batch.weights[r] / 3 * (above - below) / (2 * kStep));
        }
      }
      EXPECT_THAT(Evaluate(kernels().*kind.kernel, batch, kind.parameter).gradient,
                  IsCloseTo(expected, 1e-5))
          << kind.name << " of " << outputs;
    }
  }
}

// Rows of a stack's members, by turns.
TEST_P(LossesTest, AMembersGradientIsThatOfItsOwnRows) {
  constexpr int64_t kMembers = 2;
  for (const Kind& kind : Kinds()) {
    const Batch batch(kind, 6, 10);
    Result stacked = {Floats(batch.rows), Floats(batch.predictions.size())};
    RunInParts(kernels().*kind.kernel,
               LossArgs{.rows = batch.rows,
                        .outputs = batch.outputs,
                        .predictions = batch.predictions.data(),
                        .targets = batch.targets.data(),
                        .weights = batch.weights.data(),
                        .row_loss = stacked.row_loss.data(),
                        .gradient = stacked.gradient.data(),
                        .parameter = kind.parameter,
                        .members = kMembers},
               1);
    for (int64_t m = 0; m < kMembers; ++m) {
      Batch own = batch;
      const auto keep = [&](auto& values) {
        const int64_t width = std::ssize(values) / batch.rows;
        auto all = std::move(values);
        values.clear();
        for (int64_t r = m; r < batch.rows; r += kMembers)
          values.insert(values.end(), all.begin() + r * width, all.begin() + (r + 1) * width);
      };
      Result part = stacked;
      for (Floats* values :
           {&own.predictions, &own.targets, &own.weights, &part.row_loss, &part.gradient})
        keep(*values);
      own.rows = batch.rows / kMembers;
      const Result alone = Evaluate(kernels().*kind.kernel, own, kind.parameter);
      EXPECT_THAT(part.row_loss, HasBitsOf(alone.row_loss)) << kind.name;
      EXPECT_THAT(part.gradient, HasBitsOf(alone.gradient)) << kind.name;
    }
  }
}

// The losses that follow a softmax: those from logits, seen from its outputs.
TEST_P(LossesTest, BehindSoftmaxTheGradientIsThatFromLogits) {
  struct Pair {
    const Kind& from_logits;
    LossKernel behind_softmax;
  };
  for (const auto& [kind, behind_softmax] :
       {Pair{Kinds()[7], kernels().softmax_categorical_crossentropy},
        Pair{Kinds()[8], kernels().softmax_sparse_categorical_crossentropy}}) {
    for (const int64_t outputs : kOutputs) {
      const Batch logits(kind, 6, outputs);
      Batch shares = logits;
      kernels().softmax({.rows = 6,
                         .cols = outputs,
                         .x = logits.predictions.data(),
                         .y = shares.predictions.data()},
                        {0, 1});
      const Result expected = Evaluate(kernels().*kind.kernel, logits, kind.parameter);
      const Result got = Evaluate(behind_softmax, shares, kind.parameter);
      EXPECT_THAT(got.gradient, IsCloseTo(expected.gradient, 2e-6)) << outputs;
      // Shares of rows whose targets sum to 1 give the same loss.
      if (kind.sparse) {
        EXPECT_THAT(got.row_loss, IsCloseTo(expected.row_loss, 2e-6)) << outputs;
      }
    }
  }
}

TEST_P(LossesTest, BehindSoftmaxAWrongCertaintyStillLearns) {
  Batch batch(Kinds()[6], 1, 2);
  batch.predictions = {1, 0};
  batch.targets = {1};
  const Result behind_softmax =
      Evaluate(kernels().softmax_sparse_categorical_crossentropy, batch, 0, 1, true, false);
  EXPECT_THAT(behind_softmax.gradient, testing::ElementsAre(1, -1));
  EXPECT_FLOAT_EQ(behind_softmax.row_loss[0], static_cast<float>(-std::log(1e-7)));
  const Result from_probabilities =
      Evaluate(kernels().sparse_categorical_crossentropy, batch, 0, 1, true, false);
  EXPECT_THAT(from_probabilities.gradient, testing::ElementsAre(0, 0));
}

TEST_P(LossesTest, ProbabilitiesAreClipped) {
  Batch batch(Kinds()[3], 1, 2);
  batch.predictions = {0, 1};
  batch.targets = {1, 0};
  const Result result = Evaluate(kernels().binary_crossentropy, batch, 0, 1, true, false);
  EXPECT_NEAR(result.row_loss[0], -(std::log(1e-7) + std::log(1.1920929e-7)) / 2, 1e-4);
  EXPECT_THAT(result.gradient, testing::ElementsAre(0, 0));
}

TEST_P(LossesTest, HugeLogitsGiveFiniteLosses) {
  Batch binary(Kinds()[4], 1, 2);
  binary.predictions = {1e4f, -1e4f};
  binary.targets = {0, 0};
  const Result result = Evaluate(kernels().binary_crossentropy_logits, binary, 0, 1, true, false);
  EXPECT_FLOAT_EQ(result.row_loss[0], 5000);
  EXPECT_THAT(result.gradient, testing::ElementsAre(0.5, 0));

  Batch sparse(Kinds()[8], 1, 2);
  sparse.predictions = {1e4f, -1e4f};
  sparse.targets = {1};
  EXPECT_FLOAT_EQ(
      Evaluate(kernels().sparse_categorical_crossentropy_logits, sparse, 0, 1, true, false)
          .row_loss[0],
      20000);
}

TEST_P(LossesTest, RowsDependOnNothingButThemselves) {
  for (const Kind& kind : Kinds()) {
    for (const int64_t outputs : {1, 10, 33}) {
      const LossKernel kernel = kernels().*kind.kernel;
      const Batch batch(kind, 9, outputs);
      const Result whole = Evaluate(kernel, batch, kind.parameter);
      for (const int parts : kPartCounts) {
        const Result result = Evaluate(kernel, batch, kind.parameter, parts);
        EXPECT_THAT(result.row_loss, HasBitsOf(whole.row_loss)) << kind.name;
        EXPECT_THAT(result.gradient, HasBitsOf(whole.gradient)) << kind.name;
      }
      EXPECT_THAT(Evaluate(kernel, batch, kind.parameter, 1, false).row_loss,
                  HasBitsOf(whole.row_loss));
      for (int64_t r = 0; r < 9; ++r) {
        Batch alone = batch;
        const int64_t width = kind.sparse ? 1 : outputs;
        alone.rows = 1;
        alone.predictions.assign(batch.predictions.begin() + r * outputs,
                                 batch.predictions.begin() + (r + 1) * outputs);
        alone.targets.assign(batch.targets.begin() + r * width,
                             batch.targets.begin() + (r + 1) * width);
        alone.weights = {batch.weights[r]};
        EXPECT_EQ(Evaluate(kernel, alone, kind.parameter).row_loss[0], whole.row_loss[r])
            << kind.name;
      }
    }
  }
}

TEST_P(LossesTest, NanIsNeverHidden) {
  for (const Kind& kind : Kinds()) {
    Batch batch(kind, 2, 10);
    batch.predictions[3] = NAN;
    const Result result = Evaluate(kernels().*kind.kernel, batch, kind.parameter);
    EXPECT_TRUE(std::isnan(result.row_loss[0])) << kind.name;
    EXPECT_TRUE(std::isfinite(result.row_loss[1])) << kind.name;
    EXPECT_TRUE(std::isnan(result.gradient[3])) << kind.name;
  }
}

TEST_P(LossesTest, NoRowsAreFine) {
  for (const Kind& kind : Kinds()) {
    EXPECT_TRUE(
        Evaluate(kernels().*kind.kernel, Batch(kind, 0, 10), kind.parameter).row_loss.empty());
  }
}

}  // namespace
}  // namespace fitd
