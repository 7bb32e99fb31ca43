#include <limits>

#include "core/data/pipeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TransformTest : public DataFixture {
 protected:
  absl::StatusOr<Pipeline> FitCsv(std::string_view csv, bool standardize) {
    FITD_ASSIGN_OR_RETURN(const auto table, CsvTable(csv));
    PipelineOptions options;
    options.spec.set_standardize_features(standardize);
    options.spec.set_standardize_targets(false);
    return Pipeline::Fit(*table, AllRows(*table), options);
  }

  // One input of the given shape.
  static Pipeline ArrayPipeline(const std::vector<int64_t>& shape) {
    v1::PipelineState state;
    state.set_feature_width(ElementCountOf(shape));
    auto& feature = *state.add_features();
    feature.set_column("features");
    feature.set_width(state.feature_width());
    feature.mutable_array()->mutable_shape()->Assign(shape.begin(), shape.end());
    feature.mutable_array()->set_dtype(v1::DATA_TYPE_UINT8);
    state.mutable_target()->add_columns("labels");
    state.mutable_target()->mutable_classes()->add_label_names("0");
    state.mutable_target()->mutable_classes()->add_label_names("1");
    return *Pipeline::Load(state);
  }

  static int64_t ElementCountOf(const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (const int64_t axis : shape) count *= axis;
    return count;
  }

  template <typename T>
  static v1::Tensor Tensor(v1::DataType dtype, const std::vector<int64_t>& shape,
                           const std::vector<T>& values) {
    v1::Tensor tensor;
    tensor.set_dtype(dtype);
    tensor.mutable_shape()->Assign(shape.begin(), shape.end());
    tensor.set_data(values.data(), values.size() * sizeof(T));
    return tensor;
  }

  static void AddRow(v1::RowBatch& batch, const std::vector<std::string>& texts) {
    auto& row = *batch.add_rows();
    for (const std::string& text : texts) row.add_values()->set_text(text);
  }
};

TEST_F(TransformTest, NamedRowsEqualTheRowsOfTheTable) {
  const std::string csv = "a,c,b,y\n1,u,0.1,0\n2.5,v,0.2,1\n,7,-3,1\n";
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv(csv, true));
  FITD_ASSERT_OK_AND_ASSIGN(const auto table, Table::Open(TablePath()));
  FITD_ASSERT_OK_AND_ASSIGN(const auto rows, pipeline.Bind(table, false));
  std::vector<float> expected(3 * static_cast<size_t>(pipeline.state().feature_width()));
  rows->GatherFeatures(std::vector<uint32_t>{0, 1, 2}, expected.data());

  v1::RowBatch batch;
  for (const char* column : {"b", "unused", "c", "a"}) batch.add_columns(column);
  AddRow(batch, {"0.1", "x", "u", "1"});
  AddRow(batch, {" 0.2", "x", "v", "2.5"});
  auto& last = *batch.add_rows();
  last.add_values()->set_number(-3);
  last.add_values();
  last.add_values()->set_number(7);
  last.add_values();
  EXPECT_THAT(pipeline.Transform(batch), IsOkAndHolds(expected));
}

TEST_F(TransformTest, UnknownAndMissingWordsAreUnknown) {
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv("c,y\nu,0\nv,1\n", true));
  v1::RowBatch batch;
  batch.add_columns("c");
  AddRow(batch, {"w"});
  batch.add_rows()->add_values();
  batch.add_rows()->add_values()->set_number(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(pipeline.Transform(batch), IsOkAndHolds(ElementsAre(0, 0, 1, 0, 0, 1, 0, 0, 1)));
}

