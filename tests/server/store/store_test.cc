#include "server/store/store.h"

#include <filesystem>
#include <fstream>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Model NamedModel(const std::string& name) {
  v1::Model model;
  model.set_name(name);
  return model;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    store_.reset();
    directory_.reset();
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_, [this] { return now_; }));
  }

  absl::Status Insert(const std::string& name, absl::Status outcome = absl::OkStatus()) {
    return store_->InTransaction([&](Transaction& transaction) {
      transaction.models.Insert(NamedModel(name));
      return outcome;
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
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, CommittedTransactionsSurviveReopening) {
  FITD_ASSERT_OK(Insert("a"));
  Reopen();
  EXPECT_THAT(Names(), ElementsAre("a"));
}

TEST_F(StoreTest, FailedWorkIsRolledBackAndItsStatusReturned) {
  EXPECT_THAT(Insert("a", absl::AbortedError("no")), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(StoreTest, DatabaseErrorsBecomeStatusesAndRollBack) {
  FITD_ASSERT_OK(Insert("a"));
  EXPECT_THAT(Insert("a"), StatusIs(absl::StatusCode::kInternal));
  FITD_EXPECT_OK(Insert("b"));
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
}

TEST_F(StoreTest, FilesGoOnlyWithACommit) {
  const std::string path = directory_->WeightsPath("aa");
  std::ofstream(path) << "weights";
  const auto remove = [&](absl::Status outcome) {
    return store_->InTransaction([&](Transaction& transaction) {
      transaction.RemoveFile(path);
      return outcome;
    });
  };
  EXPECT_FALSE(remove(absl::AbortedError("no")).ok());
  EXPECT_TRUE(std::filesystem::exists(path));
  FITD_EXPECT_OK(remove(absl::OkStatus()));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(StoreTest, OrphanedBlobsAreRemovedAtStart) {
  const std::string path = directory_->DatasetPath(std::string(64, 'a'));
  std::ofstream(path) << "table";
  Reopen();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(StoreTest, LostDatabaseIsNotTakenForANewOne) {
  const std::string blob = directory_->DatasetPath(std::string(64, 'a'));
  std::ofstream(blob) << "table";
  store_.reset();
  for (const char* file : {"data/fitd.db", "data/fitd.db-wal", "data/fitd.db-shm"})
    std::filesystem::remove(temp_.File(file));
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(Store::Open(*directory_),
                StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("is lost")));
  }
  EXPECT_TRUE(std::filesystem::exists(blob));
}

// Of a daemon that was killed.
// What a kill leaves behind before SQLite's first change is done: the change, and the journal that
// undoes it.
TEST_F(StoreTest, DaemonThatDiedWhileItMadeTheDatabaseIsForgotten) {
  store_.reset();
  const std::string path = directory_->DatabasePath();
  const std::string journal_path = directory_->DatabaseJournalPath();
  directory_.reset();
  constexpr size_t kPageBytes = 4096;
  constexpr size_t kSectorBytes = 512;
  std::filesystem::resize_file(path, kPageBytes);
  std::string journal("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);  // The magic number.
  journal.resize(kSectorBytes);  // No pages, of a file that was empty.
  journal[22] = kSectorBytes >> 8;
  journal[26] = kPageBytes >> 8;
  std::ofstream(journal_path, std::ios::binary) << journal;
  Reopen();
  ASSERT_NE(store_, nullptr);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(journal_path));
}

TEST_F(StoreTest, LostLogIsNoticed) {
  FITD_ASSERT_OK(Insert("a"));
  const std::string killed = temp_.File("killed");
  std::filesystem::copy(temp_.File("data"), killed, std::filesystem::copy_options::recursive);
  FITD_ASSERT_OK_AND_ASSIGN(const auto directory, DataDir::Open(killed));
  std::filesystem::rename(directory->DatabaseLogPath(), temp_.File("log"));
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(Store::Open(*directory),
                StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("fitd.db-wal is lost")));
  }
  std::filesystem::rename(temp_.File("log"), directory->DatabaseLogPath());
  FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory));
  EXPECT_THAT(Names(), ElementsAre("a"));
  store_.reset();
  FITD_EXPECT_OK(Store::Open(*directory));  // Closed in order: there is no log now.
  store_.reset();
}

