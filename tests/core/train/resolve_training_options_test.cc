#include "core/train/resolve_training_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ResolveTrainingOptionsTest, TellsWhatIsWrongWhateverModelAndDataAre) {
  auto training = Parse<v1::TrainingSpec>(R"(
    metrics { auc { num_thresholds: 1 } } metrics { accuracy {} }
    class_weight { key: 'a' value: -1 }
    early_stopping { monitor: 'val_accuracy' patience: -2 }
    reduce_lr_on_plateau { monitor: 'acuracy' factor: 3 })");
  Violations violations;
  ResolveTrainingOptions("t", /*validates=*/false, /*shapes=*/nullptr, training, violations);
  EXPECT_THAT(
      violations.ToStatus(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("t.loss"), HasSubstr("t.metrics[0].auc.num_thresholds: is 1"),
                     HasSubstr("t.class_weight[\"a\"]: is -1"),
                     HasSubstr("t.early_stopping.monitor: is \"val_accuracy\", but there are no"),
                     HasSubstr("t.early_stopping.patience: is -2"),
                     HasSubstr("t.reduce_lr_on_plateau.monitor: unknown metric \"acuracy\""),
                     HasSubstr("t.reduce_lr_on_plateau.factor: is 3"))));
}

TEST(ResolveTrainingOptionsTest, AMetricThatCouldNotBeReadMayBeTheMonitors) {
  auto training = Parse<v1::TrainingSpec>(
      "loss { mean_squared_error {} } metrics {} early_stopping { monitor: 'top3' }");
  Violations violations;
  ResolveTrainingOptions("t", /*validates=*/false, /*shapes=*/nullptr, training, violations);
  EXPECT_THAT(violations.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("t.metrics[0]"), Not(HasSubstr("early_stopping")))));
}

}  // namespace
}  // namespace fitd
