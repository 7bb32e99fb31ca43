#include "core/data/pipeline.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::FloatEq;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Not;
using testing::Pointwise;

class PipelineTest : public DataFixture {
 protected:
  static PipelineOptions Classes(int64_t outputs) {
    PipelineOptions options;
    options.spec.set_standardize_features(true);
    options.spec.set_standardize_targets(false);
    options.target = TargetKind::kClasses;
    options.outputs = outputs;
    return options;
  }

  static PipelineOptions Regression(int64_t outputs, bool standardize_targets) {
    PipelineOptions options = Classes(outputs);
    options.target = TargetKind::kRegression;
    options.spec.set_standardize_targets(standardize_targets);
    return options;
  }

  static PipelineOptions Plain(PipelineOptions options) {
    options.spec.set_standardize_features(false);
    return options;
  }

  static absl::StatusOr<Pipeline> Fit(const std::shared_ptr<const Table>& table,
                                      const PipelineOptions& options) {
    return Pipeline::Fit(*table, AllRows(*table), options);
  }

  static std::vector<float> Features(const RowSource& rows, const std::vector<uint32_t>& indices) {
    std::vector<float> x(indices.size() * static_cast<size_t>(rows.feature_width()), -99);
    rows.GatherFeatures(indices, x.data());
    return x;
  }

  static std::vector<float> Targets(const RowSource& rows, const std::vector<uint32_t>& indices) {
    std::vector<float> y(indices.size() * static_cast<size_t>(rows.target_width()), -99);
    rows.GatherTargets(indices, y.data());
    return y;
  }

  // Features [rows, columns] of 32-bit floats, labels of bytes.
  absl::StatusOr<std::shared_ptr<const Table>> TensorTable(const std::vector<float>& values,
                                                           int64_t columns,
                                                           const std::string& labels,
                                                           bool allow_missing = false) {
    IngestSource x;
    x.path = Write("x.raw",
                   {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
    x.spec.set_file_name("x.raw");
    x.spec.set_role(v1::COLUMN_ROLE_FEATURE);
    x.spec.mutable_raw()->set_dtype(v1::DATA_TYPE_FLOAT32);
    x.spec.mutable_raw()->add_row_shape(columns);
    IngestSource y;
    y.path = Write("y.raw", labels);
    y.spec.set_file_name("y.raw");
    y.spec.set_role(v1::COLUMN_ROLE_LABEL);
    y.spec.mutable_raw()->set_dtype(v1::DATA_TYPE_UINT8);
    return IngestTable({x, y}, {.allow_missing = allow_missing});
  }
};

TEST_F(PipelineTest, StandardizesWithTheTrainingRowsFigures) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,b,y\n1,7,0\n3,7,1\n100,8,1\n,,0\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline,
                            Pipeline::Fit(*table, std::vector<uint32_t>{0, 1, 3}, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  // a: mean 2, deviation 1; b is constant among them: only its mean is taken off.
  EXPECT_THAT(Features(*rows, {0, 1, 2, 3}), ElementsAre(-1, 0, 1, 0, 98, 1, 0, 0));
  EXPECT_THAT(Targets(*rows, {3, 2, 1}), ElementsAre(0, 1, 1));
}

TEST_F(PipelineTest, LeavesNumbersAloneButFillsThemWhenNotStandardizing) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,0\n4,1\n,0\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Plain(Classes(1))));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  EXPECT_THAT(Features(*rows, {0, 1, 2}), ElementsAre(1, 4, 2.5F));
}

TEST_F(PipelineTest, OneHotEndsWithUnknown) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("c,y\nred,0\nblue,1\nred,0\n,1\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto others, CsvTable("c,y\nred,0\ngreen,1\n,0\nblue,1\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(others, true));
  EXPECT_THAT(Features(*rows, {0, 1, 2, 3}), ElementsAre(0, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0));
}

TEST_F(PipelineTest, WidthDoesNotDependOnWhichRowsTrain) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("c,y\nred,0\nblue,1\ngreen,0\n,1\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline,
                            Pipeline::Fit(*table, std::vector<uint32_t>{0, 1}, Classes(1)));
  EXPECT_EQ(pipeline.state().feature_width(), 4);
  EXPECT_EQ(FeatureWidth(table->header()), 4);
}

