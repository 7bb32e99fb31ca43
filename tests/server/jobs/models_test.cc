#include "server/jobs/models.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ModelsTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    daemon_.reset();
    UseCases::Options options;
    options.clock = [this] { return now_; };
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data"), options));
  }

  absl::StatusOr<v1::Model> Create(const v1::CreateModelRequest& request) {
    FITD_ASSIGN_OR_RETURN(const v1::CreateModelResponse response, daemon_->models.Create(request));
    return response.model();
  }

  absl::StatusOr<v1::Model> Get(const std::string& name) {
    v1::GetModelRequest request;
    request.set_name(name);
    FITD_ASSIGN_OR_RETURN(const v1::GetModelResponse response, daemon_->models.Get(request));
    return response.model();
  }

  void AddVersions(const std::string& model, int count) {
    FITD_ASSERT_OK(daemon_->store->InTransaction([&](Transaction& transaction) {
      v1::ModelVersion version;
      version.set_model(model);
      for (int i = 0; i < count; ++i) transaction.models.InsertVersion(version);
      return absl::OkStatus();
    }));
  }

  absl::Status SetAlias(int64_t version, std::optional<int64_t> expected = std::nullopt) {
    v1::SetModelAliasRequest request;
    request.set_model("m");
    request.set_alias("champion");
    request.set_version(version);
    if (expected) request.set_expected_version(*expected);
    return daemon_->models.SetAlias(request).status();
  }

  absl::Status DeleteVersion(int64_t version) {
    v1::DeleteModelVersionRequest request;
    request.set_model("m");
    request.set_version(version);
    return daemon_->models.DeleteVersion(request).status();
  }

  TempDir temp_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<UseCases> daemon_;
};

TEST_F(ModelsTest, ModelIsStoredWithEveryDefaultAndSurvivesARestart) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Model created, Create(DenseModel("m", 4, {3, 2})));
  EXPECT_EQ(created.trainable_parameters(), 4 * 3 + 3 + 3 * 2 + 2);
  EXPECT_TRUE(created.spec().layers(0).dense().has_kernel_initializer());
  Reopen();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Model got, Get("m"));
  EXPECT_EQ(got.DebugString(), created.DebugString());
}

TEST_F(ModelsTest, SameArchitectureAgainIsAnsweredAndAnotherIsRefused) {
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  FITD_EXPECT_OK(Create(DenseModel("m", 4, {3})));
  EXPECT_THAT(Create(DenseModel("m", 4, {5})), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(ModelsTest, EveryFaultIsNamedAtOnce) {
  v1::CreateModelRequest request = DenseModel("Bad Name", 4, {-3});
  request.set_request_id(std::string(129, 'x'));
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr("name: is \"Bad Name\""),
                                              HasSubstr("spec.layers[0].dense.units"),
                                              HasSubstr("request_id: has 129 bytes"))));
}

TEST_F(ModelsTest, AMissingSpecIsNamed) {
  v1::CreateModelRequest request;
  request.set_name("m");
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("spec: is required")));
}

TEST_F(ModelsTest, ValidateOnlyStoresNothing) {
  v1::CreateModelRequest request = DenseModel("m", 4, {3});
  request.set_validate_only(true);
  FITD_EXPECT_OK(Create(request));
  EXPECT_THAT(Get("m"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelsTest, MemoryBombIsRefused) {
  EXPECT_THAT(Create(DenseModel("m", 1 << 20, {1 << 20, 1 << 20})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("allowed")));
}

TEST_F(ModelsTest, RequestIdGetsTheFirstAnswerAlsoAfterARestart) {
  v1::CreateModelRequest request = DenseModel("m", 4, {3});
  request.set_request_id("r");
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Model first, Create(request));
  v1::DeleteModelRequest remove;
  remove.set_name("m");
  remove.set_request_id("r2");
  FITD_ASSERT_OK(daemon_->models.Delete(remove));
  Reopen();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Model again, Create(request));
  EXPECT_EQ(again.DebugString(), first.DebugString());
  FITD_EXPECT_OK(daemon_->models.Delete(remove));
  EXPECT_THAT(Get("m"), StatusIs(absl::StatusCode::kNotFound));

  now_ += absl::Hours(24) + absl::Seconds(1);
  FITD_EXPECT_OK(Create(request));
  FITD_EXPECT_OK(Get("m"));
}

