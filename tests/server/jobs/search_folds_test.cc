// Searches with cross-validation and repeats: a trial is several fits.

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "server/jobs/housekeeping.h"
#include "server/jobs/searches.h"
#include "tests/server/jobs/search_fixture.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

using SearchFoldsTest = SearchFixture;

// Three rates with two folds, twice.
v1::StartSearchRequest CrossValidated() {
  v1::StartSearchRequest request = Grid(4);
  v1::SearchSpec& spec = *request.mutable_spec();
  spec.mutable_cross_validation()->set_folds(2);
  spec.mutable_cross_validation()->set_repeats(2);
  spec.mutable_training()->set_seed(7);
  *spec.mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' choice { choices { value: '0.001' } choices { value: '0.1' } "
      "choices { value: '0.01' } } }");
  return request;
}

TEST_F(SearchFoldsTest, ATrialsScoreIsTheMeanOverItsFits) {
  FITD_ASSERT_OK_AND_ASSIGN(v1::Search search, StartSearch(CrossValidated()));
  EXPECT_EQ(search.planned_trials(), 3);
  EXPECT_EQ(search.planned_jobs(), 12);
  EXPECT_EQ(search.planned_epochs(), 48);
  EXPECT_EQ(search.spec().objective().metric(), "val_loss");
  EXPECT_FALSE(search.spec().training().has_fold());
  Run();
  search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  const std::vector<v1::SearchTrial> trials = Trials();
  ASSERT_THAT(trials, SizeIs(3));
  for (const v1::SearchTrial& trial : trials) {
    EXPECT_EQ(trial.job_id(), "");
    EXPECT_EQ(trial.epochs(), 16);
    ASSERT_THAT(trial.fits(), SizeIs(4));
    double sum = 0;
    int number = 0;
    for (const v1::SearchTrial& fit : trial.fits()) {
      EXPECT_EQ(fit.number(), ++number);
      EXPECT_EQ(fit.fold(), (number - 1) % 2 + 1);
      EXPECT_EQ(fit.repeat(), (number - 1) / 2 + 1);
      FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Get(fit.job_id()));
      EXPECT_EQ(job.trial(), trial.number());
      EXPECT_EQ(job.spec().training().fold().index(), fit.fold());
      EXPECT_EQ(job.spec().training().fold().count(), 2);
      EXPECT_EQ(job.spec().training().seed(), 6U + static_cast<uint64_t>(fit.repeat()));
      EXPECT_EQ(job.validation_rows(), 20);
      sum += fit.score();
    }
    EXPECT_DOUBLE_EQ(trial.score(), sum / 4);
    EXPECT_GT(trial.score_deviation(), 0);
  }
  const v1::SearchTrial& best = trials[static_cast<size_t>(search.best_trial() - 1)];
  EXPECT_EQ(search.best_score(), best.score());
  EXPECT_EQ(search.best_score_deviation(), best.score_deviation());
  v1::GetModelVersionRequest get;
  get.set_model("s@best");
  FITD_ASSERT_OK_AND_ASSIGN(const auto version, daemon_->models.GetVersion(get));
  EXPECT_EQ(version.version().version(), search.best_version());
  EXPECT_EQ(version.version().weights_sha256(), best.weights_sha256());
}

TEST_F(SearchFoldsTest, AFitOfATrialIsAnOrdinaryFitThatCanBeVerified) {
  FITD_ASSERT_OK(StartSearch(CrossValidated()));
  Run();
  AwaitSearchEnd();
  const v1::SearchTrial fit = Trials()[1].fits(3);
  v1::StartFitRequest request = ClassifierFit("m", "d", 4);
  v1::TrainingSpec& training = *request.mutable_spec()->mutable_training();
  training.set_seed(8);
  training.mutable_fold()->set_index(2);
  training.mutable_fold()->set_count(2);
  training.mutable_optimizer()->mutable_learning_rate()->set_constant(0.1F);
  FITD_ASSERT_OK_AND_ASSIGN(v1::Job job, Start(request));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, job.id()));
  v1::GetModelVersionRequest get;
  get.set_model("m");
  FITD_ASSERT_OK_AND_ASSIGN(const auto version, daemon_->models.GetVersion(get));
  EXPECT_EQ(version.version().weights_sha256(), fit.weights_sha256());

  v1::StartFitRequest verify;
  verify.mutable_spec()->set_model("s");
  verify.mutable_spec()->set_verify_version(fit.version());
  FITD_ASSERT_OK_AND_ASSIGN(job, Start(verify));
  FITD_ASSERT_OK_AND_ASSIGN(job, AwaitEnd(daemon_->jobs, job.id()));
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.failure().message();
}

TEST_F(SearchFoldsTest, WorkersAndRestartsChangeNoMean) {
  v1::StartSearchRequest request = CrossValidated();
  request.mutable_spec()->mutable_training()->set_epochs(200);
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  const v1::Search expected = AwaitSearchEnd();
  const std::vector<std::string> table = Table();
  const auto ended_fits = [this](const v1::Search& /*search*/) {
    int ended = 0;
    for (const v1::SearchTrial& trial : Trials()) {
      for (const v1::SearchTrial& fit : trial.fits()) ended += static_cast<int>(fit.has_end_time());
    }
    return ended;
  };
  for (const int workers : {1, 3}) {
    const v1::Search search = RunWithRestarts(request, workers, {1, 3, 6}, ended_fits);
    EXPECT_EQ(Table(), table) << workers;
    EXPECT_EQ(search.best_trial(), expected.best_trial());
    EXPECT_EQ(search.best_score_deviation(), expected.best_score_deviation());
  }
}

