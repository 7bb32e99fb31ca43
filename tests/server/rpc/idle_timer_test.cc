#include "server/rpc/idle_timer.h"

#include <chrono>
#include <future>
#include <memory>

#include "gtest/gtest.h"

namespace fitd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(IdleTimerTest, ExpiresOnce) {
  const auto timer = std::make_shared<IdleTimer>(milliseconds(1));
  std::promise<void> expired;
  timer->Start([&] { expired.set_value(); });  // Throws the second time.
  expired.get_future().wait();
  EXPECT_FALSE(timer->Stop());
}

TEST(IdleTimerTest, StartsAnewAfterAStop) {
  const auto timer = std::make_shared<IdleTimer>(milliseconds(1));
  std::promise<void> expired;
  timer->Start([] {});
  timer->Stop();
  timer->Start([&] { expired.set_value(); });
  expired.get_future().wait();
  EXPECT_FALSE(timer->Stop());
}

TEST(IdleTimerTest, StopComesFirst) {
  for (const auto limit : {hours(1), hours(0)}) {
    const auto timer = std::make_shared<IdleTimer>(limit);
    for (int i = 0; i < 2; ++i) {
      timer->Start([] { FAIL(); });
      EXPECT_TRUE(timer->Stop());
    }
  }
}

}  // namespace
}  // namespace fitd
