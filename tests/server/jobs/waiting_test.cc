#include "server/jobs/waiting.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

QueueLoad Load(int workers, std::vector<QueueLoad::Busy> busy) {
  QueueLoad load;
  load.workers = workers;
  load.max_memory = 100;
  load.busy = std::move(busy);
  return load;
}

TEST(WaitingTest, JobThatIsAboutToStartWaitsForNothing) {
  const Waiting waiting = WhatItWaitsFor({.position = 1, .memory = 40, .memory_to_here = 40},
                                         Load(2, {{.memory = 60, .remaining = seconds(5)}}));
  EXPECT_EQ(waiting.reason, "");
  EXPECT_EQ(waiting.time, std::nullopt);
  EXPECT_EQ(
      WhatItWaitsFor({.position = 1, .memory = 400, .memory_to_here = 400}, Load(1, {})).reason,
      "");
}

TEST(WaitingTest, BusyWorkersAreWaitedForInTurn) {
  const QueueLoad load =
      Load(2, {{.memory = 10, .remaining = seconds(9)}, {.memory = 10, .remaining = seconds(4)}});
  const auto at = [&](int64_t position) {
    return WhatItWaitsFor({.position = position, .memory = 1, .memory_to_here = position}, load);
  };
  EXPECT_EQ(at(1).reason, "a free worker");
  EXPECT_EQ(at(1).time, nanoseconds(seconds(4)));
  EXPECT_EQ(at(2).time, nanoseconds(seconds(9)));
  EXPECT_EQ(at(3).reason, "a free worker");
  EXPECT_EQ(at(3).time, std::nullopt);  // It depends on jobs that do not run yet.
}

TEST(WaitingTest, MemoryIsWaitedForWithBothNumbers) {
  const QueueLoad load =
      Load(4, {{.memory = 30, .remaining = seconds(4)}, {.memory = 60, .remaining = seconds(9)}});
  const Waiting first = WhatItWaitsFor({.position = 1, .memory = 50, .memory_to_here = 50}, load);
  EXPECT_EQ(first.reason, "memory: needs 50 bytes, 10 free");
  EXPECT_EQ(first.time, nanoseconds(seconds(9)));
  const Waiting second = WhatItWaitsFor({.position = 2, .memory = 1, .memory_to_here = 51}, load);
  EXPECT_EQ(second.reason, "the jobs before it");
  EXPECT_EQ(second.time, nanoseconds(seconds(9)));
  // Larger than all there is: alone.
  EXPECT_EQ(WhatItWaitsFor({.position = 1, .memory = 500, .memory_to_here = 500}, load).time,
            nanoseconds(seconds(9)));
}

TEST(WaitingTest, TimeIsUnknownWhenThatOfARunningJobIs) {
  const QueueLoad load = Load(2, {{.memory = 10, .remaining = seconds(9)}, {.memory = 10}});
  EXPECT_EQ(WhatItWaitsFor({.position = 1, .memory = 1, .memory_to_here = 1}, load).time,
            nanoseconds(seconds(9)));
  EXPECT_EQ(WhatItWaitsFor({.position = 2, .memory = 1, .memory_to_here = 2}, load).time,
            std::nullopt);
}

}  // namespace
}  // namespace fitd
