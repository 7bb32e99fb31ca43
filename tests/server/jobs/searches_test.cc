#include "server/jobs/searches.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "server/jobs/housekeeping.h"
#include "server/jobs/time.h"
#include "tests/server/jobs/search_fixture.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using SearchesTest = SearchFixture;

TEST_F(SearchesTest, EveryTrialIsAJobAndTheBestIsServed) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  Run();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(search.trials(), 6);
  EXPECT_EQ(search.ended_trials(), 6);
  EXPECT_EQ(search.unscored_trials(), 0);
  EXPECT_EQ(search.spec().objective().metric(), "loss");
  EXPECT_EQ(search.spec().objective().mode(), v1::MONITOR_MODE_MIN);

  const std::vector<v1::SearchTrial> trials = Trials();
  ASSERT_THAT(trials, SizeIs(6));
  EXPECT_EQ(trials[4].parameters(0).value(), "0.1");
  EXPECT_EQ(trials[4].parameters(1).value(), "4");
  const v1::SearchTrial& best = trials[static_cast<size_t>(search.best_trial() - 1)];
  for (const v1::SearchTrial& trial : trials) {
    EXPECT_EQ(trial.state(), v1::JOB_STATE_SUCCEEDED);
    EXPECT_EQ(trial.epochs(), 3);
    EXPECT_GE(trial.score(), best.score());
    FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get(trial.job_id()));
    EXPECT_EQ(job.search(), "s");
    EXPECT_EQ(job.trial(), trial.number());
    EXPECT_EQ(job.spec().model(), "s");
    EXPECT_EQ(job.has_architecture(), trial.parameters(1).value() != "4");
  }
  v1::GetModelVersionRequest get;
  get.set_model("s@best");
  FITD_ASSERT_OK_AND_ASSIGN(const auto version, daemon_->models.GetVersion(get));
  EXPECT_EQ(version.version().weights_sha256(), best.weights_sha256());
  EXPECT_EQ(std::to_string(version.version().spec().layers(0).dense().units()),
            best.parameters(1).value());
}

TEST_F(SearchesTest, OrdersReachTheTrials) {
  FITD_ASSERT_OK(StartSearch(Grid(kForever)));
  Run();
  Await([](const v1::Search& search) { return search.trials() == 6; });
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK_AND_ASSIGN(const auto paused,
                            daemon_->searches.Pause(Named<v1::PauseSearchRequest>()));
  EXPECT_EQ(paused.search().state(), v1::SEARCH_STATE_PAUSED);
  const auto in_state = [&](v1::JobState state) {
    v1::ListJobsRequest request;
    request.add_states(state);
    return daemon_->jobs.List(request)->jobs_size();
  };
  while (in_state(v1::JOB_STATE_PAUSED) < 6) std::this_thread::yield();

  FITD_ASSERT_OK_AND_ASSIGN(const auto resumed,
                            daemon_->searches.Resume(Named<v1::ResumeSearchRequest>()));
  EXPECT_EQ(resumed.search().state(), v1::SEARCH_STATE_RUNNING);
  while (in_state(v1::JOB_STATE_RUNNING) < 2) std::this_thread::yield();
  EXPECT_EQ(in_state(v1::JOB_STATE_PAUSED), 0);

  FITD_ASSERT_OK(daemon_->searches.Cancel(Named<v1::CancelSearchRequest>()));
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_CANCELLED);
  EXPECT_NE(search.best_trial(), 0);
  EXPECT_TRUE(Trials()[0].has_score());
  EXPECT_FALSE(Trials()[5].has_score());
  for (const v1::SearchTrial& trial : Trials()) {
    EXPECT_EQ(trial.state(), v1::JOB_STATE_CANCELLED);
    EXPECT_EQ(trial.stop_reason(), "the search was cancelled");
  }
  v1::GetModelVersionRequest get;
  get.set_model("s@best");
  FITD_ASSERT_OK_AND_ASSIGN(const auto best, daemon_->models.GetVersion(get));
  EXPECT_EQ(best.version().version(), search.best_version());
  FITD_EXPECT_OK(daemon_->searches.Cancel(Named<v1::CancelSearchRequest>()));
  EXPECT_THAT(daemon_->searches.Resume(Named<v1::ResumeSearchRequest>()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("search s is CANCELLED and cannot be resumed")));
}