TEST_F(PipelineTest, MixedColumnsKeepTheOrderOfTheSource) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table,
                            CsvTable("a,c,b,y,w,d\n1,u,0.1,0,2,300\n2,v,0.2,1,3,400\n"));
  PipelineOptions options = Plain(Classes(1));
  options.sample_weight_column = "w";
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, options));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true, "w"));
  EXPECT_THAT(Features(*rows, {1, 0}), ElementsAre(2, 0, 1, 0, 0.2F, 400, 1, 1, 0, 0, 0.1F, 300));
  std::vector<float> weights(2);
  rows->GatherSampleWeights(std::vector<uint32_t>{1, 0}, weights.data());
  EXPECT_THAT(weights, ElementsAre(3, 2));
}

TEST_F(PipelineTest, NamesClassesInByteOrder) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(3)));
  EXPECT_THAT(pipeline.state().target().classes().label_names(),
              ElementsAre("setosa", "versicolor", "virginica"));
  EXPECT_EQ(pipeline.state().feature_width(), 4);
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  EXPECT_THAT(Targets(*rows, {0, 60, 120}), ElementsAre(0, 1, 2));
}

TEST_F(PipelineTest, StandardizesRegressionTargetsInItsStateOnly) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("diabetes.csv", "progression"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Regression(1, true)));
  const v1::RegressionTarget& target = pipeline.state().target().regression();
  EXPECT_NEAR(target.mean(0), 152.13348416, 1e-6);
  EXPECT_NEAR(target.stddev(0), 77.00574586, 1e-6);
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  EXPECT_THAT(Targets(*rows, {0, 1}), ElementsAre(151, 75));
}

TEST_F(PipelineTest, TakesSeveralNumbersPerRowAsTarget) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y,z\n1,2,0.5\n3,4,1.5\n", {"y", "z"}));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Regression(2, false)));
  EXPECT_TRUE(pipeline.state().target().regression().mean().empty());
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  EXPECT_THAT(Targets(*rows, {1, 0}), ElementsAre(4, 1.5F, 2, 0.5F));
}

TEST_F(PipelineTest, NamesRowAndValueOfALabelOutOfRange) {
  std::string csv = "a,y\n";
  for (int row = 1; row <= 20; ++row)
    csv += "1," + std::to_string(row == 17 ? 10 : row % 10) + "\n";
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable(csv));
  EXPECT_THAT(Fit(table, Classes(10)), StatusIs(absl::StatusCode::kInvalidArgument,
                                                "spec.dataset: row 17: label 10 not in [0, 10)"));
  FITD_EXPECT_OK(Fit(table, Classes(11)));
}

TEST_F(PipelineTest, RefusesLabelsThatAreNoClassIndex) {
  for (const std::string label : {"-1", "2147483648", "3.5", "1e30"}) {
    FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,0\n2," + label + "\n"));
    EXPECT_THAT(Fit(table, Classes(10)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("row 2: label")))
        << label;
  }
}

TEST_F(PipelineTest, ListsTheFirstFewWrongLabels) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,5\n1,6\n1,7\n1,8\n1,9\n1,8\n1,5\n"));
  EXPECT_THAT(Fit(table, Classes(1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("row 5: label 9 not in [0, 2)"), Not(HasSubstr("row 6")),
                             HasSubstr("and 2 more rows"))));
}

TEST_F(PipelineTest, RefusesMoreClassesThanOutputs) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  EXPECT_THAT(Fit(table, Classes(2)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has 3 different labels")));
}

TEST_F(PipelineTest, NamesOutputsWithoutALabel) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,yes\n2,yes\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(1)));
  EXPECT_THAT(pipeline.state().target().classes().label_names(), ElementsAre("yes", "(output 2)"));
}

TEST_F(PipelineTest, GivesOutputsWithoutALabelNamesOfTheirOwn) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,(output 3)\n2,(output 4)\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(4)));
  EXPECT_THAT(pipeline.state().target().classes().label_names(),
              ElementsAre("(output 3)", "(output 4)", "(output 5)", "(output 6)"));
}

