#include "core/metric/resolve_metrics.h"

#include <string>
#include <vector>

#include "core/metric/metric_factory.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using MetricSpecs = google::protobuf::RepeatedPtrField<v1::MetricSpec>;

MetricSpecs Specs(const std::vector<std::string>& texts) {
  MetricSpecs specs;
  for (const std::string& text : texts) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, specs.Add())) << text;
  }
  return specs;
}

absl::Status Resolve(MetricSpecs& specs, const MetricShapes& shapes) {
  Violations violations;
  ResolveMetrics(specs, &shapes, "metrics", violations);
  return violations.ToStatus();
}

std::vector<std::string> Names(const MetricSpecs& specs) {
  std::vector<std::string> names;
  for (const v1::MetricSpec& spec : specs) names.push_back(spec.name());
  return names;
}

const MetricShapes kClasses = {.outputs = 10, .class_targets = true};
const MetricShapes kOneHot = {.outputs = 10, .class_targets = false};
const MetricShapes kBinary = {.outputs = 1, .class_targets = true};

TEST(ResolveMetricsTest, NamesMetricsAsKerasDoes) {
  MetricSpecs specs = Specs({"accuracy {}", "precision {}", "precision { class_id: 1 }",
                             "precision { class_id: 2 }", "top_k_categorical_accuracy {}",
                             "root_mean_squared_error {}", "name: 'f' recall {}"});
  FITD_ASSERT_OK(Resolve(specs, kClasses));
  EXPECT_THAT(Names(specs),
              ElementsAre("accuracy", "precision", "precision_1", "precision_2",
                          "top_k_categorical_accuracy", "root_mean_squared_error", "f"));
}

TEST(ResolveMetricsTest, LeavesNamesThatUsersTook) {
  MetricSpecs specs = Specs({"precision {}", "precision {}", "name: 'precision_1' recall {}"});
  FITD_ASSERT_OK(Resolve(specs, kClasses));
  EXPECT_THAT(Names(specs), ElementsAre("precision", "precision_2", "precision_1"));
}

TEST(ResolveMetricsTest, WritesDefaults) {
  MetricSpecs specs =
      Specs({"binary_accuracy {}", "top_k_categorical_accuracy {}", "recall {}", "auc {}"});
  FITD_ASSERT_OK(Resolve(specs, kClasses));
  EXPECT_EQ(specs[0].binary_accuracy().threshold(), 0.5F);
  EXPECT_EQ(specs[1].top_k_categorical_accuracy().k(), 5);
  EXPECT_EQ(specs[2].recall().threshold(), 0.5F);
  EXPECT_EQ(specs[3].auc().num_thresholds(), 200);
}

v1::MetricSpec ResolvedAccuracy(const MetricShapes& shapes) {
  MetricSpecs specs = Specs({"accuracy {}"});
  EXPECT_THAT(Resolve(specs, shapes), IsOk());
  return specs[0];
}

TEST(ResolveMetricsTest, ChoosesTheAccuracyThatFits) {
  EXPECT_TRUE(ResolvedAccuracy(kClasses).has_sparse_categorical_accuracy());
  EXPECT_TRUE(ResolvedAccuracy(kOneHot).has_categorical_accuracy());
  EXPECT_EQ(ResolvedAccuracy(kBinary).binary_accuracy().threshold(), 0.5F);
  EXPECT_EQ(ResolvedAccuracy(kBinary).name(), "accuracy");
}

TEST(ResolveMetricsTest, CutsLogitsAtZero) {
  EXPECT_EQ(ResolvedAccuracy({.outputs = 1, .class_targets = true, .logits = true})
                .binary_accuracy()
                .threshold(),
            0.0F);
}

TEST(ResolveMetricsTest, IsDoneOnce) {
  MetricSpecs specs = Specs({"accuracy {}", "precision {}", "precision {}", "auc {}"});
  const MetricShapes logits = {.outputs = 1, .class_targets = true, .logits = true};
  FITD_ASSERT_OK(Resolve(specs, logits));
  MetricSpecs again = specs;
  FITD_ASSERT_OK(Resolve(again, logits));
  for (int i = 0; i < specs.size(); ++i) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(specs[i], again[i]))
        << again[i].DebugString();
  }
}

