#include "core/data/ingest.h"

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class IngestTest : public DataFixture {
 protected:
  static absl::Status Validate(std::vector<v1::SourceSpec> sources) {
    return ValidateSources(sources, "header.sources");
  }
};

TEST_F(IngestTest, ListsEveryFaultOfTheSpecs) {
  v1::SourceSpec csv;
  csv.mutable_csv()->set_delimiter("::");
  (*csv.mutable_csv()->mutable_column_kinds())["a"] = v1::COLUMN_KIND_UNSPECIFIED;
  csv.set_role(v1::COLUMN_ROLE_LABEL);
  EXPECT_THAT(Validate({csv}), StatusIs(absl::StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr("header.sources[0].file_name"),
                                              HasSubstr("header.sources[0].csv.delimiter"),
                                              HasSubstr("header.sources[0].csv.column_kinds[a]"),
                                              HasSubstr("header.sources[0].role"))));
}

TEST_F(IngestTest, ATableNamesItsLabels) {
  v1::SourceSpec csv;
  csv.set_file_name("x.csv");
  csv.mutable_csv();
  FITD_EXPECT_OK(Validate({csv}));
  EXPECT_THAT(ValidateLabels(std::vector{csv}, "header.sources"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("header.sources[0].csv.label_columns: is empty")));
  csv.mutable_csv()->add_label_columns("y");
  FITD_EXPECT_OK(ValidateLabels(std::vector{csv}, "header.sources"));
}

TEST_F(IngestTest, WantsOneCsvOrAPairOfTensors) {
  v1::SourceSpec features;
  features.set_file_name("x");
  features.set_role(v1::COLUMN_ROLE_FEATURE);
  features.mutable_idx();
  v1::SourceSpec labels = features;
  labels.set_role(v1::COLUMN_ROLE_LABEL);
  FITD_EXPECT_OK(Validate({features, labels}));
  FITD_EXPECT_OK(Validate({labels, features}));
  for (const auto& sources : {std::vector<v1::SourceSpec>{},
                              {features},
                              {features, features},
                              {features, labels, labels}}) {
    EXPECT_THAT(Validate(sources), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("header.sources: allowed:")));
  }
}

TEST_F(IngestTest, RefusesRowShapesThatOverflow) {
  v1::SourceSpec raw;
  raw.set_file_name("x");
  raw.set_role(v1::COLUMN_ROLE_FEATURE);
  raw.mutable_raw()->set_dtype(v1::DATA_TYPE_FLOAT32);
  v1::SourceSpec labels = raw;
  labels.set_role(v1::COLUMN_ROLE_LABEL);
  const std::vector<std::vector<int64_t>> shapes = {{16, (int64_t{1} << 60) + 2},
                                                    {4194305, 4194305, 211106198978564},
                                                    {65536, 65536, 65536, 65536},
                                                    {0, int64_t{1} << 62},
                                                    {-5},
                                                    std::vector<int64_t>(1'000'000, 1)};
  for (const auto& shape : shapes) {
    raw.mutable_raw()->mutable_row_shape()->Assign(shape.begin(), shape.end());
    EXPECT_THAT(Validate({raw, labels}), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  HasSubstr("header.sources[0].raw.row_shape")));
  }
}

TEST_F(IngestTest, GivesTheSameBytesTwice) {
  const std::vector<IngestSource> sources = {Csv("tests/data/iris.csv", {"species"})};
  FITD_ASSERT_OK_AND_ASSIGN(const IngestResult first, Ingest(sources, {}, dir_.File("a")));
  FITD_ASSERT_OK_AND_ASSIGN(const IngestResult second, Ingest(sources, {}, dir_.File("b")));
  FITD_ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(dir_.File("a")));
  EXPECT_EQ(first.sha256, second.sha256);
  EXPECT_EQ(first.sha256, Sha256Hex(bytes));
  EXPECT_EQ(first.bytes, static_cast<int64_t>(bytes.size()));
}

TEST_F(IngestTest, EndsEarlyWhenItIsCancelled) {
  std::string text = "a,y\n";
  for (int row = 0; row < 200'000; ++row) text += "1,2\n";  // Several reads of 256 KiB.
  IngestSource csv = Csv(Write("t.csv", text), {"y"});
  IngestSource raw;
  raw.path = csv.path;
  raw.spec.set_file_name("x");
  raw.spec.mutable_raw()->set_dtype(v1::DATA_TYPE_UINT8);
  raw.spec.set_role(v1::COLUMN_ROLE_FEATURE);
  IngestSource labels = raw;
  labels.spec.set_role(v1::COLUMN_ROLE_LABEL);
  for (std::vector<IngestSource> sources :
       {std::vector<IngestSource>{csv}, std::vector<IngestSource>{raw, labels}}) {
    int asked = 0;
    for (IngestSource& source : sources) source.cancelled = [&asked] { return ++asked == 4; };
    EXPECT_THAT(Ingest(sources, {}, TablePath()).status(), StatusIs(absl::StatusCode::kCancelled));
    EXPECT_EQ(asked, 4);
    EXPECT_THAT(ReadFile(TablePath()), StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST_F(IngestTest, LeavesNothingBehindWhenItFails) {
  EXPECT_THAT(CsvTable("a,y\n1,2\n1,2,3\n"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadFile(TablePath()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadFile(TablePath() + ".tmp"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace fitd
