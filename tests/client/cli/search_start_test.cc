#include "client/cli/search_start.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Refusal;
using testing::_;
using testing::AllOf;
using testing::HasSubstr;
using testing::Return;

using SearchStartTest = FitctlTest;

TEST_F(SearchStartTest, StartsWhatTheOptionsSay) {
  EXPECT_CALL(daemon_->searches, StartSearch(_, EqualsProto(R"pb(
                                               name: 's'
                                               spec {
                                                 model: 'm'
                                                 dataset: 'd'
                                                 training {
                                                   loss { mean_squared_error {} }
                                                   optimizer { adam {} }
                                                   epochs: 3
                                                 }
                                                 resources { threads: 1 }
                                                 space {
                                                   axes {
                                                     path: 'learning_rate'
                                                     real { low: 0.001 high: 0.1 log: true }
                                                   }
                                                   axes {
                                                     path: 'units'
                                                     choice {
                                                       choices { value: '4' }
                                                       choices { value: '8' }
                                                     }
                                                   }
                                                 }
                                                 algorithm { random { trials: 9 seed: 3 } }
                                                 objective { metric: 'loss' mode: MONITOR_MODE_MIN }
                                                 budget { trials: 5 seconds: 60 }
                                               })pb"),
                                             _))
      .WillOnce(Answer(Proto<v1::StartSearchResponse>(
          "search { name: 's' planned_trials: 9 planned_epochs: 27 }")));
  EXPECT_EQ(Run({"search",
                 "start",
                 "s",
                 "--model",
                 "m",
                 "--data",
                 "d",
                 "--loss",
                 "mse",
                 "--optimizer",
                 "adam",
                 "--epochs",
                 "3",
                 "--threads",
                 "1",
                 "--axis",
                 "learning_rate=log:0.001..0.1",
                 "--axis",
                 "units=4,8",
                 "--algorithm",
                 "random:9:seed=3",
                 "--objective",
                 "loss:min",
                 "--budget",
                 "trials=5:seconds=60",
                 "--detach"}),
            kExitOk)
      << err_;
  EXPECT_EQ(out_,
            "Started search s: 9 trials, 27 epochs at most. Follow it with: fitctl search watch "
            "s\n");
}

TEST_F(SearchStartTest, ReadsAFileAndPreviews) {
  const std::string file = Write("search.yaml",
                                 "model: m\ndataset: d\ntraining: {loss: mse, epochs: 2}\n"
                                 "algorithm: grid\nspace:\n  axes:\n"
                                 "    - path: optimizer\n      choice:\n        choices:\n"
                                 "          - value: sgd\n            axes:\n"
                                 "              - {path: momentum, real: {low: 0, high: 0.9, "
                                 "count: 2}}\n          - value: adam\n");
  EXPECT_CALL(daemon_->searches, StartSearch(_, EqualsProto(R"pb(
                                               name: 's'
                                               validate_only: true
                                               spec {
                                                 model: 'm'
                                                 dataset: 'd'
                                                 training {
                                                   loss { mean_squared_error {} }
                                                   epochs: 2
                                                 }
                                                 algorithm { grid {} }
                                                 space {
                                                   axes {
                                                     path: 'optimizer'
                                                     choice {
                                                       choices {
                                                         value: 'sgd'
                                                         axes {
                                                           path: 'momentum'
                                                           real { high: 0.9 count: 2 }
                                                         }
                                                       }
                                                       choices { value: 'adam' }
                                                     }
                                                   }
                                                 }
                                               })pb"),
                                             _))
      .WillOnce(Answer(Proto<v1::StartSearchResponse>(
          "search { planned_trials: 3 planned_epochs: 6 estimated_remaining { seconds: 5 } }")));
  EXPECT_EQ(Run({"search", "start", "s", "-f", file, "--preview"}), kExitOk) << err_;
  EXPECT_EQ(out_, "The search is valid: 3 trials, 6 epochs at most, about 5.0 s\n");
}

TEST_F(SearchStartTest, TheEpochsOfAsynchronousHalvingAreNoBound) {
  EXPECT_CALL(daemon_->searches, StartSearch)
      .WillOnce(Answer(Proto<v1::StartSearchResponse>(
          "search { planned_trials: 9 planned_epochs: 93 "
          "spec { algorithm { asynchronous_halving { trials: 9 } } } }")));
  EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--loss", "mse",
                 "--algorithm", "asha:9", "--preview"}),
            kExitOk)
      << err_;
  EXPECT_EQ(out_, "The search is valid: 9 trials, about 93 epochs\n");
}

