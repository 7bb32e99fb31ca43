#include "client/cli/fit_command.h"

#include <string>

#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Refusal;
using testing::_;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::Return;

using FitCommandTest = FitctlTest;

TEST_F(FitCommandTest, StartsTheFitThatTheOptionsSay) {
  EXPECT_CALL(
      daemon_->jobs,
      StartFit(
          _,
          EqualsProto(
              "spec { model: 'm' dataset: 'd' initial_version: 3 training {"
              "loss { huber { delta: 2 } } optimizer { adam {} learning_rate { constant: 0.001 } }"
              "metrics { accuracy {} } metrics { auc {} } epochs: 5 batch_size: 32 seed: 7 "
              "shuffle: false "
              "validation_split: 0.2 class_weight { key: 'a' value: 2 } class_weight { key: 'b' "
              "value: 1 }"
              "sample_weight_column: 'w' early_stopping { monitor: 'val_loss' patience: 3 }"
              "reduce_lr_on_plateau { monitor: 'val_loss' patience: 10 }"
              "pipeline { standardize_features: false standardize_targets: true } }"
              "resources { threads: 2 priority: -5 } }"),
          _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-3' }")));
  EXPECT_EQ(Run({"fit",
                 "m",
                 "--data",
                 "d",
                 "--validation-split",
                 "0.2",
                 "--loss",
                 "huber:delta=2",
                 "--optimizer",
                 "adam",
                 "--learning-rate",
                 "0.001",
                 "--epochs",
                 "5",
                 "--batch-size",
                 "32",
                 "--metrics",
                 "accuracy, auc",
                 "--seed",
                 "7",
                 "--early-stopping",
                 "val_loss:3",
                 "--threads",
                 "2",
                 "--detach",
                 "--sample-weight",
                 "w",
                 "--class-weight",
                 "a=2,b=1",
                 "--reduce-lr-on-plateau",
                 "val_loss:10",
                 "--no-shuffle",
                 "--initial-version",
                 "3",
                 "--no-standardize-features",
                 "--standardize-targets",
                 "--priority",
                 "-5"}),
            kExitOk)
      << err_;
  EXPECT_EQ(out_, "Started job fit-3. Follow it with: fitctl job watch fit-3\n");
}

TEST_F(FitCommandTest, AFoldIsAnIndexAndACount) {
  EXPECT_CALL(daemon_->jobs,
              StartFit(_,
                       EqualsProto("spec { model: 'm' dataset: 'd' training {"
                                   "loss { mean_squared_error {} } fold { index: 2 count: 5 } } }"),
                       _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-3' }")));
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "mse", "--fold", "2/5", "--detach"}),
            kExitOk);
  daemon_.emplace();
  EXPECT_CALL(daemon_->jobs,
              StartFit(_,
                       EqualsProto("validate_only: true spec { model: 'm' dataset: 'd' training {"
                                   "loss { mean_squared_error {} } } }"),
                       _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "mse", "--fold", "2of5"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--fold: is \"2of5\"; expected INDEX/COUNT, e.g. 2/5"));
}

TEST_F(FitCommandTest, OptionsOverrideTheFitFile) {
  const std::string file =
      Write("f.yaml", "model: m\ndataset: d\ntraining: {loss: mse, seed: 1, epochs: 2}\n");
  EXPECT_CALL(daemon_->jobs,
              StartFit(_,
                       EqualsProto("validate_only: true spec { model: 'm' dataset: 'd' training {"
                                   "loss { mean_squared_error {} } seed: 8 epochs: 2 } }"),
                       _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"fit", "-f", file, "--seed", "8", "--validate-only"}), kExitOk);
}

TEST_F(FitCommandTest, AFileThatCannotBeReadIsTheOnlyFaultBesideThoseOfOptions) {
  EXPECT_EQ(Run({"fit", "-f", "none.yaml", "--seed", "x"}), kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("--file: cannot read"), HasSubstr("--seed: is"),
                          Not(HasSubstr("required"))));
}

TEST_F(FitCommandTest, ReportsEveryWrongOptionOfAFit) {
  EXPECT_CALL(daemon_->jobs, StartFit).WillOnce(Return(Refusal({})));
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "msee", "--optimizer", "adem", "--metrics",
                 "accuracy, aucc"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("--loss: "), HasSubstr("\nfitctl: --optimizer: "),
                          HasSubstr("\nfitctl: --metrics: metric 2: unknown metric")));
}

TEST_F(FitCommandTest, AddsWhatTheDaemonSaysAboutTheOtherOptions) {
  EXPECT_CALL(daemon_->jobs, StartFit).WillOnce([](auto, const v1::StartFitRequest& request, auto) {
    EXPECT_TRUE(request.validate_only());
    EXPECT_EQ(request.spec().training().epochs(), -1);
    return Refusal({{"spec.training.loss", "is not set"},
                    {"spec.training.epochs", "is -1; allowed: 1 to 1,000,000"}});
  });
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "msee", "--epochs", "-1"}), kExitUsage);
  EXPECT_EQ(err_.substr(0, err_.find(';')), "fitctl: --loss: loss: unknown loss \"msee\"");
  EXPECT_THAT(err_, AllOf(HasSubstr("\nfitctl: --epochs (spec.training.epochs): is -1"),
                          Not(HasSubstr("is not set"))));
}

}  // namespace
}  // namespace fitd::cli
