#include "server/rpc/thread_pool.h"

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

TEST(ThreadPoolTest, TasksRunSideBySide) {
  std::latch both(2);
  ThreadPool pool(2);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(pool.Post([&] { both.arrive_and_wait(); }));
  both.wait();
}

}  // namespace
}  // namespace fitd
