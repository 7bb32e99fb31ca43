#include "server/store/data_dir.h"

#include <linux/magic.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::AllOf;
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

TEST(DataDirTest, BlobsWithoutAUseAreRemovedAndOtherFilesStay) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto directory, DataDir::Open(temp.File("data")));
  const std::string a(64, 'a');
  const std::string b(64, 'b');
  for (const std::string& sha256 : {a, b}) {
    Write(directory->DatasetPath(sha256));
    Write(directory->WeightsPath(sha256));
  }
  Write(directory->BlobPath("weights/notes.txt"));
  directory->RemoveBlobsOtherThan(
      std::vector<BlobUse>{{BlobName(kDatasetBlobs, a), ""}, {BlobName(kWeightsBlobs, b), ""}});
  EXPECT_TRUE(std::filesystem::exists(directory->DatasetPath(a)));
  EXPECT_FALSE(std::filesystem::exists(directory->DatasetPath(b)));
  EXPECT_FALSE(std::filesystem::exists(directory->WeightsPath(a)));
  EXPECT_TRUE(std::filesystem::exists(directory->WeightsPath(b)));
  EXPECT_TRUE(std::filesystem::exists(directory->BlobPath("weights/notes.txt")));
}

TEST(DataDirTest, FreeSpaceBelowTheMarkIsExhausted) {
  TempDir temp;
  {
    FITD_ASSERT_OK_AND_ASSIGN(const auto directory,
                              DataDir::Open(temp.File("data"), {.min_free_bytes = 1}));
    FITD_EXPECT_OK(directory->CheckFreeSpace());
  }
  FITD_ASSERT_OK_AND_ASSIGN(const auto directory,
                            DataDir::Open(temp.File("data"), {.min_free_bytes = INT64_MAX}));
  EXPECT_THAT(directory->CheckFreeSpace(),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("min_free_disk_bytes")));
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
    std::vector<NewFile> files;
    for (const char* name : {"cc", "dd"}) {
      files.push_back({.file = TemporaryFile(*directory), .target = directory->WeightsPath(name)});
      Write(files.back().file.path());
    }
    FITD_EXPECT_OK(PutInPlace(files));
  }
  EXPECT_TRUE(std::filesystem::exists(directory->WeightsPath("cc")));
  EXPECT_TRUE(std::filesystem::exists(directory->WeightsPath("dd")));
}

TEST(DataDirTest, NetworkFileSystemIsRefusedUnlessAllowed) {
  TempDir temp;
  DataDir::Options options;
  options.file_system_type = [](const std::string&) { return NFS_SUPER_MAGIC; };
  EXPECT_THAT(DataDir::Open(temp.File("data"), options),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       AllOf(HasSubstr("(NFS)"), HasSubstr("allow_network_disk"))));
  options.allow_network = true;
  FITD_EXPECT_OK(DataDir::Open(temp.File("data"), options));
}

}  // namespace
}  // namespace fitd
