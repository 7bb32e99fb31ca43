#include "server/predict/prediction_executor.h"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/retry_hint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::HasSubstr;

// What a test sees of a call, and what it may do in its stead.
struct Script {
  explicit Script(std::vector<float> input) : features(std::move(input)) {}

  std::string reference = "m";
  std::vector<float> features;  // Two for each row.
  std::function<void()> in_features = [] {};
  absl::Status fault;  // Of Features.
  std::atomic<bool> cancelled{false};

  std::atomic<bool> computed{false};
  std::thread::id thread;  // That Features is called on.
  std::vector<float> scores;
  int64_t version = 0;
  std::promise<absl::Status> done;
};

class ScriptedCall final : public PredictionCall {
 public:
  explicit ScriptedCall(std::shared_ptr<Script> script)
      : PredictionCall(script->reference, static_cast<int64_t>(script->features.size() / 2),
                       static_cast<int64_t>(script->features.size() * sizeof(float))),
        script_(std::move(script)) {}

  bool cancelled() const override { return script_->cancelled; }
  absl::StatusOr<std::vector<float>> Features(const LoadedModel& /*model*/) override {
    script_->in_features();
    script_->computed = true;
    script_->thread = std::this_thread::get_id();
    if (!script_->fault.ok()) return script_->fault;
    return script_->features;
  }
  absl::Status Answer(const LoadedModel& model, std::span<const float> scores) override {
    script_->scores.assign(scores.begin(), scores.end());
    script_->version = model.version.version();
    return absl::OkStatus();
  }
  void Done(const absl::Status& status) override { script_->done.set_value(status); }

 private:
  const std::shared_ptr<Script> script_;
};

class PredictionExecutorTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data")));
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {4, 2})));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(40), "kind"));
    daemon_->scheduler.Start();
    FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 1)));
    FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
    Start({.threads = 2});
  }

  void Start(const PredictionExecutor::Options& options) {
    executor_ = std::make_unique<PredictionExecutor>(daemon_->model_cache, options);
  }

  std::shared_ptr<Script> Submit(std::shared_ptr<Script> script) {
    executor_->Submit(std::make_unique<ScriptedCall>(script));
    return script;
  }
  std::shared_ptr<Script> Submit(std::vector<float> features, const std::string& reference = "m") {
    auto script = std::make_shared<Script>(std::move(features));
    script->reference = reference;
    return Submit(std::move(script));
  }

  void Load(const std::string& reference) {
    FITD_ASSERT_OK(daemon_->model_cache.Get(reference).status());
  }
  // Whether it was computed by the thread that submitted it, this one.
  static bool RanAtOnce(const std::shared_ptr<Script>& script) {
    return script->thread == std::this_thread::get_id();
  }

  // Runs, until Unblock, a batch of one row; the reference is not loaded yet.
  std::shared_ptr<Script> Block(const std::string& reference = "m") {
    auto script = std::make_shared<Script>(std::vector<float>{1, 1});
    script->reference = reference;
    script->in_features = [this] {
      blocked_.set_value();
      unblocked_.get_future().wait();
    };
    Submit(script);
    blocked_.get_future().wait();
    return script;
  }
  void Unblock() { unblocked_.set_value(); }

  static absl::Status Await(const std::shared_ptr<Script>& script) {
    return script->done.get_future().get();
  }

  VersionStatistics Statistics() {
    return executor_->statistics().Get(daemon_->model_cache.Get("m").value()->id);
  }

  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
  std::promise<void> blocked_;
  std::promise<void> unblocked_;
  std::unique_ptr<PredictionExecutor> executor_;
};

TEST_F(PredictionExecutorTest, WhatComesWhileABatchRunsIsTheNext) {
  const auto first = Block();
  std::vector<std::shared_ptr<Script>> others;
  for (float i = 0; i < 8; ++i) others.push_back(Submit({i, -i}));
  Unblock();
  FITD_EXPECT_OK(Await(first));
  for (const auto& other : others) FITD_EXPECT_OK(Await(other));
  EXPECT_EQ(Statistics().batches, 2);
  EXPECT_EQ(Statistics().rows, 9);
  EXPECT_EQ(Statistics().by_rows.at(8).infer.count, 1);
}

