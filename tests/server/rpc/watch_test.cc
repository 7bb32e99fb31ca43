// JobService.WatchJob over the wire.

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

constexpr int64_t kForever = 1'000'000;  // Epochs.

class WatchTest : public RpcTest {
 protected:
  // Reads until `count` events came.
  struct Watcher {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchJobResponse>> reader;
  };
  std::unique_ptr<Watcher> Follow(const std::string& id, bool progress = false) {
    auto watcher = std::make_unique<Watcher>();
    v1::WatchJobRequest request;
    request.set_id(id);
    request.set_progress(progress);
    watcher->reader = jobs_->WatchJob(&watcher->context, request);
    return watcher;
  }
  static int64_t ReadUntil(Watcher& watcher, int64_t number) {
    v1::WatchJobResponse response;
    while (watcher.reader->Read(&response)) {
      if (response.event().number() >= number) break;
    }
    return response.event().number();
  }
};

void ExpectGapless(const std::vector<v1::JobEvent>& events, int64_t first) {
  for (size_t i = 0; i < events.size(); ++i)
    ASSERT_EQ(events[i].number(), first + static_cast<int64_t>(i));
}

TEST_F(WatchTest, TwoHundredWatchersEachSeeEveryEventOnce) {
  const std::string id = StartFit(50);
  std::vector<std::vector<v1::JobEvent>> seen(200);
  std::vector<std::thread> threads;
  for (auto& events : seen) {
    threads.emplace_back([&] { EXPECT_THAT(Watch(id, 0, events), HasCode(grpc::StatusCode::OK)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& events : seen) {
    ASSERT_EQ(events.size(), 53u);
    ExpectGapless(events, 1);
    EXPECT_EQ(events.back().state_change().state(), v1::JOB_STATE_SUCCEEDED);
  }
}

TEST_F(WatchTest, ResumingLosesAndRepeatsNothing) {
  const std::string id = StartFit(kForever);
  const auto first = Follow(id);
  const int64_t last_seen = ReadUntil(*first, 5);
  first->context.TryCancel();
  EXPECT_THAT(first->reader->Finish(), HasCode(grpc::StatusCode::CANCELLED));
  FITD_ASSERT_CALL_OK(Cancel(id));
  std::vector<v1::JobEvent> rest;
  FITD_ASSERT_CALL_OK(Watch(id, last_seen + 1, rest));
  ExpectGapless(rest, last_seen + 1);
  EXPECT_EQ(rest.back().state_change().state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(WatchTest, EventsInTheFutureAreRefused) {
  std::vector<v1::JobEvent> events;
  FITD_ASSERT_CALL_OK(Watch(StartFit(1), 1, events));
  const int64_t last = events.back().number();
  EXPECT_THAT(Watch("fit-1", last + 2, events),
              HasCode(grpc::StatusCode::INVALID_ARGUMENT, "from_event"));
  EXPECT_THAT(Watch("fit-1", -1, events),
              HasCode(grpc::StatusCode::INVALID_ARGUMENT, "from_event"));
  EXPECT_THAT(Watch("fit-2", 1, events), HasCode(grpc::StatusCode::NOT_FOUND));
}

TEST_F(WatchTest, ProgressComesBetweenEvents) {
  // Epochs that are long enough to be reported on.
  v1::UploadDatasetResponse uploaded;
  const std::string csv = TwoClusters(60'000);
  FITD_ASSERT_CALL_OK(Upload({WithHeader(CsvHeader("large", "kind")),
                              WithChunk(csv.substr(0, 600'000)), WithChunk(csv.substr(600'000))},
                             uploaded));
  v1::StartFitRequest request = ClassifierFit("m", "large", kForever);
  request.mutable_spec()->mutable_training()->set_batch_size(1);
  v1::StartFitResponse started;
  FITD_ASSERT_CALL_OK(Call(*jobs_, &v1::JobService::Stub::StartFit, request, started));

  const auto watcher = Follow(started.job().id(), /*progress=*/true);
  v1::WatchJobResponse response;
  // Before the first step it tells the job's place in the queue.
  while (watcher->reader->Read(&response) && response.progress().epoch() == 0) {
  }
  EXPECT_EQ(response.progress().epochs(), kForever);
  EXPECT_EQ(response.progress().steps_per_epoch(), 60'000);
  FITD_ASSERT_CALL_OK(Cancel(started.job().id()));
}

TEST_F(WatchTest, SlowWatcherDoesNotHoldUpTheJob) {
  const std::string id = StartFit(200);
  const auto slow = Follow(id, /*progress=*/true);  // Never reads until the job is done.
  std::vector<v1::JobEvent> events;
  FITD_ASSERT_CALL_OK(Watch(id, 1, events));
  EXPECT_EQ(events.size(), 203u);
  EXPECT_EQ(ReadUntil(*slow, 203), 203);
  FITD_ASSERT_CALL_OK(slow->reader->Finish());
}

TEST_F(WatchTest, StoppingDaemonTellsItsWatchersWhereToResume) {
  const std::string id = StartFit(kForever);
  const auto watcher = Follow(id);
  ReadUntil(*watcher, 3);
  std::thread stopper([this] { server_.Stop(); });
  v1::JobEvent last;
  v1::WatchJobResponse response;
  while (watcher->reader->Read(&response)) last = response.event();
  EXPECT_THAT(watcher->reader->Finish(),
              HasCode(grpc::StatusCode::UNAVAILABLE,
                      "resume with from_event=" + std::to_string(last.number() + 1)));
  EXPECT_EQ(last.state_change().state(), v1::JOB_STATE_QUEUED);
  stopper.join();
  FITD_ASSERT_OK(server_.Start());
  Connect();
  FITD_ASSERT_CALL_OK(Cancel(id));
  std::vector<v1::JobEvent> rest;
  FITD_ASSERT_CALL_OK(Watch(id, last.number() + 1, rest));
  ExpectGapless(rest, last.number() + 1);
}

}  // namespace
}  // namespace fitd