TEST_F(PipelineTest, RefusesTextAsRegressionTarget) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,yes\n2,no\n"));
  EXPECT_THAT(
      Fit(table, Regression(1, false)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("label column \"y\" holds text")));
  FITD_ASSERT_OK_AND_ASSIGN(table, CsvTable("a,y\n1,1\n2,2\n"));
  EXPECT_THAT(Fit(table, Regression(3, false)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("1 number per row; the model has 3 outputs")));
}

TEST_F(PipelineTest, SurvivesConstantAndHugeColumns) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,b,y\n1e38,0.1,0\n-1e38,0.1,1\n1e300,0.1,0\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  for (const float x : Features(*rows, {0, 1, 2})) EXPECT_TRUE(std::isfinite(x)) << x;
  EXPECT_EQ(pipeline.state().features(1).numeric().stddev(), 1);
}

// Kernels take such a deviation for 0.
TEST_F(PipelineTest, TakesADeviationBelowTheNormalFloatsForNone) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1e-39,1e-39\n2e-39,2e-39\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Regression(1, true)));
  EXPECT_EQ(pipeline.state().features(0).numeric().stddev(), 1);
  EXPECT_THAT(pipeline.state().target().regression().stddev(), ElementsAre(1));
}

TEST_F(PipelineTest, BindMatchesColumnsAndLabelsByName) {
  FITD_ASSERT_OK_AND_ASSIGN(auto train, CsvTable("a,c,y\n1,u,no\n2,v,yes\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(train, Plain(Classes(1))));
  FITD_ASSERT_OK_AND_ASSIGN(auto other, CsvTable("y,extra,c,a\nyes,9,w,5\nno,9,v,6\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(other, true));
  EXPECT_THAT(Features(*rows, {0, 1}), ElementsAre(5, 0, 0, 1, 6, 0, 1, 0));
  EXPECT_THAT(Targets(*rows, {0, 1}), ElementsAre(1, 0));
}

TEST_F(PipelineTest, BindFindsWordsThatAreNumbersElsewhere) {
  FITD_ASSERT_OK_AND_ASSIGN(auto train, CsvTable("c,y\n7,x\nu,8\n2.5,8\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(train, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto numbers, CsvTable("c,y\n7,8\n2.5,8\n3,8\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(numbers, true));
  EXPECT_THAT(Features(*rows, {0, 1, 2}), ElementsAre(0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1));
  EXPECT_THAT(Targets(*rows, {0}), ElementsAre(0));
}

TEST_F(PipelineTest, BindNamesWhatDoesNotFit) {
  FITD_ASSERT_OK_AND_ASSIGN(auto train, CsvTable("age,height,y\n1,5,no\n2,6,yes\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(train, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto other, CsvTable("aeg,height,y\n1,tall,maybe\n2,short,yes\n"));
  EXPECT_THAT(pipeline.Bind(other, true),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("lacks column \"age\" of the training data; it has \"aeg\""),
                             HasSubstr("column \"height\" holds text"),
                             HasSubstr("row 1: unknown label \"maybe\""))));
  FITD_ASSERT_OK_AND_ASSIGN(auto unlabelled, CsvTable("age,height,z\n1,5,0\n", {"z"}));
  FITD_EXPECT_OK(pipeline.Bind(unlabelled, false));
  EXPECT_THAT(pipeline.Bind(unlabelled, true),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("lacks column \"y\" of the training data")));
}

TEST_F(PipelineTest, RefusesUnfitSampleWeights) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,neg,gap,text,y\n1,-1,1,u,0\n2,1,,v,1\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(1)));
  for (const std::string column : {"neg", "gap", "text", "nowhere"}) {
    EXPECT_THAT(pipeline.Bind(table, true, column),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(column)));
    PipelineOptions options = Classes(1);
    options.sample_weight_column = column;
    EXPECT_THAT(Fit(table, options), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("spec.training.sample_weight_column")));
  }
}

TEST_F(PipelineTest, ArraysPassUntouched) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, TensorTable({1, 2, 3, 4, 5, 6}, 3, std::string("\0\1", 2)));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  EXPECT_THAT(Features(*rows, {1, 0}), ElementsAre(4, 5, 6, 1, 2, 3));
  EXPECT_THAT(Targets(*rows, {1, 0}), ElementsAre(1, 0));
}

