#include "server/jobs/trial_maker.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/server/jobs/search_fixture.h"

namespace fitd {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

int64_t EndedTrials(const v1::Search& search) { return search.ended_trials(); }
int64_t MadeTrials(const v1::Search& search) { return search.trials(); }

// 2, 9, 16, ... trials.
std::vector<int64_t> EverySeventh(const v1::Search& search) {
  std::vector<int64_t> marks;
  for (int64_t mark = 2; mark < search.trials(); mark += 7) marks.push_back(mark);
  return marks;
}

using TrialMakerTest = SearchFixture;

TEST_F(TrialMakerTest, ATrialIsTheFitThatItsSettingsSay) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  Run();
  AwaitSearchEnd();
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("five", 2, {5, 2})));
  v1::StartFitRequest fit = ClassifierFit("five", "d", 3);
  fit.mutable_spec()
      ->mutable_training()
      ->mutable_optimizer()
      ->mutable_learning_rate()
      ->set_constant(0.1F);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Start(fit));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, job.id()));
  v1::GetModelVersionRequest get;
  get.set_model("five");
  FITD_ASSERT_OK_AND_ASSIGN(const auto version, daemon_->models.GetVersion(get));
  EXPECT_EQ(version.version().weights_sha256(), Trials()[5].weights_sha256());
}

TEST_F(TrialMakerTest, WorkersAndRestartsChangeNothing) {
  v1::StartSearchRequest request = Grid(200);
  *request.mutable_spec()->mutable_algorithm() =
      ParseText<v1::SearchAlgorithmSpec>("random { trials: 30 seed: 5 }");
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' real { low: 1e-4 high: 0.1 log: true } }"
      "axes { path: 'units' integer { low: 1 high: 8 } }");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  const v1::Search expected = AwaitSearchEnd();
  const std::vector<std::string> table = Table();
  EXPECT_THAT(table, SizeIs(30));

  for (const int workers : {1, 3}) {
    const v1::Search search = RunWithRestarts(request, workers, {1, 7, 20}, EndedTrials);
    EXPECT_EQ(Table(), table) << workers;
    EXPECT_EQ(search.best_trial(), expected.best_trial());
    EXPECT_EQ(search.best_score(), expected.best_score());
  }
}

// Many trials of which few are trained to their end, by each of the algorithms.
class RungsTest : public TrialMakerTest, public testing::WithParamInterface<const char*> {
 protected:
  static v1::StartSearchRequest Request() {
    v1::StartSearchRequest request = Grid(9);
    request.mutable_spec()->mutable_training()->mutable_optimizer()->mutable_sgd();
    *request.mutable_spec()->mutable_algorithm() = ParseText<v1::SearchAlgorithmSpec>(GetParam());
    *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
        "axes { path: 'learning_rate' real { low: 1e-4 high: 0.1 log: true } }"
        "axes { path: 'units' integer { low: 1 high: 8 } }");
    return request;
  }
};

TEST_P(RungsTest, TheBestGoOnAndAreTheFitsThatTheirSettingsSay) {
  FITD_ASSERT_OK(StartSearch(Request()));
  Run();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  int64_t epochs = 0;
  int whole = 0;
  const std::vector<v1::SearchTrial> trials = Trials();
  EXPECT_EQ(static_cast<int64_t>(trials.size()), search.planned_trials());
  for (const v1::SearchTrial& trial : trials) {
    epochs += trial.epochs();
    whole += static_cast<int>(trial.state() == v1::JOB_STATE_SUCCEEDED);
    EXPECT_TRUE(trial.has_score()) << trial.number();
    EXPECT_EQ(trial.version(), trial.number());
    EXPECT_EQ(trial.epochs() == 9, trial.state() == v1::JOB_STATE_SUCCEEDED) << trial.number();
    if (trial.epochs() < 9) {
      EXPECT_EQ(trial.state(), v1::JOB_STATE_CANCELLED);
      EXPECT_EQ(trial.score(), trial.rungs().rbegin()->score());
      EXPECT_EQ(trial.epochs(), trial.rungs().rbegin()->epochs());
    }
  }
  EXPECT_GE(whole, 1);
  EXPECT_LT(epochs, 9 * search.trials());
  const v1::SearchTrial& best = trials[static_cast<size_t>(search.best_trial() - 1)];
  EXPECT_EQ(best.state(), v1::JOB_STATE_SUCCEEDED);

  // Trained in pieces, and the same as in one.
  FITD_ASSERT_OK(
      daemon_->models.Create(DenseModel("alone", 2, {std::stoi(best.parameters(1).value()), 2})));
  v1::StartFitRequest fit;
  fit.mutable_spec()->set_model("alone");
  fit.mutable_spec()->set_dataset("d");
  v1::TrainingSpec& training = *fit.mutable_spec()->mutable_training();
  training = Request().spec().training();
  training.mutable_optimizer()->mutable_learning_rate()->set_constant(
      std::stof(best.parameters(0).value()));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, Start(fit));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, job.id()));
  v1::GetModelVersionRequest get;
  get.set_model("alone");
  FITD_ASSERT_OK_AND_ASSIGN(const auto version, daemon_->models.GetVersion(get));
  EXPECT_EQ(version.version().weights_sha256(), best.weights_sha256());
}

