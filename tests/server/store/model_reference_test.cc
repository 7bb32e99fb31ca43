#include "server/store/model_reference.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::HasSubstr;
using testing::Optional;

class ModelReferenceTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_));
    FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
      v1::Model model;
      for (const char* name : {"mnist", "untrained"}) {
        model.set_name(name);
        transaction.models.Insert(model);
      }
      v1::ModelVersion version;
      version.set_model("mnist");
      for (int i = 0; i < 3; ++i) transaction.models.InsertVersion(version);
      transaction.models.SetAlias("mnist", "champion", 2);
      v1::Job job;
      job.mutable_spec()->set_model("mnist");
      job.set_state(v1::JOB_STATE_SUCCEEDED);
      job.set_version(1);
      transaction.jobs.Insert(job, 0);
      job.set_state(v1::JOB_STATE_PAUSED);
      job.clear_version();
      transaction.jobs.Insert(job, 0);
      return absl::OkStatus();
    }));
  }

  absl::StatusOr<int64_t> Find(std::string_view reference) {
    return store_->InTransaction([&](Transaction& transaction) -> absl::StatusOr<int64_t> {
      FITD_ASSIGN_OR_RETURN(const v1::ModelVersion version,
                            FindReferencedVersion(transaction, reference));
      return version.version();
    });
  }

  TempDir temp_;
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(ModelReferenceTest, NameNumberAndAliasEachFindAVersion) {
  EXPECT_THAT(Find("mnist"), IsOkAndHolds(3));
  EXPECT_THAT(Find("mnist@1"), IsOkAndHolds(1));
  EXPECT_THAT(Find("mnist@champion"), IsOkAndHolds(2));
}

TEST_F(ModelReferenceTest, JobStandsForTheVersionThatItStored) {
  EXPECT_THAT(Find("job:fit-1"), IsOkAndHolds(1));
  EXPECT_THAT(Find("job:fit-2"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("job fit-2 is PAUSED and has no version")));
  EXPECT_THAT(ReferencedJob("job:fit-2"), Optional(2));
  EXPECT_EQ(JobReference("fit-2"), "job:fit-2");
  for (const char* reference : {"fit-2", "job:", "job:fit-2@1", "job:job:fit-2", "mnist"})
    EXPECT_EQ(ReferencedJob(reference), std::nullopt) << reference;
}

TEST_F(ModelReferenceTest, UnknownOnesAreNotFoundWithTheNearestName) {
  EXPECT_THAT(Find("mnits"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"mnist\"")));
  EXPECT_THAT(Find("mnist@4"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("unknown version \"4\"")));
  EXPECT_THAT(Find("mnist@champoin"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"champion\"")));
  for (const char* id : {"fit-3", "fit-0", "mnist"}) {
    EXPECT_THAT(Find(std::string("job:") + id),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("unknown job \"")));
  }
}

TEST_F(ModelReferenceTest, ModelWithoutVersionsIsAPrecondition) {
  EXPECT_THAT(Find("untrained"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no version yet")));
}

TEST_F(ModelReferenceTest, OtherTextIsInvalid) {
  for (const char* reference :
       {"", "@", "mnist@", "mnist@0", "mnist@01", "mnist@-1", "mnist@A", "../x", "mnist@1@2",
        "mnist@99999999999999999999", " mnist", "job:", "job:fit-1@1", "jobs:fit-1"}) {
    EXPECT_THAT(Find(reference), StatusIs(absl::StatusCode::kInvalidArgument)) << reference;
  }
}

}  // namespace
}  // namespace fitd
