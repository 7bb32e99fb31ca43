#include "client/backup_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd::client {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

// Of "abc": FIPS 180-2, appendix B.1.
constexpr char kSha256OfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class BackupDirTest : public testing::Test {
 protected:
  std::string Target() const { return temp_.File("backup"); }
  std::string Partial() const { return temp_.File("backup.partial"); }

  static v1::BackupStoreResponse File(const std::string& name, int64_t size) {
    v1::BackupStoreResponse part;
    part.mutable_file()->set_name(name);
    part.mutable_file()->set_size(size);
    return part;
  }
  static v1::BackupStoreResponse Data(const std::string& data) {
    v1::BackupStoreResponse part;
    part.set_data(data);
    return part;
  }
  static v1::BackupStoreResponse End(const std::string& sha256) {
    v1::BackupStoreResponse part;
    part.mutable_end_of_file()->set_sha256(sha256);
    return part;
  }
  static v1::BackupStoreResponse Summary(int64_t files, int64_t bytes) {
    v1::BackupStoreResponse part;
    part.mutable_summary()->set_files(files);
    part.mutable_summary()->set_bytes(bytes);
    return part;
  }
  // A file that holds "abc".
  static void AddFile(BackupDir& backup, const std::string& name) {
    FITD_ASSERT_OK(backup.Add(File(name, 3)));
    FITD_ASSERT_OK(backup.Add(Data("ab")));
    FITD_ASSERT_OK(backup.Add(Data("c")));
    FITD_ASSERT_OK(backup.Add(End(kSha256OfAbc)));
  }

  TempDir temp_;
};

TEST_F(BackupDirTest, AppearsWholeAtTheEnd) {
  for (const bool exists : {false, true}) {
    std::filesystem::remove_all(Target());
    if (exists) std::filesystem::create_directory(Target());
    FITD_ASSERT_OK_AND_ASSIGN(const auto backup, BackupDir::Create(Target() + "/"));
    AddFile(*backup, "fitd.db");
    AddFile(*backup, "weights/a.wgt");
    FITD_ASSERT_OK(backup->Add(Summary(2, 6)));
    EXPECT_FALSE(std::filesystem::exists(Target() + "/fitd.db"));
    FITD_ASSERT_OK_AND_ASSIGN(const v1::BackupSummary summary, backup->Commit());
    EXPECT_EQ(summary.files(), 2);
    std::string content;
    std::ifstream(Target() + "/weights/a.wgt") >> content;
    EXPECT_EQ(content, "abc");
    EXPECT_TRUE(std::filesystem::exists(Target() + "/fitd.db"));
    EXPECT_FALSE(std::filesystem::exists(Partial()));
  }
}

TEST_F(BackupDirTest, HalfOfOneIsNotThereAndLeavesNothing) {
  {
    FITD_ASSERT_OK_AND_ASSIGN(const auto backup, BackupDir::Create(Target()));
    AddFile(*backup, "fitd.db");
    EXPECT_THAT(backup->Commit(),
                StatusIs(StatusCode::kDataLoss, HasSubstr("before it was whole")));
  }
  EXPECT_FALSE(std::filesystem::exists(Target()));
  EXPECT_FALSE(std::filesystem::exists(Partial()));
}

TEST_F(BackupDirTest, WritesOverNothing) {
  std::filesystem::create_directory(Target());
  std::ofstream(Target() + "/mine") << "x";
  EXPECT_THAT(BackupDir::Create(Target()),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("expected a new name")));
  EXPECT_THAT(BackupDir::Create(Target() + "/mine"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(BackupDir::Create(temp_.File("none/backup")), StatusIs(StatusCode::kInvalidArgument));
  for (const char* path : {"", "/"})
    EXPECT_THAT(BackupDir::Create(path), StatusIs(StatusCode::kInvalidArgument)) << path;
  std::filesystem::create_directory(temp_.File("other.partial"));
  EXPECT_THAT(BackupDir::Create(temp_.File("other")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("interrupted")));
}

TEST_F(BackupDirTest, NamesThatLeadElsewhereAreRefused) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto backup, BackupDir::Create(Target()));
  for (const char* name : {"", "/", "/etc/x", "..", "../x", "a/../x", "a/..", "./x", "a//x", "a/",
                           "a/b/c", ".hidden", "a/.x", "a\\x", "a b", "a\nb"}) {
    EXPECT_THAT(backup->Add(File(name, 0)), StatusIs(StatusCode::kInternal)) << name;
  }
  EXPECT_THAT(backup->Add(File(std::string("a\0b", 3), 0)), StatusIs(StatusCode::kInternal));
}

TEST_F(BackupDirTest, SecondFileOfANameIsRefused) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto backup, BackupDir::Create(Target()));
  AddFile(*backup, "fitd.db");
  EXPECT_FALSE(backup->Add(File("fitd.db", 3)).ok());
}

TEST_F(BackupDirTest, SizesAndHashesAreCompared) {
  const auto begin = [&](int64_t size) {
    auto backup = BackupDir::Create(Target()).value();
    FITD_EXPECT_OK(backup->Add(File("fitd.db", size)));
    return backup;
  };
  EXPECT_THAT(begin(2)->Add(Data("abc")), StatusIs(StatusCode::kDataLoss, HasSubstr("longer")));
  {
    const auto backup = begin(4);
    FITD_EXPECT_OK(backup->Add(Data("abc")));
    EXPECT_THAT(backup->Add(End(kSha256OfAbc)),
                StatusIs(StatusCode::kDataLoss, HasSubstr("shorter")));
  }
  {
    const auto backup = begin(3);
    FITD_EXPECT_OK(backup->Add(Data("abd")));
    EXPECT_THAT(backup->Add(End(kSha256OfAbc)),
                StatusIs(StatusCode::kDataLoss, HasSubstr("SHA-256")));
  }
  {
    const auto backup = BackupDir::Create(Target()).value();
    AddFile(*backup, "fitd.db");
    EXPECT_THAT(backup->Add(Summary(2, 6)), StatusIs(StatusCode::kDataLoss));
  }
}

TEST_F(BackupDirTest, PartsOutOfOrderAreRefused) {
  const auto refused = [&](const std::vector<v1::BackupStoreResponse>& parts) {
    const auto backup = BackupDir::Create(Target()).value();
    absl::Status status;
    for (const v1::BackupStoreResponse& part : parts) {
      FITD_EXPECT_OK(status);
      status = backup->Add(part);
    }
    return absl::IsInternal(status);
  };
  EXPECT_TRUE(refused({Data("x")}));
  EXPECT_TRUE(refused({End("x")}));
  EXPECT_TRUE(refused({File("a", 1), File("b", 1)}));
  EXPECT_TRUE(refused({File("a", 1), Summary(0, 0)}));
  EXPECT_TRUE(refused({Summary(0, 0), File("a", 1)}));
  EXPECT_TRUE(refused({v1::BackupStoreResponse()}));
}

}  // namespace
}  // namespace fitd::client