TEST_F(TransformTest, ListsEveryFaultOfNamedRows) {
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv("a,b,y\n1,2,0\n3,4,1\n", true));
  v1::RowBatch batch;
  batch.add_columns("a");
  batch.add_columns("b");
  AddRow(batch, {"1", "2"});
  AddRow(batch, {"1"});
  AddRow(batch, {"one", "0x1p3"});
  batch.add_rows()->add_values()->set_number(std::numeric_limits<double>::infinity());
  batch.mutable_rows(3)->add_values();
  EXPECT_THAT(pipeline.Transform(batch),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("rows.rows[1].values: has 1 value for 2 columns"),
                             HasSubstr("rows.rows[2].values[0]: \"one\" is not a number"),
                             HasSubstr("rows.rows[2].values[1]"),
                             HasSubstr("rows.rows[3].values[0]: is infinite"),
                             Not(HasSubstr("rows.rows[0]")))));
}

TEST_F(TransformTest, CountsFaultsBeyondTwenty) {
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv("a,y\n1,0\n3,1\n", true));
  v1::RowBatch batch;
  batch.add_columns("a");
  for (int i = 0; i < 1000; ++i) AddRow(batch, {"bad"});
  EXPECT_THAT(pipeline.Transform(batch),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("rows.rows[19]"), Not(HasSubstr("rows.rows[20]")),
                             HasSubstr("and 980 more"))));
  for (int i = 0; i < 10'000; ++i) AddRow(batch, {"bad"});
  EXPECT_THAT(pipeline.Transform(batch),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("and at least 9980 more")));
}

TEST_F(TransformTest, NamesMissingAndDoubledColumns) {
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv("age,b,y\n1,2,0\n3,4,1\n", true));
  v1::RowBatch batch;
  for (const char* column : {"agee", "b", "b"}) batch.add_columns(column);
  EXPECT_THAT(
      pipeline.Transform(batch),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("rows.columns: lacks column \"age\" of the training data; it "
                               "has \"agee\", \"b\""),
                     HasSubstr("rows.columns[2]: \"b\" is there twice"),
                     HasSubstr("rows.rows: is empty"))));
}

TEST_F(TransformTest, MissingColumnsHideNoWrongRow) {
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv("age,b,y\n1,2,0\n3,4,1\n", true));
  v1::RowBatch batch;
  for (const char* column : {"b", "c"}) batch.add_columns(column);
  AddRow(batch, {"1"});
  AddRow(batch, {"x", "2"});
  EXPECT_THAT(pipeline.Transform(batch),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("rows.columns: lacks column \"age\""),
                             HasSubstr("rows.rows[0].values: has 1 value for 2 columns"),
                             HasSubstr("rows.rows[1].values[0]: \"x\" is not a number"))));
}

TEST_F(TransformTest, ArraysCannotComeAsNamedRows) {
  v1::RowBatch batch;
  batch.add_columns("features");
  AddRow(batch, {"1"});
  EXPECT_THAT(ArrayPipeline({2, 2}).Transform(batch),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("send a tensor")));
}

TEST_F(TransformTest, TakesTensorsOfEveryTypeAndBothShapes) {
  const Pipeline pipeline = ArrayPipeline({1, 2});
  const auto expected = IsOkAndHolds(ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(pipeline.Transform(Tensor<uint8_t>(v1::DATA_TYPE_UINT8, {2, 2}, {1, 2, 3, 4})),
              expected);
  EXPECT_THAT(pipeline.Transform(Tensor<int8_t>(v1::DATA_TYPE_INT8, {2, 1, 2}, {1, 2, 3, 4})),
              expected);
  EXPECT_THAT(pipeline.Transform(Tensor<uint16_t>(v1::DATA_TYPE_UINT16, {2, 2}, {1, 2, 3, 4})),
              expected);
  EXPECT_THAT(pipeline.Transform(Tensor<int16_t>(v1::DATA_TYPE_INT16, {2, 2}, {1, 2, 3, 4})),
              expected);
  EXPECT_THAT(pipeline.Transform(Tensor<int32_t>(v1::DATA_TYPE_INT32, {2, 2}, {1, 2, 3, 4})),
              expected);
  EXPECT_THAT(pipeline.Transform(Tensor<int64_t>(v1::DATA_TYPE_INT64, {2, 2}, {1, 2, 3, 4})),
              expected);
  EXPECT_THAT(pipeline.Transform(Tensor<float>(v1::DATA_TYPE_FLOAT32, {2, 2}, {1, 2, 3, 4})),
              expected);
  EXPECT_THAT(pipeline.Transform(Tensor<double>(v1::DATA_TYPE_FLOAT64, {2, 2}, {1, 2, 3, 4})),
              expected);
}

TEST_F(TransformTest, StandardizesTensorsOfScalarColumns) {
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv("a,b,y\n1,10,0\n3,30,1\n", true));
  EXPECT_THAT(pipeline.Transform(Tensor<float>(v1::DATA_TYPE_FLOAT32, {1, 2}, {1, 40})),
              IsOkAndHolds(ElementsAre(-1, 2)));
}

