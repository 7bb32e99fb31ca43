// Hundreds of watchers on one job, of which some do not read.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

constexpr int kWatchers = 500;
constexpr int kConnections = 5;
constexpr int kSilent = 50;  // Watchers that read nothing before the job has ended.
constexpr int64_t kEpochs = 150;

// One watcher; owned by the test, alive until `done`.
class CountingReader final : public grpc::ClientReadReactor<v1::WatchJobResponse> {
 public:
  CountingReader(v1::JobService::Stub& stub, const std::string& id, std::atomic<int>& left)
      : left_(left) {
    request_.set_id(id);
    stub.async()->WatchJob(&context_, &request_, this);
    AddHold();  // Until it reads.
    StartCall();
  }

  void Read() {
    StartRead(&response_);
    RemoveHold();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.event().number() != seen_ + 1) gapless_ = false;
    seen_ = response_.event().number();
    last_ = response_.event().state_change().state();
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    left_.fetch_sub(1);
    left_.notify_all();
  }

  grpc::ClientContext& context() { return context_; }
  int64_t seen() const { return seen_; }
  // Once it is done.
  bool gapless() const { return gapless_; }
  v1::JobState last() const { return last_; }
  const grpc::Status& status() const { return status_; }

 private:
  std::atomic<int>& left_;
  grpc::ClientContext context_;
  v1::WatchJobRequest request_;
  v1::WatchJobResponse response_;
  bool gapless_ = true;
  std::atomic<int64_t> seen_ = 0;
  v1::JobState last_ = v1::JOB_STATE_UNSPECIFIED;
  grpc::Status status_;
};

void AwaitZero(std::atomic<int>& count) {
  for (int value = count; value > 0; value = count) count.wait(value);
}

class WatchScaleTest : public RpcTest {
 protected:
  void Open(int watchers, const std::string& id, std::atomic<int>& left,
            std::vector<std::unique_ptr<CountingReader>>& readers) {
    for (int i = 0; i < kConnections; ++i) {
      stubs_.push_back(v1::JobService::NewStub(server_.channel()));
    }
    for (int i = 0; i < watchers; ++i) {
      readers.push_back(std::make_unique<CountingReader>(
          *stubs_[static_cast<size_t>(i % kConnections)], id, left));
    }
  }

  std::vector<std::unique_ptr<v1::JobService::Stub>> stubs_;
};

TEST_F(WatchScaleTest, FiveHundredWatchersSeeEveryEventAlsoTheSlowOnes) {
  std::vector<std::unique_ptr<CountingReader>> readers;
  std::atomic<int> eager = kWatchers - kSilent;
  std::atomic<int> silent = kSilent;
  const std::string id = StartFit(kEpochs);
  Open(kWatchers - kSilent, id, eager, readers);
  Open(kSilent, id, silent, readers);
  for (int i = 0; i < kWatchers - kSilent; ++i) readers[static_cast<size_t>(i)]->Read();
  AwaitZero(eager);  // Though the others do not read.
  for (int i = kWatchers - kSilent; i < kWatchers; ++i) readers[static_cast<size_t>(i)]->Read();
  AwaitZero(silent);
  for (const auto& reader : readers) {
    ASSERT_THAT(reader->status(), HasCode(grpc::StatusCode::OK));
    ASSERT_TRUE(reader->gapless());
    ASSERT_EQ(reader->seen(), kEpochs + 3);
    ASSERT_EQ(reader->last(), v1::JOB_STATE_SUCCEEDED);
  }
}

TEST_F(WatchScaleTest, WatcherBeyondTheLimitIsRefusedAtOnceAndTakesThePlaceOfOneThatLeft) {
  server_.config().set_max_watchers(10);
  Restart();
  const std::string id = StartFit(1'000'000);
  std::vector<std::unique_ptr<CountingReader>> readers;
  std::atomic<int> left = 10;
  Open(10, id, left, readers);
  for (const auto& reader : readers) reader->Read();
  for (const auto& reader : readers) {
    while (reader->seen() == 0) std::this_thread::yield();
  }
  std::vector<v1::JobEvent> events;
  EXPECT_THAT(Watch(id, 1, events), HasCode(grpc::StatusCode::RESOURCE_EXHAUSTED, "allowed: 10"));

  readers.front()->context().TryCancel();
  while (left == 10) left.wait(10);
  bool read = false;
  while (!read) {
    grpc::ClientContext context;
    v1::WatchJobRequest request;
    request.set_id(id);
    const auto reader = jobs_->WatchJob(&context, request);
    v1::WatchJobResponse response;
    read = reader->Read(&response);
    context.TryCancel();
    reader->Finish();
  }
  for (const auto& reader : readers) reader->context().TryCancel();
  AwaitZero(left);
}

TEST_F(WatchScaleTest, ThousandReconnectsLoseAndRepeatNothing) {
  const std::string id = StartFit(2000);
  uint32_t random = 1;
  int64_t seen = 0;
  for (int i = 0; i < 1000; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    grpc::ClientContext context;
    v1::WatchJobRequest request;
    request.set_id(id);
    request.set_from_event(seen + 1);
    const auto reader = jobs_->WatchJob(&context, request);
    v1::WatchJobResponse response;
    // Some are cut before they read anything, others in the middle.
    for (uint32_t left = random >> 30; left > 0 && reader->Read(&response); --left) {
      ASSERT_EQ(response.event().number(), ++seen);
    }
    context.TryCancel();
    reader->Finish();
  }
  std::vector<v1::JobEvent> rest;
  FITD_ASSERT_CALL_OK(Watch(id, seen + 1, rest));
  for (const v1::JobEvent& event : rest) ASSERT_EQ(event.number(), ++seen);
  EXPECT_EQ(rest.back().state_change().state(), v1::JOB_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace fitd