TEST_F(ModelsTest, RequestIdWithAnotherRequestIsRefused) {
  v1::CreateModelRequest request = DenseModel("m", 4, {3});
  request.set_request_id("r");
  FITD_ASSERT_OK(Create(request));
  request.set_name("n");
  EXPECT_THAT(Create(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another request")));
  v1::DeleteModelRequest remove;
  remove.set_name("m");
  remove.set_request_id("r");
  EXPECT_THAT(daemon_->models.Delete(remove), StatusIs(absl::StatusCode::kInvalidArgument));
  FITD_EXPECT_OK(Get("m"));
}

TEST_F(ModelsTest, VersionNumbersAreNotGivenTwiceEvenIfTheModelIsMadeAnew) {
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  AddVersions("m", 3);
  v1::DeleteModelRequest remove;
  remove.set_name("m");
  FITD_ASSERT_OK(daemon_->models.Delete(remove));
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  FITD_ASSERT_OK_AND_ASSIGN(v1::Model model, Get("m"));
  EXPECT_EQ(model.latest_version(), 0);
  AddVersions("m", 1);
  FITD_ASSERT_OK_AND_ASSIGN(model, Get("m"));
  EXPECT_EQ(model.latest_version(), 4);
}

TEST_F(ModelsTest, PagesFollowEachOtherByName) {
  for (const char* name : {"c", "a", "b"}) FITD_ASSERT_OK(Create(DenseModel(name, 4, {3})));
  v1::ListModelsRequest request;
  request.set_page_size(2);
  FITD_ASSERT_OK_AND_ASSIGN(v1::ListModelsResponse page, daemon_->models.List(request));
  ASSERT_EQ(page.models_size(), 2);
  EXPECT_EQ(page.models(0).name(), "a");
  EXPECT_EQ(page.models(1).name(), "b");
  request.set_page_token(page.next_page_token());
  FITD_ASSERT_OK_AND_ASSIGN(page, daemon_->models.List(request));
  ASSERT_EQ(page.models_size(), 1);
  EXPECT_EQ(page.models(0).name(), "c");
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(ModelsTest, VersionsAreListedNewestFirstInPages) {
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  AddVersions("m", 3);
  v1::ListModelVersionsRequest request;
  request.set_model("m");
  request.set_page_size(2);
  FITD_ASSERT_OK_AND_ASSIGN(v1::ListModelVersionsResponse page,
                            daemon_->models.ListVersions(request));
  ASSERT_EQ(page.versions_size(), 2);
  EXPECT_EQ(page.versions(0).version(), 3);
  request.set_page_token(page.next_page_token());
  FITD_ASSERT_OK_AND_ASSIGN(page, daemon_->models.ListVersions(request));
  ASSERT_EQ(page.versions_size(), 1);
  EXPECT_EQ(page.versions(0).version(), 1);
  request.set_model("other");
  EXPECT_THAT(daemon_->models.ListVersions(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ModelsTest, AliasMovesOnlyFromTheExpectedVersion) {
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  AddVersions("m", 2);
  FITD_EXPECT_OK(SetAlias(1, 0));
  EXPECT_THAT(SetAlias(2, 0),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("stands for version 1")));
  FITD_EXPECT_OK(SetAlias(2, 1));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Model model, Get("m"));
  EXPECT_EQ(model.aliases().at("champion"), 2);
  EXPECT_THAT(SetAlias(9), StatusIs(absl::StatusCode::kNotFound));
  FITD_EXPECT_OK(SetAlias(0));
  EXPECT_THAT(SetAlias(1, 2), StatusIs(absl::StatusCode::kAborted, HasSubstr("does not exist")));
  FITD_EXPECT_OK(SetAlias(1, 0));
}

TEST_F(ModelsTest, AliasThatDoesNotExistIsNotRemoved) {
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  EXPECT_THAT(SetAlias(0),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("unknown alias \"champion\"")));
}

TEST_F(ModelsTest, SameRequestIdMovesAnAliasOnce) {
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  AddVersions("m", 2);
  v1::SetModelAliasRequest request;
  request.set_model("m");
  request.set_alias("champion");
  request.set_version(1);
  request.set_expected_version(0);
  request.set_request_id("first");
  FITD_ASSERT_OK(daemon_->models.SetAlias(request));
  FITD_ASSERT_OK(SetAlias(2, 1));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::SetModelAliasResponse again,
                            daemon_->models.SetAlias(request));
  EXPECT_EQ(again.model().aliases().at("champion"), 1);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Model model, Get("m"));
  EXPECT_EQ(model.aliases().at("champion"), 2);
}

TEST_F(ModelsTest, VersionBehindAnAliasIsNotDeleted) {
  FITD_ASSERT_OK(Create(DenseModel("m", 4, {3})));
  AddVersions("m", 2);
  FITD_ASSERT_OK(SetAlias(1));
  EXPECT_THAT(DeleteVersion(1),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("champion")));
  FITD_EXPECT_OK(DeleteVersion(2));
  EXPECT_THAT(DeleteVersion(2), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelsTest, UnknownModelIsNotFoundWithTheNearestName) {
  FITD_ASSERT_OK(Create(DenseModel("mnist", 4, {3})));
  EXPECT_THAT(Get("mnits"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"mnist\"?")));
}

}  // namespace
}  // namespace fitd