TEST_F(TransformTest, RefusesShapesThatDoNotFit) {
  const Pipeline pipeline = ArrayPipeline({28, 28});
  const std::vector<std::vector<int64_t>> shapes = {{},
                                                    {784},
                                                    {1, 783},
                                                    {0, 784},
                                                    {-1, 784},
                                                    {1, 28, 27},
                                                    {1, 28, 28, 1},
                                                    {4194305, 4194305, 211106198978564},
                                                    {0, int64_t{1} << 62},
                                                    std::vector<int64_t>(1'000'000, 1)};
  for (const auto& shape : shapes) {
    const auto result = pipeline.Transform(Tensor<uint8_t>(v1::DATA_TYPE_UINT8, shape, {1}));
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument,
                                 AllOf(HasSubstr("tensor.shape"),
                                       HasSubstr("expected [rows, 784] or [rows, 28, 28]"))));
    EXPECT_LT(result.status().message().size(), 1024);
  }
}

TEST_F(TransformTest, RefusesDataOfAnotherSizeThanTheShape) {
  const Pipeline pipeline = ArrayPipeline({4});
  EXPECT_THAT(pipeline.Transform(Tensor<float>(v1::DATA_TYPE_FLOAT32, {1, 4}, {1, 2, 3})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tensor.data: has 12 bytes; the shape [1, 4]")));
  EXPECT_THAT(pipeline.Transform(Tensor<float>(v1::DATA_TYPE_FLOAT32,
                                               {std::numeric_limits<int64_t>::max() / 2, 4}, {1})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tensor.data")));
  EXPECT_THAT(pipeline.Transform(Tensor<float>(v1::DATA_TYPE_UNSPECIFIED, {1, 4}, {1, 2, 3, 4})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tensor.dtype")));
}

TEST_F(TransformTest, NamesValuesOfTensorsThatAreNotFinite) {
  const Pipeline pipeline = ArrayPipeline({2});
  EXPECT_THAT(
      pipeline.Transform(Tensor<double>(v1::DATA_TYPE_FLOAT64, {2, 2}, {1, 2, 3, std::nan("")})),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tensor.data[1, 1]: is not")));
  EXPECT_THAT(pipeline.Transform(Tensor<double>(v1::DATA_TYPE_FLOAT64, {1, 2}, {1e300, 1})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tensor.data[0, 0]")));
}

TEST_F(TransformTest, FillsNanWhereTheTrainingDataHadGaps) {
  v1::PipelineState state = ArrayPipeline({2}).state();
  for (const double fill : {0.5, 7.0}) state.mutable_features(0)->mutable_array()->add_fill(fill);
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, Pipeline::Load(state));
  const float nan = std::nanf("");
  EXPECT_THAT(pipeline.Transform(Tensor<float>(v1::DATA_TYPE_FLOAT32, {2, 2}, {nan, 1, 2, nan})),
              IsOkAndHolds(ElementsAre(0.5, 1, 2, 7)));
}

TEST_F(TransformTest, TextColumnsCannotComeAsTensors) {
  FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FitCsv("c,y\nu,0\nv,1\n", true));
  EXPECT_THAT(pipeline.Transform(Tensor<float>(v1::DATA_TYPE_FLOAT32, {1, 3}, {1, 0, 0})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"c\" holds text"), HasSubstr("send named rows"))));
}

}  // namespace
}  // namespace fitd
