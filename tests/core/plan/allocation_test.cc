// A program of its own, because it replaces the global operator new.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "core/plan/plan_memory.h"
#include "core/plan/predictor.h"
#include "core/plan/training_plan.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"
#include "tests/testing/status_matchers.h"

namespace {
std::atomic<int> allocations{0};
std::atomic<std::size_t> largest_aligned{0};  // In bytes.

void* Allocate(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  largest_aligned = std::max(largest_aligned.load(), size);
  const auto align = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(align, (size + align - 1) / align * align);
}
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

namespace fitd {
namespace {

constexpr char kModel[] =
    "input_shape: 20 layers { normalization {} } layers { dense { units: 16 activation { gelu {} } "
    "} } "
    "layers { dropout { rate: 0.3 } } layers { dense { units: 4 activation { softmax {} } "
    "kernel_regularizer { l2 {} } } }";

class AllocationTest : public testing::TestWithParam<int> {};

TEST_P(AllocationTest, StepsOfASizeSeenBeforeAllocateNothing) {
  FITD_ASSERT_OK_AND_ASSIGN(
      const auto plan,
      TrainingPlan::Create(
          {.model = ResolvedModel(kModel),
           .training = ResolvedTraining("loss { sparse_categorical_crossentropy {} } "
                                        "optimizer { adam {} global_clipnorm: 1 } batch_size: 8"),
           .threads = GetParam()}));
  plan->Step(3, 0.01f);
  const int before = allocations;
  double loss = 0;
  for (int i = 0; i < 10; ++i) {
    plan->Step(8, 0.01f);
    plan->Step(3, 0.01f);
    plan->Evaluate(8);
    loss += plan->loss();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(loss, 0.0);
}

INSTANTIATE_TEST_SUITE_P(Threads, AllocationTest, testing::Values(1, 2));

TEST_P(AllocationTest, ArenaIsAsLargeAsSaidBefore) {
  const v1::ModelSpec model = ResolvedModel(kModel);
  for (const char* optimizer : {"sgd {}", "adam {}", "adam { amsgrad: true }"}) {
    const v1::TrainingSpec training = ResolvedTraining(
        "loss { sparse_categorical_crossentropy {} } batch_size: 100 optimizer { " +
        std::string(optimizer) + " }");
    largest_aligned = 0;
    FITD_ASSERT_OK(
        TrainingPlan::Create({.model = model, .training = training, .threads = GetParam()}));
    const int64_t said = PlanMemory::Bytes(Network(model), MakeOptimizer(training.optimizer()),
                                           {.rows = 100, .target_width = 1, .threads = GetParam()});
    EXPECT_EQ(said, static_cast<int64_t>(largest_aligned)) << optimizer;
  }
}

TEST(PredictorAllocationTest, AllocatesOnlyAtFirst) {
  const v1::ModelSpec model = ResolvedModel(kModel);
  FITD_ASSERT_OK_AND_ASSIGN(
      const auto plan,
      TrainingPlan::Create(
          {.model = model,
           .training = ResolvedTraining(
               "loss { sparse_categorical_crossentropy {} } optimizer { sgd {} }")}));
  FITD_ASSERT_OK_AND_ASSIGN(const auto predictor, Predictor::Create(model, plan->Snapshot(), {}));
  const std::vector<float> x(20 * 10, 1.0f);
  std::vector<float> y(4 * 10);
  predictor->Predict(x.data(), 10, y.data());
  const int before = allocations;
  predictor->Predict(x.data(), 3, y.data());
  predictor->Predict(x.data(), 10, y.data());
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace fitd
