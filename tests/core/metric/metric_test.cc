// The kinds of metrics against values that keras.metrics gives.

#include "core/metric/metric.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "core/metric/metric_factory.h"
#include "core/metric/metric_set.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::DoubleNear;
using ::testing::Eq;
using ::testing::Optional;

v1::MetricSpec Spec(const std::string& text) {
  v1::MetricSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return spec;
}

struct Rows {
  int64_t outputs;
  std::vector<float> predictions;
  int64_t target_width;
  std::vector<float> targets;

  int64_t size() const { return static_cast<int64_t>(predictions.size()) / outputs; }
  MetricBatch Batch(int64_t begin, int64_t rows) const {
    return {.rows = rows,
            .outputs = outputs,
            .predictions = predictions.data() + begin * outputs,
            .targets = targets.data() + begin * target_width,
            .target_width = target_width};
  }
};

// Four rows of three classes, with ties; as indices and one-hot.
const Rows kSparse = {
    3, {.1F, .6F, .3F, .5F, .25F, .25F, .2F, .2F, .6F, .4F, .4F, .2F}, 1, {1, 2, 2, 1}};
const Rows kOneHot = {3, kSparse.predictions, 3, {0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0}};
const Rows kLogits = {1, {-2, 0, 1, 3, -.5F}, 1, {0, 1, 0, 1, 1}};
const Rows kNumbers = {2, {0, 1, 2, 2, 3, 5}, 2, {1, 1, 2, 3, 5, 4}};

std::optional<double> Measure(const std::string& spec, const Rows& rows) {
  const std::unique_ptr<Metric> metric = MakeMetric(Spec(spec), rows.outputs);
  metric->Update(rows.Batch(0, rows.size()));
  return metric->Result();
}

auto Near(double value) { return Optional(DoubleNear(value, 1e-6)); }

TEST(AccuracyTest, TakesTheFirstOfTheLargestOutputs) {
  EXPECT_THAT(Measure("sparse_categorical_accuracy {}", kSparse), Near(0.5));
  EXPECT_THAT(Measure("categorical_accuracy {}", kOneHot), Near(0.5));
}

TEST(AccuracyTest, BinaryComparesEachOutputWithTheThreshold) {
  EXPECT_THAT(Measure("binary_accuracy { threshold: 0.5 }", kOneHot), Near(10.0 / 12));
  EXPECT_THAT(Measure("binary_accuracy { threshold: 0.3 }", kOneHot), Near(9.0 / 12));
  EXPECT_THAT(Measure("binary_accuracy { threshold: 0 }", kLogits), Near(0.4));
}

TEST(AccuracyTest, TopKCountsTiesAsRight) {
  EXPECT_THAT(Measure("top_k_categorical_accuracy { k: 1 }", kSparse), Near(0.75));
  EXPECT_THAT(Measure("top_k_categorical_accuracy { k: 2 }", kSparse), Near(1));
  EXPECT_THAT(Measure("top_k_categorical_accuracy { k: 5 }", kOneHot), Near(1));
}

TEST(PrecisionRecallTest, CountsOutputsAboveTheThreshold) {
  EXPECT_THAT(Measure("precision { threshold: 0.5 }", kSparse), Near(1));
  EXPECT_THAT(Measure("precision { threshold: 0.3 }", kSparse), Near(0.6));
  EXPECT_THAT(Measure("recall { threshold: 0.5 }", kSparse), Near(0.5));
  EXPECT_THAT(Measure("recall { threshold: 0.3 }", kOneHot), Near(0.75));
}

TEST(PrecisionRecallTest, CanLookAtOneClass) {
  EXPECT_THAT(Measure("precision { threshold: 0.3 class_id: 1 }", kSparse), Near(1));
  EXPECT_THAT(Measure("recall { threshold: 0.3 class_id: 2 }", kSparse), Near(0.5));
}

TEST(PrecisionRecallTest, IsAbsentWithoutPositives) {
  EXPECT_THAT(Measure("precision { threshold: 0.9 }", kSparse), Eq(std::nullopt));
  EXPECT_THAT(Measure("recall { threshold: 0.5 class_id: 0 }", kSparse), Eq(std::nullopt));
}

TEST(AucTest, SumsOverThresholds) {
  EXPECT_THAT(Measure("auc { num_thresholds: 200 }", kSparse), Near(0.84375));
  EXPECT_THAT(Measure("auc { num_thresholds: 5 }", kOneHot), Near(0.78125));
  EXPECT_THAT(Measure("auc { num_thresholds: 3 }", kSparse), Near(0.75));
  EXPECT_THAT(Measure("auc { num_thresholds: 2 }", kSparse), Near(0.5));
}

TEST(AucTest, TakesLogitsOrClampsToProbabilities) {
  EXPECT_THAT(Measure("auc { num_thresholds: 200 from_logits: true }", kLogits), Near(2.0 / 3));
  EXPECT_THAT(Measure("auc { num_thresholds: 200 }", kLogits), Near(5.0 / 12));
}

TEST(AucTest, IsAbsentWhenAllTargetsAreAlike) {
  EXPECT_THAT(Measure("auc { num_thresholds: 200 }", {1, {.1F, .9F}, 1, {1, 1}}), Eq(std::nullopt));
}

TEST(AucTest, SurvivesOutputsThatAreNotNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(Measure("auc { num_thresholds: 200 }", {1, {nan, infinity, -infinity}, 1, {1, 1, 0}}),
              Near(1));
}