// Whatever the columns, and whether or not the next rows are told.
TEST_F(PipelineTest, RescalesWhileItGathers) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto array,
                            TensorTable({1, 2, 3, 4, 5, 6}, 2, std::string("\0\1\0", 3)));
  FITD_ASSERT_OK_AND_ASSIGN(const auto columns, CsvTable("a,b,y\n1,u,0\n2,v,1\n4,u,0\n"));
  for (const auto& table : {array, columns}) {
    FITD_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, Fit(table, Classes(2)));
    FITD_ASSERT_OK_AND_ASSIGN(const auto rows, pipeline.Bind(table, true));
    const std::vector<uint32_t> indices = {2, 0, 1, 2, 2, 1, 0, 0, 1, 2};
    std::vector<float> expected = Features(*rows, indices);
    for (float& value : expected) value = value * 4 - 2;  // Exact.
    std::vector<float> x(expected.size());
    rows->GatherFeatures(indices, std::vector<uint32_t>{1, 2}, {.scale = 4, .offset = -2},
                         x.data());
    EXPECT_THAT(x, Pointwise(FloatEq(), expected));
  }
}

TEST_F(PipelineTest, FillsMissingValuesOfArrays) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  FITD_ASSERT_OK_AND_ASSIGN(auto table,
                            TensorTable({1, nan, 3, 4, nan, 9}, 2, std::string("\0\1\0", 3), true));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(table, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(table, true));
  EXPECT_THAT(Features(*rows, {0, 1, 2}), ElementsAre(1, 6.5F, 3, 4, 2, 9));
}

TEST_F(PipelineTest, ColumnsOfNumbersBindToAnArrayOfTheSameSize) {
  FITD_ASSERT_OK_AND_ASSIGN(auto train, CsvTable("a,b,labels\n1,10,0\n3,30,1\n", {"labels"}));
  FITD_ASSERT_OK_AND_ASSIGN(auto pipeline, Fit(train, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto tensor, TensorTable({3, 10, 2, 20}, 2, std::string("\0\1", 2)));
  FITD_ASSERT_OK_AND_ASSIGN(auto rows, pipeline.Bind(tensor, true));
  EXPECT_THAT(Features(*rows, {0, 1}), ElementsAre(1, -1, 0, 0));
  FITD_ASSERT_OK_AND_ASSIGN(auto wide, TensorTable({3, 10, 2}, 3, std::string("\0", 1)));
  EXPECT_THAT(pipeline.Bind(wide, true), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PipelineTest, LoadsWhatItSaved) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,c,y\n1,u,0\n2,v,1\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto fitted, Fit(table, Classes(1)));
  FITD_ASSERT_OK_AND_ASSIGN(auto loaded, Pipeline::Load(fitted.state()));
  EXPECT_EQ(loaded.state().SerializeAsString(), fitted.state().SerializeAsString());
}

TEST_F(PipelineTest, LoadRefusesNonsense) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,c,y\n1,u,0\n2,v,1\n"));
  FITD_ASSERT_OK_AND_ASSIGN(auto fitted, Fit(table, Classes(1)));
  const auto corrupt = [&](auto change) {
    v1::PipelineState state = fitted.state();
    change(state);
    EXPECT_THAT(Pipeline::Load(state), StatusIs(absl::StatusCode::kDataLoss))
        << state.DebugString();
  };
  corrupt([](v1::PipelineState& s) { s.clear_features(); });
  corrupt([](v1::PipelineState& s) { s.clear_target(); });
  corrupt([](v1::PipelineState& s) { s.set_feature_width(5); });
  corrupt([](v1::PipelineState& s) { s.mutable_features(0)->mutable_numeric()->set_stddev(0); });
  corrupt([](v1::PipelineState& s) {
    s.mutable_features(1)->mutable_one_hot()->set_vocabulary(1, "a");
  });
  corrupt([](v1::PipelineState& s) {
    s.mutable_features(1)->set_width(std::numeric_limits<int64_t>::max());
  });
  corrupt([](v1::PipelineState& s) { s.mutable_features(0)->mutable_array()->add_shape(-1); });
  corrupt([](v1::PipelineState& s) { s.mutable_target()->mutable_regression()->add_stddev(-1); });
}

}  // namespace
}  // namespace fitd
