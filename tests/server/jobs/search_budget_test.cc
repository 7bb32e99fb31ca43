// Searches that end before their algorithm does.

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "server/jobs/searches.h"
#include "tests/server/jobs/search_fixture.h"

namespace fitd {
namespace {

using testing::HasSubstr;

class SearchBudgetTest : public SearchFixture {
 protected:
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
  int64_t EpochsTrained() {
    int64_t epochs = 0;
    for (const v1::SearchTrial& trial : Trials()) epochs += trial.epochs();
    return epochs;
  }
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
  EXPECT_EQ(started.search().planned_epochs(), 10);
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
}

TEST_F(SearchBudgetTest, WhenTheTimeIsOverThoseThatWaitAreCancelled) {
  options_.workers = 1;
  Restart();
  FITD_ASSERT_OK(daemon_->searches.Start(Request("seconds: 0.2", "random { trials: 20 }", kMany)));
  daemon_->searches.Run();
  while (GetSearch().trials() < 8) std::this_thread::yield();
  daemon_->scheduler.Start();
  // One trial runs, and would for a while; the others are not waited for.
  while (GetSearch().ended_trials() < 7) std::this_thread::yield();
  std::vector<v1::SearchTrial> trials = Trials();
  EXPECT_EQ(std::count_if(trials.begin(), trials.end(),
                          [](const v1::SearchTrial& trial) {
                            return trial.state() == v1::JOB_STATE_CANCELLED;
                          }),
            7);
  EXPECT_EQ(trials.size(), 8);
  const auto running = std::find_if(trials.begin(), trials.end(), [](const v1::SearchTrial& trial) {
    return trial.state() == v1::JOB_STATE_RUNNING;
  });
  ASSERT_NE(running, trials.end());
  FITD_ASSERT_OK(Cancel(running->job_id()));
  const v1::Search search = AwaitSearchEnd();
  EXPECT_EQ(search.trials(), 8);
}

TEST_F(SearchBudgetTest, ATimeThatIsOverBeforeTheDaemonIsBackEndsTheSearch) {
  FITD_ASSERT_OK(daemon_->searches.Start(Request("seconds: 60", "random { trials: 20 }", 1)));
  options_.clock = [] { return absl::Now() + absl::Minutes(2); };
  Restart();
  Run();
  EXPECT_EQ(AwaitSearchEnd().state(), v1::SEARCH_STATE_FAILED);
  EXPECT_EQ(GetSearch().trials(), 0);
}

TEST_F(SearchBudgetTest, RefusesWhatAllowsNoTrial) {
  EXPECT_THAT(daemon_->searches.Start(Request("epochs: 2")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.budget.epochs: is 2; allowed: 3 or more")));
  EXPECT_THAT(daemon_->searches.Start(Request("trials: -1 seconds: -2")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::AllOf(HasSubstr("spec.budget.trials: is -1"),
                                      HasSubstr("spec.budget.seconds: is -2"))));
}

}  // namespace
}  // namespace fitd