TEST_F(SearchesTest, ATrialThatItsUserCancelsIsAResult) {
  FITD_ASSERT_OK(StartSearch(Grid(kForever)));
  Run();
  Await([](const v1::Search& search) { return search.trials() == 6; });
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(Cancel("fit-1"));
  const v1::Search search =
      Await([](const v1::Search& search) { return search.ended_trials() == 1; });
  EXPECT_EQ(search.best_trial(), 1);
  EXPECT_EQ(search.unscored_trials(), 0);
  const v1::SearchTrial trial = Trials()[0];
  EXPECT_TRUE(trial.has_score());
  EXPECT_EQ(trial.stop_reason(), "its job was cancelled");
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get("fit-1"));
  FITD_ASSERT_OK_AND_ASSIGN(const auto events, ReadEvents(daemon_->jobs, "fit-1"));
  EXPECT_EQ(trial.epochs(), std::count_if(events.begin(), events.end(), [](const auto& event) {
              return event.has_epoch_completed();
            }));
  EXPECT_EQ(trial.epochs(), job.progress().complete_epochs());
  FITD_ASSERT_OK(daemon_->searches.Cancel(Named<v1::CancelSearchRequest>()));
}

TEST_F(SearchesTest, ATrialsTimeIsWhatItTrained) {
  v1::StartSearchRequest request = Grid(4);
  *request.mutable_spec()->mutable_algorithm() =
      ParseText<v1::SearchAlgorithmSpec>("halving { trials: 4 min_epochs: 1 factor: 2 }");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  AwaitSearchEnd();
  for (const v1::SearchTrial& trial : Trials()) {
    FITD_ASSERT_OK_AND_ASSIGN(const auto events, ReadEvents(daemon_->jobs, trial.job_id()));
    EXPECT_GT(FromDuration(trial.training_time()), std::chrono::nanoseconds(0));
    EXPECT_EQ(FromDuration(trial.training_time()), TimeOfEpochs(events));
  }
}

TEST_F(SearchesTest, APausedSearchStaysSoThroughARestart) {
  FITD_ASSERT_OK(StartSearch(Grid(kForever)));
  FITD_ASSERT_OK(daemon_->searches.Pause(Named<v1::PauseSearchRequest>()));
  Restart();
  Run();
  EXPECT_EQ(GetSearch().state(), v1::SEARCH_STATE_PAUSED);
  EXPECT_THAT(Trials(), IsEmpty());
}

TEST_F(SearchesTest, AllFaultsAreToldAtOnce) {
  v1::StartSearchRequest request = Grid();
  request.set_name("S!");
  request.mutable_spec()->mutable_training()->set_batch_size(-1);
  request.mutable_spec()->mutable_space()->mutable_axes(0)->set_path("learning_rte");
  EXPECT_THAT(
      StartSearch(request),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("name: is \"S!\""), HasSubstr("spec.training.batch_size: is -1"),
                     HasSubstr("spec.space.axes[0].path: unknown setting"))));
}

TEST_F(SearchesTest, TheEndsOfEveryAxisAreChecked) {
  v1::StartSearchRequest request = Grid();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'batch_size' integer { low: 0 high: 4 } }"
      "axes { path: 'dense.activation' choice { choices { value: 'leaky_relu' axes { path: "
      "'dense.activation.leaky_relu.negative_slope' real { low: -1 high: 1.5 count: 2 } } } } }"
      "axes { path: 'training.optimizer.adagrad.epsilon' real { low: 1 high: 2 count: 2 } }"
      "axes { path: 'dense_1.units' choice { choices { value: '2' } choices { value: '1' } } }");
  EXPECT_THAT(
      StartSearch(request),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          AllOf(HasSubstr("spec.space.axes[0].integer.low: 0: spec.training.batch_size: is 0"),
                HasSubstr("spec.space.axes[1].choice.choices[0].axes[0].real.low: -1: "),
                HasSubstr("spec.space.axes[2].real.low: 1: training.optimizer.adagrad.epsilon is a "
                          "field of adagrad, but here is adam"),
                HasSubstr("spec.space.axes[3].choice.choices[1].value: 1: "),
                Not(HasSubstr("integer.high")), Not(HasSubstr("choices[0].value")))));
  EXPECT_THAT(daemon_->searches.List({})->searches(), IsEmpty());
}