TEST_P(RungsTest, WorkersAndRestartsChangeNothing) {
  FITD_ASSERT_OK(StartSearch(Request()));
  Run();
  const v1::Search expected = AwaitSearchEnd();
  const std::vector<std::string> table = Table();

  for (const int workers : {1, 3}) {
    const v1::Search search =
        RunWithRestarts(Request(), workers, EverySeventh(expected), MadeTrials);
    EXPECT_EQ(search.best_trial(), expected.best_trial());
    EXPECT_EQ(Table(), table) << workers;
  }
}

TEST_P(RungsTest, WorkersAndRestartsChangeNothingWithFolds) {
  v1::StartSearchRequest request = Request();
  request.mutable_spec()->mutable_cross_validation()->set_folds(3);
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  const v1::Search expected = AwaitSearchEnd();
  EXPECT_EQ(expected.state(), v1::SEARCH_STATE_SUCCEEDED);
  const std::vector<std::string> table = Table();
  int64_t epochs = 0;
  for (const v1::SearchTrial& trial : Trials()) {
    epochs += trial.epochs();
    ASSERT_THAT(trial.fits(), SizeIs(3));
    EXPECT_TRUE(trial.has_score()) << trial.number();
    if (trial.state() == v1::JOB_STATE_SUCCEEDED) continue;
    EXPECT_EQ(trial.state(), v1::JOB_STATE_CANCELLED);
    EXPECT_EQ(trial.score(), trial.rungs().rbegin()->score());
    EXPECT_EQ(trial.epochs(), 3 * trial.rungs().rbegin()->epochs());
  }
  EXPECT_LT(epochs, 3 * 9 * expected.trials());
  EXPECT_EQ(expected.planned_jobs(), 3 * expected.planned_trials());

  const v1::Search search = RunWithRestarts(request, 3, EverySeventh(expected), MadeTrials);
  EXPECT_EQ(search.best_trial(), expected.best_trial());
  EXPECT_EQ(Table(), table);
}

INSTANTIATE_TEST_SUITE_P(All, RungsTest,
                         testing::Values("halving { trials: 18 seed: 5 }", "hyperband { seed: 5 }",
                                         "asynchronous_halving { trials: 18 seed: 5 }"));

TEST_F(TrialMakerTest, ATrialThatWaitsForOthersGoesOnByItsSearchAlone) {
  v1::StartSearchRequest request = Grid(kForever);
  *request.mutable_spec()->mutable_algorithm() =
      ParseText<v1::SearchAlgorithmSpec>("halving { trials: 3 min_epochs: 1 factor: 2 }");
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' choice { choices { value: '0.1' } choices { value: '0.01' } "
      "choices { value: '0.001' } } }");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  const auto held = [&] {
    for (const v1::SearchTrial& trial : Trials()) {
      if (trial.rungs_size() == 1 && trial.granted_epochs() == 1) return trial;
    }
    return v1::SearchTrial();
  };
  // One of three goes on, the others stay behind.
  const auto goes_on = [&] {
    const std::vector<v1::SearchTrial> trials = Trials();
    return std::any_of(trials.begin(), trials.end(),
                       [](const auto& trial) { return trial.granted_epochs() > 1; });
  };
  while (!goes_on()) std::this_thread::yield();
  v1::ResumeJobRequest resume;
  resume.set_id(held().job_id());
  EXPECT_THAT(daemon_->jobs.Resume(resume),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("has the 1 epochs that search s granted it")));
  FITD_ASSERT_OK(daemon_->searches.Pause(Named<v1::PauseSearchRequest>()));
  FITD_ASSERT_OK(daemon_->searches.Resume(Named<v1::ResumeSearchRequest>()));
  EXPECT_EQ(held().state(), v1::JOB_STATE_PAUSED);

  FITD_ASSERT_OK(daemon_->searches.Cancel(Named<v1::CancelSearchRequest>()));
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_CANCELLED);
}

