// Searches that end before their algorithm does.

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "server/jobs/searches.h"
#include "tests/server/jobs/search_fixture.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsTrue;
using testing::Property;

constexpr char kTimeIsOver[] = "the time of the search's budget was over";

class SearchBudgetTest : public SearchFixture {
 protected:
  void SetUp() override {
    options_.workers = 1;
    options_.clock = [late = late_] { return absl::Now() + absl::Minutes(*late ? 2 : 0); };
    SearchFixture::SetUp();
  }
  // Of 3 epochs each, by default.
  static v1::StartSearchRequest Request(const std::string& budget,
                                        const std::string& algorithm = "random { trials: 20 }",
                                        int64_t epochs = 3) {
    v1::StartSearchRequest request;
    request.set_name("s");
    v1::SearchSpec& spec = *request.mutable_spec();
    spec = ParseText<v1::SearchSpec>(
        "model: 'm' dataset: 'd' space { axes { path: 'units' integer { low: 1 high: 99 } } } "
        "algorithm { " +
        algorithm + " } budget { " + budget + " }");
    *spec.mutable_training() = ClassifierFit("m", "d", epochs).spec().training();
    return request;
  }
  // The search looks at its trials and the clock.
  void LookAgain() {
    FITD_ASSERT_OK(daemon_->store->InTransaction([](Transaction& transaction) {
      transaction.SearchesChanged();
      return absl::OkStatus();
    }));
  }
  int64_t EpochsTrained() {
    int64_t epochs = 0;
    for (const v1::SearchTrial& trial : Trials()) epochs += trial.epochs();
    return epochs;
  }

  // Whether the time of searches of a minute is over. The daemon may outlive this.
  const std::shared_ptr<std::atomic<bool>> late_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_F(SearchBudgetTest, EndsAfterSoManyTrials) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto started, daemon_->searches.Start(Request("trials: 4")));
  EXPECT_EQ(started.search().planned_trials(), 4);
  EXPECT_EQ(started.search().planned_jobs(), 4);
  EXPECT_EQ(started.search().planned_epochs(), 12);
  Run();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(search.trials(), 4);
}

TEST_F(SearchBudgetTest, EndsBeforeSoManyEpochs) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto started, daemon_->searches.Start(Request("epochs: 10")));
  EXPECT_EQ(started.search().planned_trials(), 3);
  EXPECT_EQ(started.search().planned_epochs(), 9);
  Run();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(EpochsTrained(), 9);
  EXPECT_EQ(search.planned_trials(), 3);
  EXPECT_EQ(search.planned_epochs(), 9);
}

TEST_F(SearchBudgetTest, NoRungIsBegunThatItDoesNotPayFor) {
  FITD_ASSERT_OK(daemon_->searches.Start(
      Request("epochs: 14", "asynchronous_halving { trials: 9 factor: 3 }", 9)));
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_LE(EpochsTrained(), 14);
  EXPECT_GT(EpochsTrained(), 9);
  std::set<std::string> reasons;
  for (const v1::SearchTrial& trial : Trials()) reasons.insert(trial.stop_reason());
  EXPECT_THAT(reasons,
              ElementsAre("more epochs than the search's budget has", "others did better"));
}

TEST_F(SearchBudgetTest, WhenTheTimeIsOverAllAreCancelledAndKeepTheirScores) {
  FITD_ASSERT_OK(
      daemon_->searches.Start(Request("seconds: 60", "random { trials: 20 }", kForever)));
  Run();
  Await([](const v1::Search& search) { return search.trials() == 8; });
  AwaitEvents("fit-1", 3);
  *late_ = true;
  LookAgain();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(search.trials(), 8);
  EXPECT_EQ(search.best_trial(), 1);
  const std::vector<v1::SearchTrial> trials = Trials();
  EXPECT_THAT(trials, Each(Property(&v1::SearchTrial::state, v1::JOB_STATE_CANCELLED)));
  EXPECT_THAT(trials, Each(Property(&v1::SearchTrial::stop_reason, kTimeIsOver)));
  EXPECT_TRUE(trials[0].has_score());
  EXPECT_EQ(trials[0].version(), search.best_version());
  EXPECT_FALSE(trials[7].has_score());
  FITD_ASSERT_OK_AND_ASSIGN(const auto events, ReadEvents(daemon_->jobs, "fit-1"));
  const auto told = std::find_if(events.begin(), events.end(), [](const v1::JobEvent& event) {
    return event.state_change().state() == v1::JOB_STATE_CANCELLING;
  });
  ASSERT_NE(told, events.end());
  EXPECT_EQ(told->state_change().message(), kTimeIsOver);
}