TEST_F(PredictionExecutorTest, RowHasTheSameBitsAloneAndInABatch) {
  const auto first = Block();
  std::vector<std::shared_ptr<Script>> together;
  for (int i = 0; i < 33; ++i) {
    together.push_back(Submit({0.1f * static_cast<float>(i), 1 - 0.3f * static_cast<float>(i)}));
  }
  Unblock();
  for (const auto& one : together) FITD_ASSERT_OK(Await(one));
  EXPECT_EQ(Statistics().batches, 2);
  for (const auto& one : together) {
    const auto alone = Submit(one->features);
    FITD_ASSERT_OK(Await(alone));
    EXPECT_EQ(alone->scores, one->scores);
  }
}

TEST_F(PredictionExecutorTest, BatchIsBounded) {
  const auto first = Block();
  std::vector<std::shared_ptr<Script>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(Submit(std::vector<float>(static_cast<size_t>(kMostBatchRows))));
  }
  Unblock();
  for (const auto& other : others) FITD_EXPECT_OK(Await(other));
  // Half of what a batch may have, each: two and one.
  EXPECT_EQ(Statistics().batches, 3);
}

TEST_F(PredictionExecutorTest, LargeCallIsNotWaitedFor) {
  auto large = std::make_shared<Script>(std::vector<float>(2 * (kMostBatchRows + 1)));
  large->in_features = [this] {
    blocked_.set_value();
    unblocked_.get_future().wait();
  };
  Submit(large);
  blocked_.get_future().wait();
  FITD_EXPECT_OK(Await(Submit({1, 1})));
  Unblock();
  FITD_EXPECT_OK(Await(large));
}

TEST_F(PredictionExecutorTest, WhatNobodyWaitsForIsNotComputed) {
  const auto first = Block();
  const auto left = Submit({1, 1});
  left->cancelled = true;
  Unblock();
  EXPECT_THAT(Await(left), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(left->computed);
  EXPECT_EQ(Statistics().fail.count, 0);
}

TEST_F(PredictionExecutorTest, SmallCallOfALoadedVersionRunsAtOnce) {
  const auto unloaded = Submit({1, 1}, "m@1");
  FITD_EXPECT_OK(Await(unloaded));
  EXPECT_FALSE(RanAtOnce(unloaded));
  Load("m");
  const auto small = Submit({1, 1});
  FITD_EXPECT_OK(Await(small));
  EXPECT_TRUE(RanAtOnce(small));
}

TEST_F(PredictionExecutorTest, WhatTakesLongIsLeftToAThread) {
  for (const auto& [model, units] : std::vector<std::pair<std::string, std::vector<int64_t>>>{
           {"wide", {520, 520, 2}}, {"broad", {4097}}}) {
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel(model, 2, units)));
    FITD_ASSERT_OK_AND_ASSIGN(const auto fit, daemon_->jobs.StartFit(ClassifierFit(model, "d", 1)));
    FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, fit.job().id()));
    Load(model);
  }
  Load("m");
  const auto many_weights = Submit({1, 1}, "wide");
  const auto many_scores = Submit({1, 1}, "broad");
  const auto many_bytes = Submit(std::vector<float>(4098));
  for (const auto& script : {many_weights, many_scores, many_bytes}) {
    FITD_EXPECT_OK(Await(script));
    EXPECT_FALSE(RanAtOnce(script));
  }
}

TEST_F(PredictionExecutorTest, RowHasTheSameBitsAtOnceAndInABatch) {
  Load("m");
  const std::vector<float> row = {0.3f, -0.7f};
  const auto at_once = Submit(row);
  FITD_ASSERT_OK(Await(at_once));
  ASSERT_TRUE(RanAtOnce(at_once));
  const auto first = Block("m@1");
  std::vector<std::shared_ptr<Script>> together;
  for (int i = 0; i < 9; ++i) together.push_back(Submit(row, "m@1"));
  Unblock();
  for (const auto& one : together) {
    FITD_ASSERT_OK(Await(one));
    EXPECT_FALSE(RanAtOnce(one));
    EXPECT_EQ(one->scores, at_once->scores);
  }
}

