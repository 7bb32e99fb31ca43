#include "server/jobs/search_progress.h"

#include <chrono>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "server/jobs/time.h"
#include "tests/server/jobs/search_fixture.h"

namespace fitd {
namespace {

using testing::IsEmpty;

class SearchProgressTest : public SearchFixture {
 protected:
  static std::chrono::nanoseconds FromTimestamp(const google::protobuf::Timestamp& time) {
    return std::chrono::seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos());
  }
  // Of six trials of 3 epochs each, by default.
  v1::Search Preview(const std::string& more) {
    v1::StartSearchRequest request = Grid();
    request.set_validate_only(true);
    request.mutable_spec()->MergeFrom(ParseText<v1::SearchSpec>(more));
    const absl::StatusOr<v1::Search> search = StartSearch(request);
    EXPECT_TRUE(search.ok()) << search.status();
    return search.ok() ? *search : v1::Search();
  }
};

TEST_F(SearchProgressTest, APreviewTellsThePlanAndStartsNothing) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job fit, Start(4));
  Run();
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, fit.id()));
  v1::StartSearchRequest request = Grid();
  request.set_validate_only(true);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Search search, StartSearch(request));
  EXPECT_EQ(search.planned_trials(), 6);
  EXPECT_EQ(search.planned_epochs(), 18);
  EXPECT_TRUE(search.has_estimated_remaining());
  EXPECT_THAT(daemon_->searches.List({})->searches(), IsEmpty());
  EXPECT_EQ(daemon_->models.List({})->models_size(), 1);
}

TEST_F(SearchProgressTest, EveryAnswerTellsTheTimeThatRemains) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job fit, Start(4));
  daemon_->scheduler.Start();
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, fit.id()));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Search search, StartSearch(Grid()));
  EXPECT_TRUE(search.has_estimated_remaining());
  EXPECT_TRUE(GetSearch().has_estimated_remaining());
  EXPECT_TRUE(daemon_->searches.List({})->searches(0).has_estimated_remaining());
  FITD_ASSERT_OK_AND_ASSIGN(const auto paused,
                            daemon_->searches.Pause(Named<v1::PauseSearchRequest>()));
  EXPECT_TRUE(paused.search().has_estimated_remaining());
}

TEST_F(SearchProgressTest, ASpaceThatIsExhaustedEndsThePlan) {
  v1::StartSearchRequest request = Grid();
  *request.mutable_spec()->mutable_algorithm() =
      ParseText<v1::SearchAlgorithmSpec>("random { trials: 100 }");
  *request.mutable_spec()->mutable_space() =
      ParseText<v1::SearchSpace>("axes { path: 'learning_rate' real { low: 0.1 high: 0.100002 } }");
  FITD_ASSERT_OK_AND_ASSIGN(v1::Search search, StartSearch(request));
  EXPECT_EQ(search.planned_trials(), 100);
  Run();
  search = AwaitSearchEnd();
  EXPECT_EQ(search.planned_trials(), 3);
  EXPECT_EQ(search.planned_epochs(), 9);
  EXPECT_EQ(search.trials(), 3);
}

TEST_F(SearchProgressTest, ThePlanKeepsToTheBudget) {
  v1::Search search = Preview("budget { trials: 4 }");
  EXPECT_EQ(search.planned_trials(), 4);
  EXPECT_EQ(search.planned_epochs(), 12);
  search = Preview("budget { epochs: 10 }");
  EXPECT_EQ(search.planned_trials(), 3);
  EXPECT_EQ(search.planned_jobs(), 3);
  EXPECT_EQ(search.planned_epochs(), 9);
  search = Preview("budget { epochs: 13 } cross_validation { folds: 2 }");
  EXPECT_EQ(search.planned_trials(), 2);
  EXPECT_EQ(search.planned_jobs(), 4);
  EXPECT_EQ(search.planned_epochs(), 12);
  search = Preview("budget { epochs: 10 } algorithm { halving { trials: 6 } }");
  EXPECT_EQ(search.planned_trials(), 6);
  EXPECT_EQ(search.planned_epochs(), 10);
  search = Preview("budget { epochs: 5 } algorithm { asynchronous_halving { trials: 6 } }");
  EXPECT_EQ(search.planned_trials(), 5);
  EXPECT_EQ(search.planned_epochs(), 5);
}

TEST_F(SearchProgressTest, AsManyOfTheShortestTrialsAsTheBudgetPaysFor) {
  const std::string budget = "budget { epochs: 10 } ";
  v1::Search search =
      Preview(budget + "space { axes { path: 'epochs' integer { low: 2 high: 4 count: 3 } } }");
  EXPECT_EQ(search.planned_trials(), 5);
  EXPECT_EQ(search.planned_epochs(), 10);
  search = Preview(budget +
                   "space { axes { path: 'batch_size' choice { choices { value: '8' } choices { "
                   "value: '4' axes { path: 'epochs' choice { choices { value: '8' } choices { "
                   "value: '4' } } } } } } }");
  EXPECT_EQ(search.planned_trials(), 3);
}

TEST_F(SearchProgressTest, TheEstimateAndTheBudgetAreToldApart) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job fit, Start(4));
  Run();
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, fit.id()));
  const v1::Search search = Preview("training { epochs: 1000000 } budget { seconds: 2 }");
  EXPECT_EQ(FromDuration(search.budget_remaining()), std::chrono::seconds(2));
  EXPECT_GT(FromDuration(search.estimated_remaining()), std::chrono::seconds(2));
}

TEST_F(SearchProgressTest, TheBudgetsTimeCountsFromTheStart) {
  auto search =
      ParseText<v1::Search>("create_time { seconds: 100 } spec { budget { seconds: 10 } }");
  const auto left = [&](int64_t now) { return TimeLeft(search, absl::FromUnixSeconds(now)); };
  EXPECT_EQ(left(1000), absl::Seconds(10));
  search.mutable_start_time()->set_seconds(105);
  EXPECT_EQ(left(108), absl::Seconds(7));
  // As earlier builds stored it.
  search.clear_start_time();
  search.set_trials(3);
  EXPECT_EQ(left(108), absl::Seconds(2));
  EXPECT_EQ(left(111), absl::Seconds(-1));
}

TEST_F(SearchProgressTest, AnEarlierSearchOfTheModelTellsHowLongOneTakes) {
  FITD_ASSERT_OK(StartSearch(Grid()));
  Run();
  const v1::Search earlier = AwaitSearchEnd();
  v1::StartSearchRequest request = Grid();
  request.set_name("again");
  request.set_validate_only(true);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Search search, StartSearch(request));
  ASSERT_TRUE(search.has_estimated_remaining());
  EXPECT_GT(FromDuration(search.estimated_remaining()), std::chrono::nanoseconds(0));
  // As many epochs as that had.
  EXPECT_LE(FromDuration(search.estimated_remaining()),
            FromTimestamp(earlier.end_time()) - FromTimestamp(earlier.create_time()));

  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "other", TwoClusters(40), "kind"));
  request.mutable_spec()->set_dataset("other");
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Search of_other, StartSearch(request));
  EXPECT_FALSE(of_other.has_estimated_remaining());
}

}  // namespace
}  // namespace fitd