TEST_F(SearchBudgetTest, AStackEndsWhenTheTimeIsOver) {
  v1::StartSearchRequest request = Request("seconds: 60", "random { trials: 8 }", kForever);
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' real { low: 0.0001 high: 0.1 log: true } }");
  FITD_ASSERT_OK(daemon_->searches.Start(request));
  daemon_->searches.Run();
  Await([](const v1::Search& search) { return search.trials() == 8; });
  daemon_->scheduler.Start();
  for (int job = 1; job <= 8; ++job) AwaitEvents(fmt::format("fit-{}", job), 3);
  *late_ = true;
  LookAgain();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_THAT(Trials(), Each(Property(&v1::SearchTrial::has_score, IsTrue())));
}

TEST_F(SearchBudgetTest, TrialsThatRanToTheirEndRankBeforeThoseThatDidNot) {
  v1::StartSearchRequest request = Request("seconds: 60", "grid {}");
  *request.mutable_spec()->mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'epochs' choice { choices { value: '1' } choices { value: '1000000' } } }");
  FITD_ASSERT_OK(daemon_->searches.Start(request));
  Run();
  Await([](const v1::Search& search) { return search.trials() == 2; });
  AwaitEvents("fit-2", 100);
  *late_ = true;
  LookAgain();
  EXPECT_EQ(AwaitSearchEnd().best_trial(), 1);
  EXPECT_LT(Trials()[1].score(), Trials()[0].score());
}

TEST_F(SearchBudgetTest, TrialsThatADaemonLeftKeepTheirScoresWhenTheTimeIsOver) {
  FITD_ASSERT_OK(
      daemon_->searches.Start(Request("seconds: 60", "random { trials: 20 }", kForever)));
  Run();
  Await([](const v1::Search& search) { return search.trials() == 8; });
  AwaitEvents("fit-1", 3);
  *late_ = true;
  Restart();
  Run();
  EXPECT_EQ(AwaitSearchEnd().best_trial(), 1);
  EXPECT_EQ(GetSearch().trials(), 8);
}

TEST_F(SearchBudgetTest, APausedSearchEndsWhenTheTimeIsOver) {
  FITD_ASSERT_OK(
      daemon_->searches.Start(Request("seconds: 60", "random { trials: 20 }", kForever)));
  Run();
  Await([](const v1::Search& search) { return search.trials() == 8; });
  AwaitEvents("fit-1", 3);
  FITD_ASSERT_OK(daemon_->searches.Pause(Named<v1::PauseSearchRequest>()));
  *late_ = true;
  LookAgain();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(search.trials(), 8);
  EXPECT_TRUE(Trials()[0].has_score());
}

TEST_F(SearchBudgetTest, TheEndOfTheTimeWakesTheSearch) {
  FITD_ASSERT_OK(
      daemon_->searches.Start(Request("seconds: 0.2", "random { trials: 1 }", kForever)));
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_SUCCEEDED);
}