TEST_F(StoreTest, DamagedDatabaseIsRefused) {
  FITD_ASSERT_OK(Insert("a"));
  store_.reset();
  const std::string path = directory_->DatabasePath();
  const auto size = std::filesystem::file_size(path);
  {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    for (size_t offset = 4096; offset < size; offset += 4096) {
      file.seekp(static_cast<std::streamoff>(offset));
      file << std::string(64, '\x7f');
    }
  }
  EXPECT_THAT(Store::Open(*directory_), StatusIs(absl::StatusCode::kDataLoss));
  std::ofstream(path) << "this is no database, whatever its name says";
  EXPECT_THAT(Store::Open(*directory_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(StoreTest, MessageThatDoesNotParseIsDataLoss) {
  FITD_ASSERT_OK(Insert("a"));
  {
    FITD_ASSERT_OK_AND_ASSIGN(const auto other, Database::Open(directory_->DatabasePath()));
    other->Execute("UPDATE models SET message = x'ff'");
  }
  EXPECT_THAT(store_->InTransaction([](Transaction& transaction) {
    transaction.models.Find("a");
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(StoreTest, VersionNumbersAreNeverGivenAgain) {
  FITD_ASSERT_OK(Insert("a"));
  FITD_ASSERT_OK(store_->InTransaction([](Transaction& transaction) {
    v1::ModelVersion version;
    version.set_model("a");
    transaction.models.InsertVersion(version);
    transaction.models.DeleteVersion("a", 1);
    transaction.models.InsertVersion(version);
    EXPECT_EQ(version.version(), 2);
    EXPECT_EQ(transaction.models.Find("a")->latest_version(), 2);
    return absl::OkStatus();
  }));
}

TEST_F(StoreTest, AReservedNumberIsOfOneVersion) {
  FITD_ASSERT_OK(Insert("a"));
  FITD_ASSERT_OK(store_->InTransaction([](Transaction& transaction) {
    EXPECT_EQ(transaction.models.ReserveVersion("a"), 1);
    v1::ModelVersion version;
    version.set_model("a");
    transaction.models.InsertVersion(version);
    EXPECT_EQ(version.version(), 2);
    transaction.models.InsertVersion(version, 1);
    EXPECT_EQ(version.version(), 1);
    EXPECT_EQ(transaction.models.Find("a")->latest_version(), 2);
    return absl::OkStatus();
  }));
}

TEST_F(StoreTest, AnswersAreRememberedForADay) {
  const auto find = [&] {
    return store_
        ->InTransaction([](Transaction& transaction) {
          return absl::StatusOr<bool>(
              transaction.requests.Find("id", absl::ToUnixSeconds(transaction.now())).has_value());
        })
        .value();
  };
  FITD_ASSERT_OK(store_->InTransaction([](Transaction& transaction) {
    transaction.requests.Insert("id", "digest", NamedModel("a"),
                                absl::ToUnixSeconds(transaction.now()));
    return absl::OkStatus();
  }));
  now_ += absl::Hours(24);
  Reopen();
  EXPECT_TRUE(find());
  now_ += absl::Seconds(1);
  EXPECT_FALSE(find());
}

TEST_F(StoreTest, ListenerHearsOfEventsThatWereStoredAndOfNoOthers) {
  v1::Job job;
  job.set_state(v1::JOB_STATE_QUEUED);
  FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
    transaction.jobs.Insert(job, 0);
    return absl::OkStatus();
  }));
  std::vector<int64_t> heard;
  store_->ListenToEvents(
      [&](int64_t, const v1::JobEvent& event) { heard.push_back(event.number()); });
  for (const bool commits : {true, false, true}) {
    const absl::Status status = store_->InTransaction([&](Transaction& transaction) {
      v1::JobEvent event;
      transaction.jobs.AppendEvent(1, event);
      return commits ? absl::OkStatus() : Internal("rolled back");
    });
    EXPECT_EQ(status.ok(), commits);
  }
  EXPECT_THAT(heard, ElementsAre(1, 2));
}

}  // namespace
}  // namespace fitd
