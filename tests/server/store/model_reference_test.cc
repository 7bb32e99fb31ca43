#include "server/store/model_reference.h"

#include <memory>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::HasSubstr;

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

TEST_F(ModelReferenceTest, UnknownOnesAreNotFoundWithTheNearestName) {
  EXPECT_THAT(Find("mnits"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"mnist\"")));
  EXPECT_THAT(Find("mnist@4"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("unknown version \"4\"")));
  EXPECT_THAT(Find("mnist@champoin"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"champion\"")));
}

TEST_F(ModelReferenceTest, ModelWithoutVersionsIsAPrecondition) {
  EXPECT_THAT(Find("untrained"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no version yet")));
}

TEST_F(ModelReferenceTest, OtherTextIsInvalid) {
  for (const char* reference : {"", "@", "mnist@", "mnist@0", "mnist@01", "mnist@-1", "mnist@A",
                                "../x", "mnist@1@2", "mnist@99999999999999999999", " mnist"}) {
    EXPECT_THAT(Find(reference), StatusIs(absl::StatusCode::kInvalidArgument)) << reference;
  }
}

}  // namespace
}  // namespace fitd
