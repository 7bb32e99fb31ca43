#include "core/train/fit_memory.h"

#include <chrono>
#include <limits>

#include "core/nn/network.h"
#include "core/optim/optimizer.h"
#include "core/plan/plan_memory.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// 784 bytes and a class per row.
v1::TableHeader Images(int64_t rows) {
  auto table = ParseText<v1::TableHeader>(
      "columns { name: 'x' role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_INTEGER shape: 784 } "
      "columns { name: 'y' role: COLUMN_ROLE_LABEL kind: COLUMN_KIND_INTEGER } "
      "blocks { dtype: DATA_TYPE_UINT8 columns: 0 width: 784 } "
      "blocks { dtype: DATA_TYPE_UINT8 columns: 1 width: 1 }");
  table.set_rows(rows);
  return table;
}

class FitMemoryTest : public testing::Test {
 protected:
  static constexpr int64_t kRows = 60'000;
  static constexpr int64_t kWeights = 784 * 128 + 128 + 128 * 10 + 10;

  FitMemory Estimate(const std::string& training) {
    const v1::TrainingSpec spec = Training(training);
    return EstimateFitMemory({.model = model_, .training = spec, .train = table_});
  }
  static v1::TrainingSpec Training(const std::string& text) {
    return ResolvedTraining("loss { sparse_categorical_crossentropy {} } " + text);
  }

  v1::ModelSpec model_ = ResolvedModel(
      "input_shape: 784 layers { dense { units: 128 } } layers { dense { units: 10 } }");
  v1::TableHeader table_ = Images(kRows);
};

TEST_F(FitMemoryTest, HoldsTheArenaTheRowNumbersAndACopyOfTheWeights) {
  const v1::TrainingSpec adam = Training("optimizer { adam {} }");
  const int64_t arena = PlanMemory::Bytes(Network(model_), MakeOptimizer(adam.optimizer()),
                                          {.rows = 32, .target_width = 1, .threads = 1});
  const FitMemory estimate = Estimate("optimizer { adam {} }");
  // Weights for the result; weights and two slots for a checkpoint.
  const int64_t rest = estimate.allocated - arena - 4 * kRows - 4 * 4 * kWeights;
  EXPECT_GT(rest, 1 << 20);
  EXPECT_LT(rest, 10 << 20);
  EXPECT_EQ(estimate.mapped, kRows * 785);
  EXPECT_EQ(estimate.total(), estimate.allocated + estimate.mapped);
}

TEST_F(FitMemoryTest, GrowsByWhatAFitKeeps) {
  const int64_t base = Estimate("optimizer { sgd {} }").allocated;
  // All state is there twice, once for a checkpoint. Slots are padded to whole cache lines.
  EXPECT_NEAR(Estimate("optimizer { adam {} }").allocated - base, 2 * 2 * 4 * kWeights, 256);
  EXPECT_NEAR(Estimate("optimizer { adam { amsgrad: true } }").allocated - base,
              2 * 3 * 4 * kWeights, 256);
  EXPECT_GT(Estimate("optimizer { sgd {} } batch_size: 64").allocated, base + 32 * 4 * 784);
  EXPECT_EQ(
      Estimate("optimizer { sgd {} } early_stopping { restore_best_weights: true }").allocated -
          base,
      2 * 4 * kWeights);
  EXPECT_EQ(
      Estimate("optimizer { sgd {} } early_stopping { restore_best_weights: false }").allocated,
      base);

  const v1::TrainingSpec adam = Training("optimizer { adam {} }");
  const FitMemoryInput input = {.model = model_, .training = adam, .train = table_};
  const int64_t plain = EstimateFitMemory(input).allocated;
  FitMemoryInput warm = input;
  warm.warm_start = true;
  EXPECT_EQ(EstimateFitMemory(warm).allocated, plain);  // It replaces weights that are drawn.
  const v1::TableHeader validation = Images(10'000);
  FitMemoryInput validated = input;
  validated.validation = &validation;
  EXPECT_EQ(EstimateFitMemory(validated).allocated - plain, 4 * 10'000);
  EXPECT_EQ(EstimateFitMemory(validated).mapped, (kRows + 10'000) * 785);
}

TEST_F(FitMemoryTest, TakesNoMoreRowsAtOnceThanThereAre) {
  table_ = Images(100);
  EXPECT_EQ(Estimate("optimizer { sgd {} } batch_size: 1048576").allocated,
            Estimate("optimizer { sgd {} } batch_size: 100").allocated);
}

TEST_F(FitMemoryTest, DrawingALargeSplitCanBeThePeak) {
  table_ = Images(10'000'000);
  const int64_t plain = Estimate("optimizer { sgd {} }").allocated;
  const int64_t split = Estimate("optimizer { sgd {} } validation_split: 0.1").allocated;
  EXPECT_GT(split - plain, 10'000'000 * 16);
  EXPECT_LT(split - plain, 10'000'000 * 24);
  EXPECT_EQ(Estimate("optimizer { sgd {} } fold { index: 1 count: 5 }").allocated, split);

  const v1::TrainingSpec training = Training("optimizer { sgd {} } validation_split: 0.1");
  const FitMemoryInput warm = {
      .model = model_, .training = training, .train = table_, .warm_start = true};
  EXPECT_EQ(EstimateFitMemory(warm).allocated - split, 4 * kWeights);
}

TEST(FitMemoryLimitsTest, BombsSaturateAtOnce) {
  auto model = ParseText<v1::ModelSpec>("input_shape: 1048576");
  for (int i = 0; i < 10'000; ++i) {
    v1::DenseSpec& dense = *model.add_layers()->mutable_dense();
    dense.set_units(1'000'000);
    dense.mutable_activation()->mutable_gelu();
  }
  Violations violations;
  ResolveModel(model, kMost, "spec", violations);
  ASSERT_TRUE(violations.empty());
  const v1::TrainingSpec training = ResolvedTraining(
      "loss { mean_squared_error {} } optimizer { adam { amsgrad: true } } batch_size: 1048576");
  const v1::TableHeader table = Images(kMost);
  const auto start = std::chrono::steady_clock::now();
  const FitMemory estimate =
      EstimateFitMemory({.model = model, .training = training, .train = table});
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  EXPECT_GT(estimate.allocated, int64_t{1} << 56);
  EXPECT_EQ(estimate.mapped, kMost);
  EXPECT_EQ(estimate.total(), kMost);
  RecordProperty("milliseconds", std::to_string(taken.count() * 1000));
}

}  // namespace
}  // namespace fitd
