#include "server/rpc/thread_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <latch>

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(ThreadPoolTest, RunsWhatWasPostedBeforeItEnds) {
  std::atomic<int> ran{0};
  ThreadPool pool(2);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(pool.Post([&] { ++ran; }));
  pool.Stop();
  EXPECT_EQ(ran, 100);
  EXPECT_FALSE(pool.Post([&] { ++ran; }));
}

TEST(ThreadPoolTest, NiceThreadsGiveWay) {
  const int own = getpriority(PRIO_PROCESS, gettid());
  int niceness = own;
  ThreadPool pool(1, 5);
  EXPECT_TRUE(pool.Post([&] { niceness = getpriority(PRIO_PROCESS, gettid()); }));
  pool.Stop();
  EXPECT_EQ(niceness, std::min(own + 5, 19));
  EXPECT_EQ(getpriority(PRIO_PROCESS, gettid()), own);
}

TEST(ThreadPoolTest, TasksRunSideBySide) {
  std::latch both(2);
  ThreadPool pool(2);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(pool.Post([&] { both.arrive_and_wait(); }));
  both.wait();
}

}  // namespace
}  // namespace fitd