TEST_F(SearchesTest, AnAxisAndOneOfAPartOfItAreBothSet) {
  v1::StartSearchRequest request = Grid();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'training.optimizer.sgd.momentum' choice { choices { value: '0.9' } } }"
      "axes { path: 'optimizer' choice { choices { value: 'sgd' } choices { value: "
      "'{\"sgd\": {\"momentum\": 0.5, \"nesterov\": true}}' } } }");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  AwaitSearchEnd();
  FITD_ASSERT_OK_AND_ASSIGN(v1::Job job, Get(Trials()[0].job_id()));
  EXPECT_EQ(job.spec().training().optimizer().sgd().momentum(), 0.9F);
  FITD_ASSERT_OK_AND_ASSIGN(job, Get(Trials()[1].job_id()));
  EXPECT_EQ(job.spec().training().optimizer().sgd().momentum(), 0.9F);
  EXPECT_TRUE(job.spec().training().optimizer().sgd().nesterov());
}

TEST_F(SearchesTest, AxesThatExcludeEachOtherAreRefused) {
  v1::StartSearchRequest request = Grid();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' real { low: 0.1 high: 0.2 count: 2 } }"
      "axes { path: 'training.optimizer.learning_rate' choice { choices { value: "
      "'{\"exponentialDecay\": {\"initialLearningRate\": 0.1, \"decaySteps\": 9, \"decayRate\": "
      "0.5}}' } } }");
  EXPECT_THAT(StartSearch(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is a field of constant, but here is exponential_decay")));
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' real { low: 0.1 high: 0.2 count: 2 } }"
      "axes { path: 'training.optimizer.learning_rate.exponential_decay' choice { choices { value: "
      "'{\"initialLearningRate\": 0.1, \"decaySteps\": 9, \"decayRate\": 0.5}' } } }");
  EXPECT_THAT(StartSearch(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("spec.space.axes: exclude each other: ")));
}

TEST_F(SearchesTest, WhatIsNotThereIsNamed) {
  v1::StartSearchRequest request = Grid();
  request.mutable_spec()->set_model("mm");
  EXPECT_THAT(StartSearch(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"m\"?")));
  request = Grid();
  request.mutable_spec()->mutable_objective()->set_metric("acuracy");
  EXPECT_THAT(StartSearch(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.objective.metric: unknown metric \"acuracy\"; did you mean "
                                 "\"accuracy\"?")));
  EXPECT_THAT(daemon_->searches.Get(Named<v1::GetSearchRequest>()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("unknown search \"s\"")));
}

TEST_F(SearchesTest, TheSpecHasEveryDefaultButTrialsHaveThoseOfTheirOwnKinds) {
  v1::StartSearchRequest request = Grid();
  v1::TrainingSpec& training = *request.mutable_spec()->mutable_training();
  training.mutable_optimizer()->mutable_adam();
  training.clear_batch_size();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'optimizer' choice { choices { value: 'adam' } choices { value: 'sgd' } } }");
  FITD_ASSERT_OK(StartSearch(request));
  const v1::Search search = GetSearch();
  EXPECT_EQ(search.spec().training().batch_size(), 32);
  EXPECT_EQ(search.spec().training().optimizer().learning_rate().constant(), 0.001F);
  EXPECT_EQ(search.spec().resources().max_restarts(), 5);
  Run();
  AwaitSearchEnd();
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get(Trials()[1].job_id()));
  EXPECT_EQ(job.spec().training().optimizer().learning_rate().constant(), 0.01F);
}

TEST_F(SearchesTest, TheDirectionFollowsFromTheMetric) {
  v1::StartSearchRequest request = Grid();
  request.mutable_spec()->mutable_training()->set_validation_split(0.25);
  request.set_validate_only(true);
  FITD_ASSERT_OK_AND_ASSIGN(v1::Search search, StartSearch(request));
  EXPECT_EQ(search.spec().objective().metric(), "val_loss");
  request.mutable_spec()->mutable_objective()->set_metric("val_accuracy");
  FITD_ASSERT_OK_AND_ASSIGN(search, StartSearch(request));
  EXPECT_EQ(search.spec().objective().mode(), v1::MONITOR_MODE_MAX);
}

TEST_F(SearchesTest, ANameIsGivenOnce) {
  v1::StartSearchRequest request = Grid();
  request.set_request_id("once");
  FITD_ASSERT_OK(StartSearch(request));
  FITD_ASSERT_OK(StartSearch(request));
  request.set_request_id("twice");
  EXPECT_THAT(StartSearch(request), StatusIs(absl::StatusCode::kAlreadyExists));
  request.set_name("m");
  EXPECT_THAT(StartSearch(request),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("a model with the name m")));
}