TEST_F(PredictionExecutorTest, SmallCallDoesNotOvertakeThoseOfItsReference) {
  Start({.threads = 1});
  Load("m@1");
  const auto first = Block();
  const auto before = Submit({1, 1});
  auto small = std::make_shared<Script>(std::vector<float>{1, 1});
  small->in_features = [&] { EXPECT_TRUE(before->computed); };
  Submit(small);
  // The only thread is taken; this needs none.
  const auto other = Submit({1, 1}, "m@1");
  EXPECT_TRUE(RanAtOnce(other));
  EXPECT_FALSE(small->computed);
  Unblock();
  FITD_EXPECT_OK(Await(other));
  FITD_EXPECT_OK(Await(small));
  EXPECT_FALSE(RanAtOnce(small));
}

TEST_F(PredictionExecutorTest, WhoSubmitsWaitsForNoStore) {
  Load("m");
  std::thread holder([this] {
    daemon_->store
        ->InTransaction([this](Transaction& /*transaction*/) {
          blocked_.set_value();
          unblocked_.get_future().wait();
          return absl::OkStatus();
        })
        .IgnoreError();
  });
  blocked_.get_future().wait();
  const auto unloaded = Submit({1, 1}, "m@1");
  const auto small = Submit({1, 1});
  FITD_EXPECT_OK(Await(small));
  EXPECT_TRUE(RanAtOnce(small));
  EXPECT_FALSE(unloaded->computed);
  Unblock();
  FITD_EXPECT_OK(Await(unloaded));
  EXPECT_FALSE(RanAtOnce(unloaded));
  holder.join();
}

TEST_F(PredictionExecutorTest, CallsAtOnceAreCountedOrLeft) {
  Load("m");
  FITD_EXPECT_OK(Await(Submit({1, 1, -1, -1})));
  auto left = std::make_shared<Script>(std::vector<float>{1, 1});
  left->cancelled = true;
  EXPECT_THAT(Await(Submit(left)), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(left->computed);
  auto wrong = std::make_shared<Script>(std::vector<float>{1, 1});
  wrong->fault = InvalidArgument("wrong");
  EXPECT_THAT(Await(Submit(wrong)), StatusIs(absl::StatusCode::kInvalidArgument, "wrong"));
  EXPECT_TRUE(RanAtOnce(wrong));
  EXPECT_EQ(Statistics().batches, 1);
  EXPECT_EQ(Statistics().rows, 2);
  EXPECT_EQ(Statistics().success.count, 1);
  EXPECT_EQ(Statistics().fail.count, 1);
}

TEST_F(PredictionExecutorTest, AliasThatMovesUnderLoadIsFollowed) {
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 2)));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  const std::vector<float> row = {0.3f, -0.7f};
  std::vector<std::vector<float>> scores(3);  // By version.
  for (const int64_t version : {1, 2}) {
    const auto one = Submit(row, "m@" + std::to_string(version));
    FITD_ASSERT_OK(Await(one));
    scores[static_cast<size_t>(version)] = one->scores;
  }
  ASSERT_NE(scores[1], scores[2]);

  const auto move_to = [this](int64_t version) {
    v1::SetModelAliasRequest request;
    request.set_model("m");
    request.set_alias("live");
    request.set_version(version);
    FITD_ASSERT_OK(daemon_->models.SetAlias(request));
  };
  const auto ask = [&](PredictionExecutor& executor) {
    auto one = std::make_shared<Script>(row);
    one->reference = "m@live";
    executor.Submit(std::make_unique<ScriptedCall>(one));
    FITD_EXPECT_OK(Await(one));
    EXPECT_EQ(one->scores, scores.at(static_cast<size_t>(one->version)));
    return one;
  };
  move_to(1);
  std::atomic<bool> ended{false};
  int64_t asked = 0;
  // With queues of its own, so that those asked below run at once, but the same versions.
  PredictionExecutor other_executor(daemon_->model_cache, {.threads = 1});
  std::thread other([&] {
    for (; !ended; ++asked) ask(other_executor);
  });
  constexpr int64_t kMoves = 100;
  for (int64_t i = 0; i < kMoves; ++i) {
    const int64_t version = 1 + i % 2;
    move_to(version);
    Load("m@live");
    const auto one = ask(*executor_);
    EXPECT_TRUE(RanAtOnce(one));
    EXPECT_EQ(one->version, version);
  }
  ended = true;
  other.join();
  int64_t counted = 0;
  for (const std::string reference : {"m@1", "m@2"}) {
    const int64_t id = daemon_->model_cache.Get(reference).value()->id;
    EXPECT_EQ(executor_->statistics().Get(id).success.count, 1 + kMoves / 2);
    counted += other_executor.statistics().Get(id).success.count;
  }
  EXPECT_EQ(counted, asked);
}

