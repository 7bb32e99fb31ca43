#include "server/jobs/journal.h"

#include <memory>
#include <stdexcept>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_));
  }

  TempDir temp_;
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
  JobFeeds feeds_;
};

TEST_F(JournalTest, FlushWaitsUntilAllIsWrittenInOrder) {
  Journal journal(*store_, feeds_);
  std::vector<int> written;
  for (int i = 0; i < 100; ++i)
    journal.Add(1, [&written, i](Transaction&) { written.push_back(i); });
  EXPECT_TRUE(journal.Flush());
  ASSERT_EQ(written.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(written[i], i);
}

TEST_F(JournalTest, FollowersAreWokenOnceTheyCanRead) {
  Journal journal(*store_, feeds_);
  const JobFeeds::Subscription subscription(feeds_, 1, false, [] {});
  journal.Add(1, [](Transaction&) {});
  EXPECT_TRUE(journal.Flush());
  EXPECT_GE(feeds_.Look(1, 1).revision, 1);
}

TEST_F(JournalTest, StopWritesWhatIsPending) {
  Journal journal(*store_, feeds_);
  bool written = false;
  journal.Add(1, [&written](Transaction&) { written = true; });
  journal.Stop();
  EXPECT_TRUE(written);
}

TEST_F(JournalTest, StoppingDoesNotWaitForAStoreThatFails) {
  Journal journal(*store_, feeds_);
  journal.Add(1, [](Transaction&) { throw std::runtime_error("disk full"); });
  journal.GiveUpOnFailure();
  EXPECT_FALSE(journal.Flush());
}

}  // namespace
}  // namespace fitd