TEST_F(SearchFoldsTest, FoldsNeedAnObjectiveOnTheRowsThatTheyHoldOut) {
  v1::StartSearchRequest request = CrossValidated();
  request.mutable_spec()->mutable_objective()->set_metric("accuracy");
  EXPECT_THAT(
      StartSearch(request),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("spec.objective.metric: is \"accuracy\", which is not measured on the "
                         "rows that spec.cross_validation.folds holds out; allowed: "
                         "\"val_accuracy\", or no folds")));
  request.mutable_spec()->mutable_training()->set_validation_split(0.2);
  EXPECT_THAT(StartSearch(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.cross_validation.folds: is set beside "
                                 "spec.training.validation_split; allowed: one of them")));
  request.mutable_spec()->mutable_training()->clear_validation_split();
  request.mutable_spec()->mutable_cross_validation()->set_folds(41);
  EXPECT_THAT(StartSearch(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("spec.cross_validation.folds: is 41; allowed: 2 to the "
                                       "number of rows, 40"),
                             Not(HasSubstr("training.fold")))));
}

TEST_F(SearchFoldsTest, AFoldThatFailsFailsItsTrial) {
  v1::StartSearchRequest request = CrossValidated();
  request.mutable_spec()->mutable_training()->mutable_optimizer()->mutable_sgd();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' choice { choices { value: '1e30' } choices { value: '0.1' } } "
      "}");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(search.best_trial(), 2);
  const v1::SearchTrial failed = Trials()[0];
  EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED);
  EXPECT_FALSE(failed.has_score());
  EXPECT_THAT(failed.failure().message(), HasSubstr("repetition 1, fold 1: "));
}

TEST_F(SearchFoldsTest, ASearchOfFoldsIsPausedAndCancelled) {
  v1::StartSearchRequest request = CrossValidated();
  request.mutable_spec()->mutable_training()->set_epochs(kForever);
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  const auto of_state = [&](v1::JobState state) {
    int count = 0;
    for (const v1::SearchTrial& trial : Trials()) {
      for (const v1::SearchTrial& fit : trial.fits())
        count += static_cast<int>(fit.state() == state);
    }
    return count;
  };
  while (of_state(v1::JOB_STATE_RUNNING) == 0) std::this_thread::yield();
  FITD_ASSERT_OK(daemon_->searches.Pause(Named<v1::PauseSearchRequest>()));
  while (of_state(v1::JOB_STATE_PAUSING) > 0) std::this_thread::yield();
  EXPECT_EQ(of_state(v1::JOB_STATE_PAUSED), 12);
  EXPECT_EQ(Trials()[0].state(), v1::JOB_STATE_PAUSED);
  FITD_ASSERT_OK(daemon_->searches.Resume(Named<v1::ResumeSearchRequest>()));
  while (of_state(v1::JOB_STATE_RUNNING) == 0) std::this_thread::yield();
  FITD_ASSERT_OK(daemon_->searches.Cancel(Named<v1::CancelSearchRequest>()));
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_CANCELLED);
  EXPECT_EQ(of_state(v1::JOB_STATE_CANCELLED), 12);
  FITD_ASSERT_OK(daemon_->searches.Delete(Named<v1::DeleteSearchRequest>()));
  EXPECT_EQ(daemon_->jobs.List({})->jobs_size(), 0);
}

TEST_F(SearchFoldsTest, AVersionOfATrialThatGoesOnIsNotDeleted) {
  v1::StartSearchRequest request = CrossValidated();
  request.mutable_spec()->mutable_cross_validation()->clear_repeats();
  options_.workers = 1;
  Restart();
  FITD_ASSERT_OK(StartSearch(request));
  daemon_->searches.Run();
  Await([](const v1::Search& search) { return search.trials() == 3; });
  v1::PauseJobRequest pause;  // The second fold of the first trial.
  pause.set_id("fit-2");
  FITD_ASSERT_OK(daemon_->jobs.Pause(pause));
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  const v1::SearchTrial fit = Trials()[0].fits(0);
  EXPECT_GT(fit.version(), 0);
  v1::DeleteModelVersionRequest remove;
  remove.set_model("s");
  remove.set_version(fit.version());
  EXPECT_THAT(daemon_->models.DeleteVersion(remove),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("trial 1 of search s needs s@1; cancel it first")));
  Housekeeping(*daemon_->store, {.keep_versions = 1, .keep_finished_jobs = 1}).Run();
  v1::ResumeJobRequest resume;
  resume.set_id("fit-2");
  FITD_ASSERT_OK(daemon_->jobs.Resume(resume));
  AwaitSearchEnd();
  v1::GetModelVersionRequest get;
  get.set_model("s@best");
  FITD_EXPECT_OK(daemon_->models.GetVersion(get));
}

}  // namespace
}  // namespace fitd
