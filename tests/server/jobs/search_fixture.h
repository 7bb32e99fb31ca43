// Searches over the model "m" and the data set "d", for tests of the use cases.

#ifndef FITD_TESTS_SERVER_JOBS_SEARCH_FIXTURE_H_
#define FITD_TESTS_SERVER_JOBS_SEARCH_FIXTURE_H_

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "tests/server/jobs/job_fixture.h"
#include "tests/testing/specs.h"

namespace fitd {

// A grid over rates and widths of the model "m" (dense 4 relu, dense 2 softmax).
inline v1::StartSearchRequest Grid(int64_t epochs = 3) {
  v1::StartSearchRequest request;
  request.set_name("s");
  v1::SearchSpec& spec = *request.mutable_spec();
  const v1::StartFitRequest fit = ClassifierFit("m", "d", epochs);
  spec.set_model("m");
  spec.set_dataset("d");
  *spec.mutable_training() = fit.spec().training();
  *spec.mutable_space() = ParseText<v1::SearchSpace>(
      "axes { path: 'learning_rate' choice { choices { value: '0.001' } choices { value: '0.1' } } "
      "}"
      "axes { path: 'units' integer { low: 3 high: 5 } }");
  spec.mutable_algorithm()->mutable_grid();
  return request;
}

class SearchFixture : public JobFixture {
 protected:
  void Run() {
    daemon_->scheduler.Start();
    daemon_->searches.Run();
  }

  absl::StatusOr<v1::Search> StartSearch(const v1::StartSearchRequest& request) {
    FITD_ASSIGN_OR_RETURN(const v1::StartSearchResponse response, daemon_->searches.Start(request));
    return response.search();
  }
  v1::Search GetSearch() {
    v1::GetSearchRequest request;
    request.set_name("s");
    const auto response = daemon_->searches.Get(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->search() : v1::Search();
  }
  std::vector<v1::SearchTrial> Trials() {
    v1::ListTrialsRequest request;
    request.set_search("s");
    const auto response = daemon_->searches.ListTrials(request);
    EXPECT_TRUE(response.ok()) << response.status();
    if (!response.ok()) return {};
    return {response->trials().begin(), response->trials().end()};
  }
  // Once `done` holds of the search.
  template <typename Predicate>
  v1::Search Await(Predicate done) {
    v1::Search search = GetSearch();
    while (!done(search)) {
      std::this_thread::yield();
      search = GetSearch();
    }
    return search;
  }
  v1::Search AwaitSearchEnd() {
    return Await([](const v1::Search& search) { return search.has_end_time(); });
  }
  // The end of a search in an empty daemon with so many workers, which starts again each time that
  // `count` has come to one of `marks`.
  template <typename Count>
  v1::Search RunWithRestarts(const v1::StartSearchRequest& request, int workers,
                             const std::vector<int64_t>& marks, Count count) {
    options_.workers = workers;
    OpenEmpty(fmt::format("{}-workers", workers));
    FITD_EXPECT_OK(StartSearch(request));
    for (const int64_t mark : marks) {
      Run();
      Await([&](const v1::Search& search) { return count(search) >= mark; });
      Restart();
    }
    Run();
    return AwaitSearchEnd();
  }
  // What must be the same however the search ran: parameters, scores, versions and
  // weights.
  std::vector<std::string> Table() {
    std::vector<std::string> rows;
    for (const v1::SearchTrial& trial : Trials()) {
      std::string row =
          fmt::format("{} {} {} {} @{} {}", trial.number(), static_cast<int>(trial.state()),
                      trial.epochs(), trial.score(), trial.version(), trial.weights_sha256());
      for (const v1::SearchTrial& fit : trial.fits()) {
        row += fmt::format(" [{} {} {} @{} {}]", static_cast<int>(fit.state()), fit.epochs(),
                           fit.score(), fit.version(), fit.weights_sha256());
      }
      for (const v1::TrialParameter& parameter : trial.parameters())
        row += fmt::format(" {}={}", parameter.path(), parameter.value());
      rows.push_back(row);
    }
    return rows;
  }
  template <typename Request>
  Request Named() {
    Request request;
    request.set_name("s");
    return request;
  }
};

}  // namespace fitd

#endif  // FITD_TESTS_SERVER_JOBS_SEARCH_FIXTURE_H_