TEST_F(PredictionExecutorTest, FaultOfACallIsItsOwn) {
  const auto first = Block();
  auto wrong = std::make_shared<Script>(std::vector<float>{1, 1});
  wrong->fault = InvalidArgument("wrong");
  Submit(wrong);
  auto thrown = std::make_shared<Script>(std::vector<float>{1, 1});
  thrown->in_features = [] { throw std::bad_alloc(); };
  Submit(thrown);
  const auto right = Submit({1, 1});
  Unblock();
  EXPECT_THAT(Await(wrong), StatusIs(absl::StatusCode::kInvalidArgument, "wrong"));
  EXPECT_THAT(Await(thrown), StatusIs(absl::StatusCode::kResourceExhausted));
  FITD_EXPECT_OK(Await(right));
  EXPECT_EQ(right->scores.size(), 2U);
  EXPECT_EQ(Statistics().fail.count, 2);
  EXPECT_EQ(Statistics().success.count, 2);
}

TEST_F(PredictionExecutorTest, UnknownModelIsToldToAllWhoAsk) {
  auto unknown = std::make_shared<Script>(std::vector<float>{1, 1});
  unknown->reference = "n";
  EXPECT_THAT(Await(Submit(unknown)), StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"n\"")));
}

TEST_F(PredictionExecutorTest, FullQueueIsRefusedWithAHint) {
  Start({.threads = 1, .most_calls = 2});
  const auto first = Block();
  const auto second = Submit({1, 1});
  const auto third = Submit({1, 1});
  const absl::Status refusal = Await(Submit({1, 1}));
  EXPECT_THAT(refusal, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("2 calls wait already; allowed: 2 at most")));
  EXPECT_TRUE(refusal.GetPayload(kRetryInfoTypeUrl).has_value());
  Unblock();
  FITD_EXPECT_OK(Await(third));
  FITD_EXPECT_OK(Await(Submit({1, 1})));
}

TEST_F(PredictionExecutorTest, WaitingBytesAreBoundedButOneCallAlwaysFits) {
  Start({.threads = 1, .most_bytes = 10});
  const auto first = Block();
  const auto second = Submit({1, 1, 1, 1});
  EXPECT_THAT(Await(Submit({1, 1})),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("has 8 bytes and those that wait have 16; allowed: 10")));
  Unblock();
  FITD_EXPECT_OK(Await(second));
}

TEST_F(PredictionExecutorTest, StopEndsWhatWaitsAndRefusesTheRest) {
  const auto first = Block();
  const auto second = Submit({1, 1});
  Unblock();
  executor_->Stop();
  FITD_EXPECT_OK(Await(second));
  EXPECT_THAT(Await(Submit({1, 1})), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PredictionExecutorTest, OneThreadServesReferencesInTurn) {
  Start({.threads = 1});
  const auto first = Block();
  auto again = Submit({1, 1});
  auto numbered = std::make_shared<Script>(std::vector<float>{1, 1});
  numbered->reference = "m@1";
  Submit(numbered);
  Unblock();
  FITD_EXPECT_OK(Await(again));
  FITD_EXPECT_OK(Await(numbered));
  EXPECT_EQ(numbered->scores, again->scores);
}

}  // namespace
}  // namespace fitd