TEST(MeanErrorTest, AveragesOverRowsAndOutputs) {
  EXPECT_THAT(Measure("mean_squared_error {}", kNumbers), Near(7.0 / 6));
  EXPECT_THAT(Measure("mean_absolute_error {}", kNumbers), Near(5.0 / 6));
  EXPECT_THAT(Measure("root_mean_squared_error {}", kNumbers), Near(1.0801234245));
}

TEST(R2ScoreTest, AveragesOverOutputs) {
  EXPECT_THAT(Measure("r2_score {}", kNumbers), Near(0.4972527472));
}

TEST(R2ScoreTest, KeepsVarianceNextToALargeMean) {
  EXPECT_THAT(Measure("r2_score {}",
                      {1, {16777216, 16777218, 16777220}, 1, {16777216, 16777218, 16777222}}),
              Near(1 - 4 / (56.0 / 3)));
}

TEST(R2ScoreTest, IsAbsentWithoutVariance) {
  EXPECT_THAT(Measure("r2_score {}", {1, {1}, 1, {2}}), Eq(std::nullopt));
  EXPECT_THAT(Measure("r2_score {}", {1, {1, 2, 3}, 1, {.1F, .1F, .1F}}), Eq(std::nullopt));
}

TEST(MetricSetTest, NamesItsResultsAndLeavesOutWhatIsUndefined) {
  google::protobuf::RepeatedPtrField<v1::MetricSpec> specs;
  *specs.Add() = Spec("name: 'a' mean_squared_error {}");
  *specs.Add() = Spec("name: 'b' r2_score {}");
  MetricSet metrics(specs, 1);
  const Rows rows = {1, {1}, 1, {3}};
  metrics.Update(rows.Batch(0, 1));
  const auto results = metrics.Results();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].name(), "a");
  EXPECT_EQ(results[0].value(), 4);
  EXPECT_EQ(results[1].name(), "b");
  EXPECT_FALSE(results[1].has_value());
  EXPECT_FALSE(MakeMetricValue("c", std::numeric_limits<double>::quiet_NaN()).has_value());
}

// Five rows of three classes, each with a row.
const Rows kClasses = {
    3,
    {.1F, .6F, .3F, .5F, .25F, .25F, .2F, .2F, .6F, .4F, .4F, .2F, .8F, .1F, .1F},
    1,
    {1, 2, 2, 1, 0}};
const Rows kClassRows = {3, kClasses.predictions, 3, {0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0}};

// Every kind but "accuracy", which stands for one of the others.
std::vector<std::string> Kinds() {
  std::vector<std::string> kinds;
  const auto* oneof = v1::MetricSpec::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < oneof->field_count(); ++i) {
    if (oneof->field(i)->name() != "accuracy") kinds.push_back(oneof->field(i)->name());
  }
  return kinds;
}

class AnyMetricTest : public testing::TestWithParam<std::string> {
 protected:
  // With the options that the kind cannot do without.
  static std::string Text() {
    const std::string& kind = GetParam();
    if (kind == "top_k_categorical_accuracy") return kind + " { k: 1 }";
    if (kind == "auc") return kind + " { num_thresholds: 200 }";
    const bool threshold = kind == "binary_accuracy" || kind == "precision" || kind == "recall";
    return kind + (threshold ? " { threshold: 0.5 }" : " {}");
  }
};

TEST_P(AnyMetricTest, DoesNotDependOnHowRowsAreBatched) {
  const std::unique_ptr<Metric> metric = MakeMetric(Spec(Text()), kClassRows.outputs);
  metric->Update(kClassRows.Batch(0, 1));
  metric->Update(kClassRows.Batch(1, 0));
  metric->Update(kClassRows.Batch(1, 4));
  EXPECT_EQ(metric->Result(), Measure(Text(), kClassRows));
}

TEST_P(AnyMetricTest, CountsClassIndicesAsOneHotRows) {
  EXPECT_EQ(Measure(Text(), kClasses), Measure(Text(), kClassRows));
}

TEST_P(AnyMetricTest, IsAbsentBeforeTheFirstRowAndAfterAReset) {
  const std::unique_ptr<Metric> metric = MakeMetric(Spec(Text()), kClassRows.outputs);
  EXPECT_EQ(metric->Result(), std::nullopt);
  metric->Update(kClassRows.Batch(0, 5));
  EXPECT_NE(metric->Result(), std::nullopt);
  metric->Reset();
  EXPECT_EQ(metric->Result(), std::nullopt);
  metric->Update(kClassRows.Batch(0, 5));
  EXPECT_EQ(metric->Result(), Measure(Text(), kClassRows));
}

TEST_P(AnyMetricTest, GoesOnFromItsState) {
  google::protobuf::RepeatedPtrField<v1::MetricSpec> specs;
  *specs.Add() = Spec("name: 'm' " + Text());
  MetricSet first(specs, kClassRows.outputs);
  first.Update(kClassRows.Batch(0, 2));
  const std::vector<double> state = first.State();
  ASSERT_EQ(state.size(), first.state_size());
  MetricSet second(specs, kClassRows.outputs);
  second.Update(kClassRows.Batch(3, 2));  // Of another life.
  second.SetState(state);
  second.Update(kClassRows.Batch(2, 3));
  EXPECT_EQ(second.Results()[0].value(), Measure(Text(), kClassRows));
}

INSTANTIATE_TEST_SUITE_P(Kinds, AnyMetricTest, testing::ValuesIn(Kinds()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fitd