TEST_F(SearchesTest, WhatASearchNeedsCannotBeDeleted) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  v1::DeleteDatasetRequest dataset;
  dataset.set_name("d");
  EXPECT_THAT(daemon_->datasets.Delete(dataset),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("used by search s")));
  v1::DeleteModelRequest model;
  model.set_name("s");
  EXPECT_THAT(daemon_->models.Delete(model),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("trained by search s")));
  EXPECT_THAT(daemon_->searches.Delete(Named<v1::DeleteSearchRequest>()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is RUNNING; cancel it")));
}

TEST_F(SearchesTest, DeletingKeepsTheVersions) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  Run();
  AwaitSearchEnd();
  FITD_ASSERT_OK(daemon_->searches.Delete(Named<v1::DeleteSearchRequest>()));
  EXPECT_THAT(daemon_->searches.List({})->searches(), IsEmpty());
  EXPECT_EQ(daemon_->jobs.List({})->jobs_size(), 0);
  v1::GetModelVersionRequest get;
  get.set_model("s@best");
  FITD_EXPECT_OK(daemon_->models.GetVersion(get));
}

TEST_F(SearchesTest, HousekeepingTakesJobsAndVersionsButNoResults) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  Run();
  const v1::Search search = AwaitSearchEnd();
  const std::vector<std::string> table = Table();
  Housekeeping(*daemon_->store, {.keep_versions = 1, .keep_finished_jobs = 1}).Run();
  EXPECT_EQ(daemon_->jobs.List({})->jobs_size(), 1);
  EXPECT_EQ(Table(), table);
  v1::GetModelVersionRequest get;
  get.set_model("s@best");
  FITD_EXPECT_OK(daemon_->models.GetVersion(get));
}

TEST_F(SearchesTest, AVersionOfAnotherArchitectureIsTrainedOnAndVerified) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  Run();
  AwaitSearchEnd();
  const v1::SearchTrial five = Trials()[2];
  v1::StartFitRequest warm = ClassifierFit("s", "d", 2);
  warm.mutable_spec()->set_initial_version(five.version());
  FITD_ASSERT_OK_AND_ASSIGN(v1::Job job, Start(warm));
  EXPECT_EQ(job.architecture().layers(0).dense().units(), 5);
  FITD_ASSERT_OK_AND_ASSIGN(job, AwaitEnd(daemon_->jobs, job.id()));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED);

  v1::StartFitRequest verify;
  verify.mutable_spec()->set_model("s");
  verify.mutable_spec()->set_verify_version(five.version());
  FITD_ASSERT_OK_AND_ASSIGN(job, Start(verify));
  FITD_ASSERT_OK_AND_ASSIGN(job, AwaitEnd(daemon_->jobs, job.id()));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.failure().message();
}

TEST_F(SearchesTest, ListsComeInPages) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  v1::StartSearchRequest other = Grid();
  other.set_name("t");
  FITD_ASSERT_OK(StartSearch(other));
  v1::ListSearchesRequest searches;
  searches.set_page_size(1);
  FITD_ASSERT_OK_AND_ASSIGN(v1::ListSearchesResponse page, daemon_->searches.List(searches));
  EXPECT_EQ(page.searches(0).name(), "t");
  searches.set_page_token(page.next_page_token());
  FITD_ASSERT_OK_AND_ASSIGN(page, daemon_->searches.List(searches));
  EXPECT_EQ(page.searches(0).name(), "s");
  EXPECT_EQ(page.next_page_token(), "");

  daemon_->searches.Run();
  Await([](const v1::Search& search) { return search.trials() == 6; });
  v1::ListTrialsRequest trials;
  trials.set_search("s");
  trials.set_page_size(4);
  FITD_ASSERT_OK_AND_ASSIGN(v1::ListTrialsResponse some, daemon_->searches.ListTrials(trials));
  EXPECT_EQ(some.trials_size(), 4);
  trials.set_page_token(some.next_page_token());
  FITD_ASSERT_OK_AND_ASSIGN(some, daemon_->searches.ListTrials(trials));
  EXPECT_EQ(some.trials(0).number(), 5);
  EXPECT_EQ(some.trials_size(), 2);
}

}  // namespace
}  // namespace fitd