struct BadMetric {
  std::string spec;
  MetricShapes shapes;
  std::string fault;
};

class BadMetricTest : public testing::TestWithParam<BadMetric> {};

TEST_P(BadMetricTest, IsRefused) {
  MetricSpecs specs = Specs({"name: 'first' mean_squared_error {}", GetParam().spec});
  EXPECT_THAT(Resolve(specs, GetParam().shapes),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().fault)));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BadMetricTest,
    testing::Values(
        BadMetric{"", kClasses, "metrics[1]: has no kind; allowed: accuracy, "},
        BadMetric{"name: 'first' auc {}", kClasses,
                  "metrics[1].name: is \"first\" like that of an earlier metric"},
        BadMetric{"name: 'loss' auc {}", kClasses, "metrics[1].name: is \"loss\""},
        BadMetric{"name: 'val_auc' auc {}", kClasses, "metrics[1].name: is \"val_auc\""},
        BadMetric{"name: 'AUC' auc {}", kClasses,
                  "metrics[1].name: is \"AUC\"; allowed: 1 to 64 of a-z"},
        BadMetric{"auc { num_thresholds: 1 }", kClasses,
                  "metrics[1].auc.num_thresholds: is 1; allowed: 2 to 1,000,000"},
        BadMetric{"auc { num_thresholds: 2000000000 }", kClasses,
                  "metrics[1].auc.num_thresholds: is 2000000000"},
        BadMetric{"top_k_categorical_accuracy { k: 0 }", kClasses,
                  "metrics[1].top_k_categorical_accuracy.k: is 0; allowed: 1 or more"},
        BadMetric{"top_k_categorical_accuracy { k: 11 }", kClasses,
                  "metrics[1].top_k_categorical_accuracy.k: is 11; allowed: at most the model's 10 "
                  "outputs"},
        BadMetric{"precision { threshold: 1.5 }", kClasses,
                  "metrics[1].precision.threshold: is 1.5; allowed: 0 to 1"},
        BadMetric{"precision { threshold: nan }", kClasses,
                  "metrics[1].precision.threshold: is nan"},
        BadMetric{
            "recall { class_id: 10 }", kClasses,
            "metrics[1].recall.class_id: is 10; the model has 10 outputs, so 0 to 9 are allowed"},
        BadMetric{"recall { class_id: -1 }", kClasses, "metrics[1].recall.class_id: is -1"},
        BadMetric{"binary_accuracy { threshold: inf }", kBinary,
                  "metrics[1].binary_accuracy.threshold: is inf"},
        BadMetric{"categorical_accuracy {}", kBinary,
                  "metrics[1].categorical_accuracy: needs a model with at least 2"},
        BadMetric{"top_k_categorical_accuracy {}", kBinary,
                  "metrics[1].top_k_categorical_accuracy: needs a model"},
        BadMetric{"sparse_categorical_accuracy {}", kOneHot,
                  "metrics[1].sparse_categorical_accuracy: needs one class label per row"}));

TEST(MetricFactoryTest, MakesEveryKindAfterResolving) {
  const auto* kinds = v1::MetricSpec::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) {
    MetricSpecs specs;
    v1::MetricSpec& spec = *specs.Add();
    spec.GetReflection()->MutableMessage(&spec, kinds->field(i));
    FITD_ASSERT_OK(Resolve(specs, kClasses));
    EXPECT_NE(MakeMetric(spec, kClasses.outputs), nullptr) << kinds->field(i)->name();
  }
}

TEST(MetricFactoryTest, KnowsWhichWayIsBetter) {
  EXPECT_TRUE(LargerIsBetter(Specs({"accuracy {}"})[0]));
  EXPECT_TRUE(LargerIsBetter(Specs({"r2_score {}"})[0]));
  EXPECT_FALSE(LargerIsBetter(Specs({"mean_squared_error {}"})[0]));
}

}  // namespace
}  // namespace fitd
