#include "server/store/data_dir.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::HasSubstr;

void Write(const std::string& path) { std::ofstream(path) << "content"; }

TEST(DataDirTest, SecondOwnerIsRefusedWithTheFirstOnesProcessId) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto first, DataDir::Open(temp.File("data")));
  EXPECT_THAT(DataDir::Open(temp.File("data")),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("in use by process " + std::to_string(getpid()))));
}

TEST(DataDirTest, LockGoesWithItsOwner) {
  TempDir temp;
  FITD_EXPECT_OK(DataDir::Open(temp.File("data")));
  FITD_EXPECT_OK(DataDir::Open(temp.File("data")));
}

TEST(DataDirTest, TemporaryFilesOfAnEarlierDaemonAreRemoved) {
  TempDir temp;
  std::string leftover;
  {
    FITD_ASSERT_OK_AND_ASSIGN(const auto directory, DataDir::Open(temp.File("data")));
    leftover = directory->NewTemporaryPath();
    Write(leftover);
  }
  FITD_ASSERT_OK_AND_ASSIGN(const auto directory, DataDir::Open(temp.File("data")));
  EXPECT_FALSE(std::filesystem::exists(leftover));
}

TEST(DataDirTest, UnnamedBlobsAreRemovedAndNamedOnesStay) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto directory, DataDir::Open(temp.File("data")));
  for (const char* sha256 : {"aa", "bb"}) {
    Write(directory->DatasetPath(sha256));
    Write(directory->WeightsPath(sha256));
  }
  directory->RemoveOtherThan(std::vector<std::string>{"aa"}, std::vector<std::string>{"bb"});
  EXPECT_TRUE(std::filesystem::exists(directory->DatasetPath("aa")));
  EXPECT_FALSE(std::filesystem::exists(directory->DatasetPath("bb")));
  EXPECT_FALSE(std::filesystem::exists(directory->WeightsPath("aa")));
  EXPECT_TRUE(std::filesystem::exists(directory->WeightsPath("bb")));
}

TEST(TemporaryFileTest, GoesAwayUnlessMoved) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto directory, DataDir::Open(temp.File("data")));
  std::string dropped;
  {
    TemporaryFile file(*directory);
    dropped = file.path();
    Write(dropped);
  }
  EXPECT_FALSE(std::filesystem::exists(dropped));
  {
    TemporaryFile file(*directory);
    Write(file.path());
    FITD_EXPECT_OK(file.MoveTo(directory->WeightsPath("cc")));
  }
  EXPECT_TRUE(std::filesystem::exists(directory->WeightsPath("cc")));
}

}  // namespace
}  // namespace fitd
