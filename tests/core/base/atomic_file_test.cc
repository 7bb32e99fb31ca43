#include "core/base/atomic_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using ::testing::Not;

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFile Create() {
    auto file = AtomicFile::Create(path_);
    EXPECT_THAT(file, IsOk());
    return *std::move(file);
  }
  bool FolderIsEmpty() const { return std::filesystem::is_empty(dir_.path()); }

  const TempDir dir_;
  const std::string path_ = dir_.File("weights");
};

TEST_F(AtomicFileTest, AppearsWholeAtCommit) {
  AtomicFile file = Create();
  FITD_ASSERT_OK(file.Append("hello "));
  FITD_ASSERT_OK(file.Append("world"));
  EXPECT_EQ(file.size(), 11);
  EXPECT_THAT(ReadFile(path_), StatusIs(absl::StatusCode::kNotFound));
  FITD_ASSERT_OK(file.Commit());
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("hello world"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(AtomicFileTest, LeavesNothingWithoutCommit) {
  {
    AtomicFile file = Create();
    FITD_ASSERT_OK(file.Append("half"));
    AtomicFile moved = std::move(file);
    EXPECT_FALSE(FolderIsEmpty());
  }
  EXPECT_TRUE(FolderIsEmpty());
}

TEST_F(AtomicFileTest, KeepsTheOldContentWithoutCommit) {
  std::ofstream(path_) << "old";
  {
    FITD_ASSERT_OK(Create().Append("new"));
  }
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("old"));
}

TEST_F(AtomicFileTest, ReplacesTheOldContentAtCommit) {
  std::ofstream(path_) << "old and longer";
  AtomicFile file = Create();
  FITD_ASSERT_OK(file.Append("new"));
  FITD_ASSERT_OK(file.Commit());
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("new"));
}

TEST_F(AtomicFileTest, OverwritesBytesInPlace) {
  AtomicFile file = Create();
  FITD_ASSERT_OK(file.Append("0000 body"));
  FITD_ASSERT_OK(file.WriteAt(0, "head", 4));
  EXPECT_EQ(file.size(), 9);
  FITD_ASSERT_OK(file.Append("!"));
  FITD_ASSERT_OK(file.Commit());
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("head body!"));
}

TEST_F(AtomicFileTest, LeavesNothingWhenTheNameIsTakenByAFolder) {
  std::filesystem::create_directory(path_);
  {
    AtomicFile file = Create();
    EXPECT_THAT(file.Commit(), Not(IsOk()));
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(AtomicFileTest, FailsWithoutAFolder) {
  EXPECT_THAT(AtomicFile::Create(dir_.File("missing/weights")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(AtomicFileTest, DoesNotFollowLinks) {
  std::filesystem::create_symlink(dir_.File("target"), path_ + ".tmp");
  EXPECT_THAT(AtomicFile::Create(path_), Not(IsOk()));
  std::filesystem::create_symlink("/etc/hostname", path_);
  EXPECT_THAT(ReadFile(path_), Not(IsOk()));
}

}  // namespace
}  // namespace fitd
