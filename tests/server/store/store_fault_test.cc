// What the store does when the disk fails: this executable's own fdatasync and fsync take the place
// of the C library's, also for SQLite.

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace {

std::atomic<int> syncs_to_fail{0};

int Sync(long number, int fd) {
  if (syncs_to_fail > 0) {
    --syncs_to_fail;
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(number, fd));
}

}  // namespace

extern "C" int fdatasync(int fd) { return Sync(SYS_fdatasync, fd); }
extern "C" int fsync(int fd) { return Sync(SYS_fsync, fd); }

namespace fitd {
namespace {

using testing::Contains;
using testing::ElementsAre;

class StoreFaultTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    store_.reset();
    directory_.reset();
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_));
  }

  absl::Status Insert(const std::string& name) {
    return store_->InTransaction([&](Transaction& transaction) {
      v1::Model model;
      model.set_name(name);
      // As a call with a request id that is tried again.
      if (transaction.requests.Find(name, 0)) return absl::OkStatus();
      transaction.models.Insert(model);
      transaction.requests.Insert(name, "digest", model, 0);
      return absl::OkStatus();
    });
  }

  std::vector<std::string> Names() {
    return store_
        ->InTransaction([](Transaction& transaction) {
          return absl::StatusOr<std::vector<std::string>>(transaction.models.Names());
        })
        .value();
  }

  TempDir temp_;
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
};

// Failure case 6.
TEST_F(StoreFaultTest, CommitThatCannotBeSyncedFailsAndARetryHappensOnce) {
  FITD_ASSERT_OK(Insert("a"));
  const int64_t revision = store_->models_revision();
  syncs_to_fail = 1;
  EXPECT_THAT(Insert("b"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(syncs_to_fail, 0) << "the commit did not sync";
  EXPECT_GT(store_->models_revision(), revision) << "the connection was not replaced";
  FITD_EXPECT_OK(Insert("b"));
  FITD_EXPECT_OK(Insert("b"));
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  Reopen();
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
}

TEST_F(StoreFaultTest, WhatBecameOfACommitIsKnownAfterManyFailures) {
  FITD_ASSERT_OK(Insert("a"));
  for (int failures = 1; failures <= 20; ++failures) {
    const std::string name = fmt::format("b{}", failures);
    syncs_to_fail = failures;
    const bool stored = Insert(name).ok();
    EXPECT_THAT(Names(), Contains(name).Times(stored ? 1 : 0)) << failures;
    // Until all have failed it is tried again, as a client does.
    while (syncs_to_fail > 0) {
      const bool stored_now = Insert(name).ok();
      EXPECT_THAT(Names(), Contains(name).Times(stored_now ? 1 : 0)) << failures;
    }
  }
}

TEST_F(StoreFaultTest, StoreComesBackAfterADiskThatSyncedNothing) {
  FITD_ASSERT_OK(Insert("a"));
  syncs_to_fail = 1'000'000;
  EXPECT_FALSE(Insert("b").ok());
  EXPECT_FALSE(Insert("b").ok());
  syncs_to_fail = 0;
  FITD_EXPECT_OK(Insert("b"));
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace fitd