TEST_F(SearchStartTest, TellsTheEstimateAndTheBudgetApart) {
  for (const auto& [remaining, text] :
       {std::pair("estimated_remaining { seconds: 248 } budget_remaining { seconds: 1 }",
                  "about 4 min 8 s; its budget ends it after 1.0 s"),
        std::pair("budget_remaining { seconds: 60 }", "its budget ends it after 1 min 0 s")}) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, StartSearch)
        .WillOnce(Answer(Proto<v1::StartSearchResponse>(
            fmt::format("search {{ planned_trials: 200 planned_epochs: 60000 {} }}", remaining))));
    EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--loss", "mse",
                   "--algorithm", "grid", "--preview"}),
              kExitOk)
        << err_;
    EXPECT_EQ(out_,
              fmt::format("The search is valid: 200 trials, 60,000 epochs at most, {}\n", text));
  }
}

TEST_F(SearchStartTest, ReadsShortFormsOfOptionsAndFilesAlike) {
  const std::string file =
      Write("search.yaml",
            "model: m\ndataset: d\nalgorithm: asha:9\nobjective: {metric: val_acc}\nspace:\n"
            "  axes:\n    - {path: loss, choice: {choices: [{value: mse}, {value: 'huber:2'}]}}\n");
  constexpr char kSpec[] =
      "name: 's' validate_only: true spec { model: 'm' dataset: 'd' training {}"
      "algorithm { asynchronous_halving { trials: 9 } } objective { metric: 'val_accuracy' }"
      "space { axes { path: 'loss' choice { choices { value: 'mean_squared_error' }"
      "choices { value: '{\"huber\":{\"delta\":2}}' } } } } }";
  EXPECT_CALL(daemon_->searches, StartSearch(_, EqualsProto(kSpec), _))
      .WillOnce(Answer(v1::StartSearchResponse()));
  EXPECT_EQ(Run({"search", "start", "s", "-f", file, "--preview"}), kExitOk) << err_;
  daemon_.emplace();
  EXPECT_CALL(daemon_->searches, StartSearch(_, EqualsProto(kSpec), _))
      .WillOnce(Answer(v1::StartSearchResponse()));
  EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--algorithm", "asha:9",
                 "--objective", "val_acc", "--axis", "loss=mse,huber:2", "--preview"}),
            kExitOk)
      << err_;
}

TEST_F(SearchStartTest, AMetricOfOnesOwnKeepsItsName) {
  EXPECT_CALL(daemon_->searches,
              StartSearch(_,
                          testing::Property(&v1::StartSearchRequest::spec,
                                            testing::Property(&v1::SearchSpec::objective,
                                                              EqualsProto("metric: 'acc'"))),
                          _))
      .WillOnce(Answer(v1::StartSearchResponse()));
  EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--metrics",
                 "binary_accuracy:name=acc", "--objective", "acc", "--preview"}),
            kExitOk)
      << err_;
}

TEST_F(SearchStartTest, AWrongChoiceOfAFileIsNamedByItsPlace) {
  const std::string file =
      Write("search.yaml",
            "model: m\ndataset: d\nalgorithm: grid\nspace:\n  axes:\n"
            "    - {path: activation, choice: {choices: [{value: 'elu:alhpa=1'}]}}\n");
  EXPECT_CALL(daemon_->searches, StartSearch)
      .WillOnce(Return(Refusal(
          {{"spec.space.axes[0].choice.choices[0].value", "unknown activation \"elu:alhpa=1\""}})));
  EXPECT_EQ(Run({"search", "start", "s", "-f", file}), kExitUsage);
  EXPECT_EQ(err_, "fitctl: " + file +
                      ":6:53: activation: elu: unknown argument \"alhpa\"; did you mean \"alpha\"? "
                      "known: alpha\n");
}

TEST_F(SearchStartTest, OneMistakeGivesOneError) {
  EXPECT_CALL(daemon_->searches, StartSearch)
      .WillOnce(Return(Refusal({{"spec.space.axes[0].path", "unknown setting \"\""},
                                {"spec.space.axes[0]", "has no values"}})));
  EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--axis", "units"}),
            kExitUsage);
  EXPECT_EQ(
      err_,
      "fitctl: --axis: is \"units\"; expected PATH=VALUES, as in learning_rate=log:1e-4..1e-1, "
      "units=16,32\n");
  daemon_.emplace();
  EXPECT_EQ(Run({"search", "start", "s", "-f", "nofile.yaml"}), kExitUsage);
  EXPECT_EQ(err_, "fitctl: --file: cannot read \"nofile.yaml\": No such file or directory\n");
}

TEST_F(SearchStartTest, TheDaemonSaysThatALossIsMissing) {
  EXPECT_CALL(daemon_->searches, StartSearch)
      .WillOnce(Return(Refusal({{"spec.training.loss", "has no kind; allowed: huber"}})));
  EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--axis", "units=1"}),
            kExitUsage);
  EXPECT_EQ(err_, "fitctl: --loss (spec.training.loss): has no kind; allowed: huber\n");
}

