#include "server/jobs/datasets.h"

#include <filesystem>
#include <memory>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DatasetsTest : public testing::Test {
 protected:
  void SetUp() override { FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data"))); }

  absl::Status Delete(const std::string& name) {
    v1::DeleteDatasetRequest request;
    request.set_name(name);
    return daemon_->datasets.Delete(request).status();
  }

  bool Exists(const v1::Dataset& dataset) {
    return std::filesystem::exists(daemon_->directory->DatasetPath(dataset.sha256()));
  }

  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
};

// Failure case 30.
TEST_F(DatasetsTest, FileThatWasRemovedByOthersIsDataLoss) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset dataset,
                            UploadCsv(daemon_->datasets, "d", "x,kind\n1,b\n2,a\n", "kind"));
  std::filesystem::remove(daemon_->directory->DatasetPath(dataset.sha256()));
  v1::PreviewDatasetRequest request;
  request.set_name("d");
  EXPECT_THAT(daemon_->datasets.Preview(request),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("lost")));
}

TEST_F(DatasetsTest, PreviewNamesAllFaultsAtOnce) {
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "iris", "x,kind\n1,b\n2,a\n", "kind"));
  v1::PreviewDatasetRequest request;
  request.set_name("irs");
  request.set_rows(-1);
  EXPECT_THAT(daemon_->datasets.Preview(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::AllOf(HasSubstr("unknown data set \"irs\"; did you mean \"iris\"?"),
                                      HasSubstr("rows: is -1; allowed: 1 to 100, or 0 for 5"))));
}

TEST_F(DatasetsTest, PreviewShowsSchemaStatisticsAndFirstRows) {
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", "x,kind\n1.5,b\n,a\n3,b\n", "kind"));
  v1::PreviewDatasetRequest request;
  request.set_name("d");
  request.set_rows(2);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PreviewDatasetResponse preview,
                            daemon_->datasets.Preview(request));
  EXPECT_EQ(preview.dataset().rows(), 3);
  EXPECT_EQ(preview.statistics_size(), 2);
  ASSERT_EQ(preview.rows_size(), 2);
  EXPECT_THAT(preview.rows(0).values(), ElementsAre("1.5", "b"));
  EXPECT_THAT(preview.rows(1).values(), ElementsAre("", "a"));
}

TEST_F(DatasetsTest, PreviewOfLongTextsIsCut) {
  std::string csv = "text,kind\n";
  for (int row = 0; row < 20; ++row) {
    csv += std::string(1000, static_cast<char>('a' + row)) + (row % 2 == 0 ? ",a\n" : ",b\n");
  }
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", csv, "kind"));
  v1::PreviewDatasetRequest request;
  request.set_name("d");
  request.set_rows(20);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PreviewDatasetResponse preview,
                            daemon_->datasets.Preview(request));
  ASSERT_EQ(preview.rows_size(), 20);
  EXPECT_EQ(preview.rows(0).values(0), std::string(253, 'a') + "...");
}

// Clients take 4 MiB unless they are told otherwise.
TEST_F(DatasetsTest, PreviewOfManyColumnsFitsIntoAMessage) {
  std::string csv = "y";
  for (int i = 0; i < 60'000; ++i) csv += fmt::format(",column{}", i);
  for (int row = 0; row < 3; ++row) {
    csv += fmt::format("\n{}", row);
    for (int i = 0; i < 60'000; ++i) csv += fmt::format(",{}.{:05}", row, i);
  }
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", csv + "\n", "y"));
  v1::PreviewDatasetRequest request;
  request.set_name("d");
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PreviewDatasetResponse preview,
                            daemon_->datasets.Preview(request));
  EXPECT_LT(preview.ByteSizeLong(), 4U << 20);
  EXPECT_EQ(preview.dataset().columns_size(), 60'001);
  EXPECT_EQ(preview.rows(0).values_size(), 60'001);
  EXPECT_GT(preview.statistics_size(), 10'000);
  EXPECT_EQ(preview.statistics(10'000).column(), "column9999");
}

TEST_F(DatasetsTest, PreviewOfTooManyRowsIsRefused) {
  v1::PreviewDatasetRequest request;
  request.set_name("d");
  request.set_rows(101);
  EXPECT_THAT(daemon_->datasets.Preview(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rows: is 101")));
}

TEST_F(DatasetsTest, ContentGoesWithTheLastNameThatHasIt) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset dataset,
                            UploadCsv(daemon_->datasets, "a", TwoClusters(4), "kind"));
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "b", TwoClusters(4), "kind"));
  FITD_ASSERT_OK(Delete("a"));
  EXPECT_TRUE(Exists(dataset));
  FITD_ASSERT_OK(Delete("b"));
  EXPECT_FALSE(Exists(dataset));
  EXPECT_THAT(Delete("b"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(DatasetsTest, OpenTableStaysReadableAfterItsDeletion) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset dataset,
                            UploadCsv(daemon_->datasets, "a", TwoClusters(4), "kind"));
  FITD_ASSERT_OK_AND_ASSIGN(const auto table, daemon_->tables.Open(dataset.sha256()));
  FITD_ASSERT_OK_AND_ASSIGN(const auto same, daemon_->tables.Open(dataset.sha256()));
  EXPECT_EQ(table, same);
  FITD_ASSERT_OK(Delete("a"));
  EXPECT_EQ(table->TextAt(2, 0), "low");
}

}  // namespace
}  // namespace fitd
