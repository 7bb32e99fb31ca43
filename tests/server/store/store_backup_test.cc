#include "server/store/store_backup.h"

#include <filesystem>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "tests/server/store/stored_things.h"

namespace fitd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StoreBackupTest : public StoredThings {
 protected:
  // The files of a backup that is whole, by name.
  static absl::StatusOr<std::map<std::string, std::string>> Drain(StoreBackup& backup) {
    std::map<std::string, std::string> files;
    std::string name;
    for (;;) {
      v1::BackupStoreResponse part;
      FITD_RETURN_IF_ERROR(backup.Next(part));
      switch (part.part_case()) {
        case v1::BackupStoreResponse::kFile:
          name = part.file().name();
          files[name].reserve(static_cast<size_t>(part.file().size()));
          break;
        case v1::BackupStoreResponse::kData:
          files[name] += part.data();
          break;
        case v1::BackupStoreResponse::kEndOfFile:
          EXPECT_EQ(Sha256Hex(files[name]), part.end_of_file().sha256());
          break;
        case v1::BackupStoreResponse::kSummary:
          EXPECT_EQ(part.summary().files(), static_cast<int64_t>(files.size()));
          return files;
        case v1::BackupStoreResponse::PART_NOT_SET:
          return Internal("empty part");
      }
    }
  }

  size_t TemporaryFiles() {
    const auto entries = std::filesystem::directory_iterator(temp_.File("data/tmp"));
    return static_cast<size_t>(std::distance(begin(entries), end(entries)));
  }
};

TEST_F(StoreBackupTest, HoldsWhatWasThereWhenItBegan) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto backup, StoreBackup::Begin(*store_));
  FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
    transaction.datasets.Delete("d");
    transaction.RemoveFile(dataset_path_);
    v1::Model model;
    model.set_name("later");
    transaction.models.Insert(model);
    return absl::OkStatus();
  }));
  FITD_ASSERT_OK_AND_ASSIGN(const auto files, Drain(*backup));
  EXPECT_THAT(files, SizeIs(3));

  FITD_ASSERT_OK_AND_ASSIGN(const auto other, DataDir::Open(temp_.File("other")));
  for (const auto& [name, bytes] : files) Write(other->BlobPath(name), bytes);
  FITD_ASSERT_OK_AND_ASSIGN(const auto restored, Store::Open(*other));
  FITD_EXPECT_OK(restored->InTransaction([&](Transaction& transaction) {
    EXPECT_THAT(transaction.models.Names(), testing::ElementsAre("m"));
    EXPECT_TRUE(transaction.datasets.Find("d").has_value());
    EXPECT_TRUE(transaction.models.FindVersion("m", 1).has_value());
    return absl::OkStatus();
  }));
  EXPECT_EQ(Read(other->DatasetPath(Sha256Hex(kTable))), kTable);
}

TEST_F(StoreBackupTest, LeavesNothingBehindWhereverItEnds) {
  for (int parts = 0; parts < 9; ++parts) {
    FITD_ASSERT_OK_AND_ASSIGN(auto backup, StoreBackup::Begin(*store_));
    for (int i = 0; i < parts; ++i) {
      v1::BackupStoreResponse part;
      FITD_ASSERT_OK(backup->Next(part));
    }
    backup.reset();
    EXPECT_EQ(TemporaryFiles(), 0u) << parts;
  }
  FITD_EXPECT_OK(store_->InTransaction([](Transaction&) { return absl::OkStatus(); }));
}

TEST_F(StoreBackupTest, MissingFileIsNamed) {
  std::filesystem::remove(weights_path_);
  EXPECT_THAT(StoreBackup::Begin(*store_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version m@1 has lost its file")));
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(StoreBackupTest, DamagedFileIsNotCopiedAsIfItWereSound) {
  Write(dataset_path_, "a fable");
  FITD_ASSERT_OK_AND_ASSIGN(const auto first, StoreBackup::Begin(*store_));
  EXPECT_THAT(Drain(*first), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("datasets/")));
  Write(dataset_path_, kTable);
  Write(weights_path_, "no weights");
  FITD_ASSERT_OK_AND_ASSIGN(const auto second, StoreBackup::Begin(*store_));
  EXPECT_THAT(Drain(*second), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace fitd