TEST_F(SearchStartTest, AFaultOfALossThatAnAxisSetsNamesTheAxis) {
  const auto start = [this](const std::vector<std::string>& options) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, StartSearch)
        .WillOnce(Return(Refusal({{"spec.training.loss", "needs labels"}, {"spec.dataset", "?"}})));
    std::vector<std::string> command = {"search", "start", "s"};
    command.insert(command.end(), options.begin(), options.end());
    EXPECT_EQ(Run(command), kExitUsage);
    return err_;
  };
  EXPECT_EQ(start({"--model", "m", "--data", "d", "--axis", "units=1", "--axis", "loss=mse,mae"}),
            "fitctl: --axis (spec.space.axes[1]): loss: needs labels\n"
            "fitctl: --data (spec.dataset): ?\n");
  EXPECT_THAT(start({"--model", "m", "--data", "d", "--loss", "mse", "--axis", "loss=mse,mae"}),
              HasSubstr("--loss (spec.training.loss): needs labels\n"));
  const std::string file = Write("search.yaml",
                                 "model: m\ndataset: d\nspace:\n  axes:\n"
                                 "    - path: units\n      choice:\n        choices:\n"
                                 "          - value: 1\n            axes:\n"
                                 "              - path: training.loss\n"
                                 "                choice: {choices: [{value: mse}]}\n");
  EXPECT_THAT(start({"-f", file}),
              HasSubstr(file + ":10:17: spec.space.axes[0].choice.choices[0].axes[0]: "
                               "loss: needs labels\n"));
}

TEST_F(SearchStartTest, ThePreviewSaysThatTheSpaceHasNoMore) {
  const auto preview = [&](const std::string& spec) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, StartSearch)
        .WillOnce(Answer(Proto<v1::StartSearchResponse>(
            "search { planned_trials: 5 planned_epochs: 10 spec { " + spec + " } }")));
    EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--preview"}), kExitOk);
    return out_;
  };
  constexpr char kAll[] = "The search is valid: 5 trials, all of the space, 10 epochs at most\n";
  constexpr char kSome[] = "The search is valid: 5 trials, 10 epochs at most\n";
  EXPECT_EQ(preview("algorithm { random { trials: 6 } }"), kAll);
  EXPECT_EQ(preview("algorithm { tpe { trials: 9 } } budget { trials: 6 }"), kAll);
  EXPECT_EQ(preview("algorithm { random { trials: 5 } }"), kSome);
  EXPECT_EQ(preview("algorithm { grid {} }"), kSome);
  EXPECT_EQ(preview("algorithm { halving { trials: 9 } } budget { trials: 5 }"), kSome);
  EXPECT_EQ(preview("algorithm { random { trials: 9 } } budget { epochs: 10 }"), kSome);
}

TEST_F(SearchStartTest, TellsFaultsOfItsOwnAndOfTheDaemonTogether) {
  EXPECT_CALL(daemon_->searches, StartSearch)
      .WillOnce(Return(Refusal({{"spec.algorithm", "has no kind; allowed: grid, random"}})));
  EXPECT_EQ(Run({"search", "start", "s", "--data", "d", "--loss", "mse", "--axis", "units"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("--axis: is \"units\"; expected PATH=VALUES"),
                          HasSubstr("--model: required"),
                          HasSubstr("--algorithm (spec.algorithm): has no kind")));
}

TEST_F(SearchStartTest, StartsFoldsAndTellsTheJobs) {
  EXPECT_CALL(
      daemon_->searches,
      StartSearch(_,
                  EqualsProto("name: 's' validate_only: true spec { model: 'm' dataset: 'd' "
                              "training { loss { mean_squared_error {} } } algorithm { grid {} }"
                              "cross_validation { folds: 5 repeats: 3 } }"),
                  _))
      .WillOnce(Answer(Proto<v1::StartSearchResponse>(
          "search { planned_trials: 4 planned_jobs: 60 planned_epochs: 600 }")));
  EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--loss", "mse",
                 "--algorithm", "grid", "--folds", "5", "--repeats", "3", "--preview"}),
            kExitOk)
      << err_;
  EXPECT_EQ(out_, "The search is valid: 4 trials, 60 jobs, 600 epochs at most\n");
}

TEST_F(SearchStartTest, TellsFaultsOfFoldsByTheirOptions) {
  EXPECT_CALL(daemon_->searches, StartSearch)
      .WillOnce(Return(Refusal(
          {{"spec.cross_validation.folds", "is 1"}, {"spec.cross_validation.repeats", "is -1"}})));
  EXPECT_EQ(Run({"search", "start", "s", "--model", "m", "--data", "d", "--loss", "mse", "--folds",
                 "1", "--repeats", "-1"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("--folds (spec.cross_validation.folds): is 1"),
                          HasSubstr("--repeats (spec.cross_validation.repeats): is -1")));
}

}  // namespace
}  // namespace fitd::cli
