#include "core/plan/thread_team.h"

#include <atomic>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::Each;

struct CountArgs {
  std::vector<int>* calls;  // By part.
  std::atomic<int>* total;
  int expected_before;  // Of total, when the call begins.
  std::atomic<int>* faults;
};

void Count(const CountArgs& args, Part part) {
  if (args.total->load() < args.expected_before) ++*args.faults;
  ++(*args.calls)[static_cast<size_t>(part.index)];
  ++*args.total;
}

class ThreadTeamTest : public testing::TestWithParam<int> {};

TEST_P(ThreadTeamTest, RunsEveryCallOnEveryMemberAfterTheCallBefore) {
  const int size = GetParam();
  std::vector<int> calls(static_cast<size_t>(size));
  std::atomic<int> total{0}, faults{0};
  OpList ops;
  constexpr int kCalls = 10;
  for (int i = 0; i < kCalls; ++i) {
    ops.Add(&Count,
            {.calls = &calls, .total = &total, .expected_before = i * size, .faults = &faults});
  }
  ThreadTeam team(size);
  constexpr int kRounds = 30;
  for (int round = 0; round < kRounds; ++round) {
    total = 0;
    team.Run(ops);
    EXPECT_EQ(total, kCalls * size);
  }
  EXPECT_EQ(faults, 0);
  EXPECT_THAT(calls, Each(kCalls * kRounds));
}

INSTANTIATE_TEST_SUITE_P(Sizes, ThreadTeamTest, testing::Values(1, 2, 3, 5));

TEST(ThreadTeamTest, RunsAnEmptyListAndEndsWithoutAny) {
  ThreadTeam(3).Run(OpList());
  ThreadTeam(3);
}

}  // namespace
}  // namespace fitd