// As a commit leaves them that was reported as failed and came back from the log.
TEST_F(SearchBudgetTest, TrialsThatNobodyToldToStopAreToldAgain) {
  FITD_ASSERT_OK(daemon_->searches.Start(Request("seconds: 60", "random { trials: 1 }", kForever)));
  Run();
  Await([](const v1::Search& search) { return search.trials() == 1; });
  AwaitEvents("fit-1", 3);
  *late_ = true;
  FITD_ASSERT_OK(daemon_->store->InTransaction([](Transaction& transaction) {
    v1::Job job = *transaction.jobs.Find(1);
    job.set_state(v1::JOB_STATE_CANCELLING);
    transaction.jobs.Update(job);
    v1::SearchTrial trial = *transaction.searches.FindTrial("s", 1);
    trial.set_state(v1::JOB_STATE_CANCELLING);
    trial.set_stop_reason(kTimeIsOver);
    transaction.searches.UpdateTrial("s", trial);
    transaction.SearchesChanged();
    return absl::OkStatus();
  }));
  AwaitSearchEnd();
  EXPECT_EQ(Trials()[0].state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(Trials()[0].stop_reason(), kTimeIsOver);
}

TEST_F(SearchBudgetTest, TrialsThatWereToGoOnKeepTheirScoresWhenTheTimeIsOver) {
  for (const int64_t folds : {0, 2}) {
    v1::StartSearchRequest request =
        Request("seconds: 60", "halving { trials: 4 factor: 2 }", kForever);
    request.mutable_spec()->mutable_cross_validation()->set_folds(folds);
    FITD_ASSERT_OK(daemon_->searches.Start(request));
    daemon_->searches.Run();
    Await([](const v1::Search& search) { return search.trials() == 4; });
    daemon_->searches.Stop();
    daemon_->scheduler.Start();
    const auto count = [this](auto predicate) {
      const std::vector<v1::SearchTrial> trials = Trials();
      return std::count_if(trials.begin(), trials.end(), predicate);
    };
    while (count([](const auto& trial) { return trial.rungs_size() == 1; }) < 4)
      std::this_thread::yield();
    Restart();
    daemon_->searches.Run();
    while (count([](const auto& trial) { return trial.granted_epochs() == 2; }) < 2)
      std::this_thread::yield();
    *late_ = true;
    Restart();
    Run();
    const v1::Search search = AwaitSearchEnd();
    EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
    const std::vector<v1::SearchTrial> trials = Trials();
    EXPECT_THAT(trials, Each(Property(&v1::SearchTrial::has_score, IsTrue())));
    for (const v1::SearchTrial& trial : trials) EXPECT_GE(trial.score(), search.best_score());
    FITD_ASSERT_OK(daemon_->searches.Delete(Named<v1::DeleteSearchRequest>()));
    FITD_ASSERT_OK(daemon_->models.Delete(Named<v1::DeleteModelRequest>()));
    *late_ = false;
    Restart();
  }
}

TEST_F(SearchBudgetTest, ATimeThatIsOverBeforeTheDaemonIsBackEndsTheSearch) {
  FITD_ASSERT_OK(daemon_->searches.Start(Request("seconds: 60", "random { trials: 20 }", 1)));
  daemon_->searches.Run();
  Await([](const v1::Search& search) { return search.trials() == 8; });
  *late_ = true;
  Restart();
  daemon_->searches.Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_FAILED);
  EXPECT_EQ(GetSearch().trials(), 8);
}

TEST_F(SearchBudgetTest, TheTimeCountsFromTheFirstTrialsOn) {
  FITD_ASSERT_OK(daemon_->searches.Start(Request("seconds: 60", "random { trials: 2 }", 1)));
  EXPECT_FALSE(GetSearch().has_start_time());
  EXPECT_EQ(GetSearch().budget_remaining().seconds(), 60);
  *late_ = true;
  Restart();
  EXPECT_EQ(GetSearch().budget_remaining().seconds(), 60);
  Run();
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.state(), v1::SEARCH_STATE_SUCCEEDED);
  EXPECT_EQ(search.trials(), 2);
  EXPECT_GE(search.start_time().seconds(), search.create_time().seconds() + 119);
}

TEST_F(SearchBudgetTest, RefusesWhatAllowsNoTrial) {
  EXPECT_THAT(daemon_->searches.Start(Request("epochs: 2")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.budget.epochs: is 2; allowed: 3 or more")));
  EXPECT_THAT(daemon_->searches.Start(Request("epochs: 2", "hyperband {}")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.budget.epochs: is 2; allowed: 3 or more")));
  EXPECT_THAT(daemon_->searches.Start(Request("trials: -1 seconds: -2 epochs: 2")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("spec.budget.trials: is -1"),
                             HasSubstr("spec.budget.epochs: is 2; allowed: 3 or more"),
                             HasSubstr("spec.budget.seconds: is -2"))));
  v1::StartSearchRequest request = Request("trials: -1");
  request.mutable_spec()->mutable_training()->set_batch_size(-3);
  EXPECT_THAT(daemon_->searches.Start(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("spec.budget.trials: is -1"),
                             HasSubstr("spec.training.batch_size: is -3"))));
}

}  // namespace
}  // namespace fitd
