#include "server/store/search_table.h"

#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "server/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

class SearchTableTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_));
  }

  // Runs a test's body in a transaction.
  template <typename Body>
  void With(Body body) {
    FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
      body(transaction.searches);
      return absl::OkStatus();
    }));
  }

  static v1::Search Named(const std::string& name) {
    v1::Search search;
    search.set_name(name);
    search.set_state(v1::SEARCH_STATE_RUNNING);
    return search;
  }

  TempDir temp_;
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SearchTableTest, GivesWhatWasStoredLast) {
  With([](SearchTable& searches) {
    searches.Insert(Named("a"));
    searches.Insert(Named("b"));
    EXPECT_EQ(searches.Get("a")->best_trial(), 0);
    v1::Search better = searches.Take("a");
    EXPECT_EQ(searches.Get("a")->best_trial(), 0);
    better.set_best_trial(3);
    searches.Update(std::move(better));
    EXPECT_EQ(searches.Get("a")->best_trial(), 3);
    EXPECT_EQ(searches.Get("b")->best_trial(), 0);
    EXPECT_EQ(searches.Find("a")->best_trial(), 3);
    searches.Delete("a");
    EXPECT_EQ(searches.Get("a"), nullptr);
    EXPECT_EQ(searches.Get("b")->name(), "b");
  });
  With([](SearchTable& searches) { EXPECT_EQ(searches.Get("b")->name(), "b"); });
}

TEST_F(SearchTableTest, CountsTrialsWhenTheyAreAskedFor) {
  With([](SearchTable& searches) {
    searches.Insert(Named("a"));
    v1::SearchTrial trial;
    trial.set_number(1);
    trial.set_state(v1::JOB_STATE_SUCCEEDED);
    searches.Get("a");
    searches.InsertTrial("a", trial);
    EXPECT_EQ(searches.Find("a")->ended_trials(), 1);
    EXPECT_EQ(searches.Find("a")->unscored_trials(), 1);
    trial.set_score(0.5);
    searches.UpdateTrial("a", trial);
    EXPECT_EQ(searches.Find("a")->unscored_trials(), 0);
  });
}

}  // namespace
}  // namespace fitd