TEST_F(TrialMakerTest, ADaemonThatDiesLeavesTrialsThatGoOn) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  daemon_->searches.Run();  // Nobody runs the jobs.
  Await([](const v1::Search& search) { return search.trials() == 6; });
  ForceState("fit-1", {v1::JOB_STATE_RUNNING});
  Restart();
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_THAT(Trials(), SizeIs(6));
  v1::ListJobsResponse jobs = *daemon_->jobs.List({});
  EXPECT_EQ(jobs.jobs_size(), 6);
}

TEST_F(TrialMakerTest, ATrialThatFailsIsAResult) {
  v1::StartSearchRequest request = Grid(50);
  request.mutable_spec()->mutable_training()->mutable_optimizer()->mutable_sgd();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' choice { choices { value: '1e30' } choices { value: '0.1' } } "
      "}");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(search.unscored_trials(), 1);
  EXPECT_EQ(search.best_trial(), 2);
  const v1::SearchTrial failed = Trials()[0];
  EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED);
  EXPECT_FALSE(failed.has_score());
  EXPECT_FALSE(failed.failure().message().empty());
}

TEST_F(TrialMakerTest, ASearchWithoutAScoreFails) {
  v1::StartSearchRequest request = Grid(50);
  request.mutable_spec()->mutable_training()->mutable_optimizer()->mutable_sgd();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' choice { choices { value: '1e30' } } }");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_FAILED);
}

TEST_F(TrialMakerTest, ATrialThatCannotStartIsAResult) {
  v1::StartSearchRequest request = Grid();
  // Each axis is right for itself; together they are more than max_parameters.
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'units' choice { choices { value: '4' } choices { value: '900' } } }"
      "axes { path: 'layers' choice { choices { value: '1' } choices { value: '3' } } }");
  FITD_ASSERT_OK(StartSearch(request));
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_SUCCEEDED);
  const v1::SearchTrial failed = Trials()[3];
  EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(failed.job_id(), "");
  EXPECT_THAT(failed.failure().message(), HasSubstr("1626302 weights"));
}

TEST_F(TrialMakerTest, AStoredSearchWhoseTrialsCannotBeMadeFails) {
  v1::StartSearchRequest request = Grid();
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'layers[0].repeat' integer { low: 0 high: 1 } }"
      "axes { path: 'batch_size' integer { low: 1 high: 1 } }");
  FITD_ASSERT_OK(StartSearch(request));
  FITD_ASSERT_OK(daemon_->store->InTransaction([](Transaction& transaction) {
    v1::Search search = *transaction.searches.Find("s");
    auto& axes = *search.mutable_spec()->mutable_space()->mutable_axes();
    axes[0].set_fields(0, "model.layers[0-1].repeat");
    axes[1].set_fields(0, "model.layers[1].repeat");
    transaction.searches.Update(search);
    return absl::OkStatus();
  }));
  Restart();
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_FAILED);
  EXPECT_THAT(Trials()[0].failure().message(),
              HasSubstr("model.layers[0-1].repeat and model.layers[1].repeat"));
}

TEST_F(TrialMakerTest, OnlyNewTrialsWaitForFreeDisk) {
  v1::StartSearchRequest request = Grid();
  request.set_name("a");
  FITD_ASSERT_OK(StartSearch(request));
  FITD_ASSERT_OK(StartSearch(Grid()));
  FITD_ASSERT_OK(daemon_->searches.Cancel(Named<v1::CancelSearchRequest>()));
  EXPECT_THAT(daemon_->searches.Delete(Named<v1::DeleteSearchRequest>()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("search s is CANCELLING; wait until it is CANCELLED")));
  options_.min_free_disk_bytes = std::numeric_limits<int64_t>::max();
  Restart();
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_CANCELLED);
  v1::GetSearchRequest get;
  get.set_name("a");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, daemon_->searches.Get(get));
  EXPECT_EQ(response.search().state(), v1::SEARCH_STATE_RUNNING);
  EXPECT_EQ(response.search().trials(), 0);
}

TEST_F(TrialMakerTest, ASearchWhoseTrialsAreAllMadeEndsWithoutFreeDisk) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  daemon_->searches.Run();
  Await([](const v1::Search& search) { return search.trials() == 6; });
  options_.min_free_disk_bytes = std::numeric_limits<int64_t>::max();
  Restart();
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_SUCCEEDED);
}

TEST_F(TrialMakerTest, ManyTrialsAreMadeAheadOfTheWorkers) {
  v1::StartSearchRequest request = Grid();
  *request.mutable_spec()->mutable_space() =
      ParseText<v1::SearchSpace>("axes { path: 'units' integer { low: 1 high: 100 } }");
  FITD_ASSERT_OK(StartSearch(request));
  daemon_->searches.Run();
  Await([](const v1::Search& search) { return search.trials() > 0; });
  EXPECT_EQ(GetSearch().trials(), 16);
}

}  // namespace
}  // namespace fitd
