#include "server/store/store_check.h"

#include <filesystem>
#include <string>
#include <vector>

#include "core/train/checkpoint.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "tests/server/store/stored_things.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class StoreCheckTest : public StoredThings {
 protected:
  // "MISSING version m@1: ..." for each.
  std::vector<std::string> Check() {
    StoreCheck check(*store_);
    std::deque<v1::StoreFinding> findings;
    while (check.Step(findings)) {
    }
    files_ = check.files();
    bytes_ = check.bytes();
    std::vector<std::string> texts;
    for (const v1::StoreFinding& finding : findings) {
      texts.push_back(fmt::format(
          "{} {}: {}", v1::StoreFault_Name(finding.fault()).substr(sizeof("STORE_FAULT_") - 1),
          finding.object(), finding.message()));
    }
    return texts;
  }

  int64_t files_ = 0;
  int64_t bytes_ = 0;
};

TEST_F(StoreCheckTest, SoundStoreHasNoFindings) {
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(files_, 2);
  EXPECT_EQ(bytes_, static_cast<int64_t>(std::filesystem::file_size(weights_path_) + 7));
}

TEST_F(StoreCheckTest, MissingFilesAreNamedWithWhatNeedsThem) {
  std::filesystem::remove(weights_path_);
  std::filesystem::remove(dataset_path_);
  EXPECT_THAT(Check(), UnorderedElementsAre(StartsWith("MISSING data set d: datasets/"),
                                            StartsWith("MISSING version m@1: weights/")));
}

TEST_F(StoreCheckTest, EveryObjectThatSharesABrokenFileIsNamed) {
  FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
    v1::Dataset dataset = *transaction.datasets.Find("d");
    dataset.set_name("e");
    transaction.datasets.Insert(dataset);
    return absl::OkStatus();
  }));
  Write(dataset_path_, "a fable");
  EXPECT_THAT(Check(), ElementsAre(AllOf(StartsWith("DAMAGED data set d: "),
                                         HasSubstr(Sha256Hex("a fable"))),
                                   StartsWith("DAMAGED data set e: ")));
}

TEST_F(StoreCheckTest, TruncatedFilesAreDamaged) {
  Write(dataset_path_, "a tab");
  Write(weights_path_, Read(weights_path_).substr(0, 100));
  EXPECT_THAT(Check(), UnorderedElementsAre(StartsWith("DAMAGED data set d: "),
                                            StartsWith("DAMAGED version m@1: ")));
}

TEST_F(StoreCheckTest, WholeFileWithOtherWeightsIsDamaged) {
  const Weights others = {
      {{.name = "dense/kernel", .shape = {2}, .trainable = true, .values = {1, 3}}}};
  FITD_ASSERT_OK(others.Save(weights_path_));
  EXPECT_THAT(Check(), ElementsAre(AllOf(StartsWith("DAMAGED version m@1: "),
                                         HasSubstr("SHA-256 " + others.Sha256()))));
}

TEST_F(StoreCheckTest, StrayFilesAreNamedAndStay) {
  const std::string orphan = directory_->WeightsPath(std::string(64, 'a'));
  const std::string foreign = directory_->BlobPath("datasets/notes.txt");
  Write(orphan, "x");
  Write(foreign, "x");
  EXPECT_THAT(Check(), UnorderedElementsAre(
                           StartsWith("STRAY file weights/aaaa"),
                           StartsWith("STRAY file datasets/notes.txt: belongs to nothing")));
  EXPECT_TRUE(std::filesystem::exists(orphan));
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

TEST_F(StoreCheckTest, CheckpointsAreNamedThatAreDamagedOrNobodys) {
  v1::Job job;
  job.set_state(v1::JOB_STATE_PAUSED);
  FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
    transaction.jobs.Insert(job, 0);
    return absl::OkStatus();
  }));
  FITD_ASSERT_OK(Checkpoint().Save(directory_->CheckpointPath(1, 10)));
  Write(directory_->CheckpointPath(1, 20), "half");
  FITD_ASSERT_OK(Checkpoint().Save(directory_->CheckpointPath(7, 10)));
  EXPECT_THAT(Check(), UnorderedElementsAre(
                           AllOf(StartsWith("DAMAGED checkpoint of job fit-1: checkpoints/1-"),
                                 HasSubstr("20.ckp")),
                           StartsWith("STRAY file checkpoints/7-")));
}

TEST_F(StoreCheckTest, RowsThatContradictEachOtherAreNamed) {
  Execute(
      "PRAGMA foreign_keys = OFF;"
      "INSERT INTO aliases VALUES ('m', 'champion', 9);"
      "INSERT INTO versions (model, version, weights_sha256, message) VALUES ('gone', 1, 'x', x'');"
      "INSERT INTO jobs VALUES (1, 6, 0, 0, 'm', 0, 'd', '', x'', 0);"
      "INSERT INTO events VALUES (1, 1, 0, x''), (1, 3, 0, x'')");
  EXPECT_THAT(
      Check(),
      testing::IsSupersetOf(
          {testing::Matcher<std::string>(HasSubstr("belongs to a row of models that is not there")),
           testing::Matcher<std::string>(
               StartsWith("DATABASE alias m@champion: stands for version 9")),
           testing::Matcher<std::string>(StartsWith("DATABASE job fit-1: has 2 events")),
           testing::Matcher<std::string>(StartsWith("DATABASE version gone@1: "))}));
}

TEST_F(StoreCheckTest, MessagesThatDoNotParseAreNamedOneByOne) {
  Execute("UPDATE datasets SET message = x'ff'; UPDATE models SET message = x'ff'");
  EXPECT_THAT(Check(), UnorderedElementsAre(StartsWith("DATABASE data set d: "),
                                            StartsWith("DATABASE model m: ")));
}

TEST_F(StoreCheckTest, DamagedPagesAreFound) {
  Execute("PRAGMA wal_checkpoint(TRUNCATE)");
  {
    std::fstream file(directory_->DatabasePath(), std::ios::binary | std::ios::in | std::ios::out);
    const auto pages = std::filesystem::file_size(directory_->DatabasePath()) / 4096;
    for (size_t page = 2; page < pages; ++page) {
      file.seekp(static_cast<std::streamoff>(page * 4096));
      file << std::string(64, '\x7f');
    }
  }
  EXPECT_THAT(Check(), testing::Contains(StartsWith("DATABASE database: ")));
}

TEST_F(StoreCheckTest, WhatIsDeletedMeanwhileIsNoFinding) {
  StoreCheck check(*store_);
  std::deque<v1::StoreFinding> findings;
  check.Step(findings);
  check.Step(findings);  // Knows what there is.
  FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
    transaction.datasets.Delete("d");
    transaction.RemoveFile(dataset_path_);
    return absl::OkStatus();
  }));
  while (check.Step(findings)) {
  }
  EXPECT_THAT(findings, IsEmpty());
}

}  // namespace
}  // namespace fitd
