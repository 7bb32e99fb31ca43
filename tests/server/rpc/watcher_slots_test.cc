#include "server/rpc/watcher_slots.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::HasSubstr;

TEST(WatcherSlotsTest, ConnectionAndDaemonHaveTheirLimits) {
  WatcherSlots slots({.all = 3, .per_connection = 2});
  std::vector<std::unique_ptr<WatcherSlots::Slot>> taken;
  for (const char* peer : {"ipv4:127.0.0.1:1", "ipv4:127.0.0.1:1"}) {
    FITD_ASSERT_OK_AND_ASSIGN(auto slot, slots.Take(peer));
    taken.push_back(std::move(slot));
  }
  EXPECT_THAT(slots.Take("ipv4:127.0.0.1:1"),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("connection has 2")));
  FITD_ASSERT_OK_AND_ASSIGN(auto third, slots.Take("ipv4:127.0.0.1:2"));
  EXPECT_THAT(slots.Take("ipv4:127.0.0.1:2"),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("daemon has 3")));
  taken.pop_back();
  FITD_EXPECT_OK(slots.Take("ipv4:127.0.0.1:1"));
}

TEST(WatcherSlotsTest, UnixSocketsShareOneNameAndHaveTheDaemonsLimitAlone) {
  WatcherSlots slots({.all = 2, .per_connection = 1});
  FITD_ASSERT_OK_AND_ASSIGN(const auto first, slots.Take("unix:"));
  FITD_ASSERT_OK_AND_ASSIGN(const auto second, slots.Take("unix:"));
  EXPECT_THAT(slots.Take("unix:"), StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace fitd
