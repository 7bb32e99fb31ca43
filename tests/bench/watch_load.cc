// Many watchers on one job, until it ends or time is up. Prints one JSON object: what they saw, and
// how old events were when they came. Usage: watch_load ADDRESS JOB CONNECTIONS STREAMS SECONDS; a
// loopback address; at most 100 connections of 1,000 streams for an hour. The exit code is 1 when
// an event was missing or repeated.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fitd/v1/job_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace {

namespace v1 = fitd::v1;

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Totals {
  std::atomic<int64_t> events = 0;
  std::atomic<int64_t> faults = 0;   // Gaps and repetitions.
  std::atomic<int64_t> refused = 0;  // RESOURCE_EXHAUSTED
  std::atomic<int64_t> ended = 0;    // With OK, after a final event.
  std::atomic<int64_t> started = 0;  // Saw an event.
  std::atomic<int> open = 0;
  std::vector<std::atomic<int64_t>> lags = std::vector<std::atomic<int64_t>>(60'001);  // By ms.
};

class Watcher final : public grpc::ClientReadReactor<v1::WatchJobResponse> {
 public:
  Watcher(v1::JobService::Stub& stub, const std::string& job, Totals& totals, int64_t start)
      : totals_(totals), start_(start) {
    request_.set_id(job);
    ++totals_.open;
    stub.async()->WatchJob(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    const v1::JobEvent& event = response_.event();
    if (seen_ == 0) ++totals_.started;
    if (event.number() != seen_ + 1) ++totals_.faults;
    seen_ = event.number();
    final_ = event.state_change().state() >= v1::JOB_STATE_SUCCEEDED;
    ++totals_.events;
    const int64_t made = event.time().seconds() * 1000 + event.time().nanos() / 1'000'000;
    if (made > start_)
      ++totals_.lags[static_cast<size_t>(std::clamp<int64_t>(Now() - made, 0, 60'000))];
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) ++totals_.refused;
    if (status.ok() && final_) ++totals_.ended;
    --totals_.open;
  }

 private:
  Totals& totals_;
  const int64_t start_;  // Events from before are not late.
  grpc::ClientContext context_;
  v1::WatchJobRequest request_;
  v1::WatchJobResponse response_;
  int64_t seen_ = 0;
  bool final_ = false;
};

int64_t Percentile(const Totals& totals, double share) {
  int64_t all = 0;
  for (const auto& count : totals.lags) all += count;
  int64_t below = 0;
  for (size_t ms = 0; ms < totals.lags.size(); ++ms) {
    below += totals.lags[ms];
    if (static_cast<double>(below) >= share * static_cast<double>(all))
      return static_cast<int64_t>(ms);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 || std::string(argv[1]).rfind("127.", 0) != 0) {
    std::fprintf(stderr, "usage: watch_load 127.0.0.1:PORT JOB CONNECTIONS STREAMS SECONDS\n");
    return 2;
  }
  const int connections = std::clamp(std::atoi(argv[3]), 1, 100);
  const int streams = std::clamp(std::atoi(argv[4]), 1, 1000);
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::seconds(std::clamp(std::atoi(argv[5]), 1, 3600));
  std::vector<std::unique_ptr<v1::JobService::Stub>> stubs;
  for (int i = 0; i < connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::JobService::NewStub(
        grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), arguments)));
  }
  Totals totals;
  std::vector<std::unique_ptr<Watcher>> watchers;
  const int64_t begin = Now();
  const int64_t settled = begin + 5000 + connections * streams / 2;
  for (int i = 0; i < connections * streams; ++i) {
    watchers.push_back(std::make_unique<Watcher>(*stubs[static_cast<size_t>(i % connections)],
                                                 argv[2], totals, settled));
  }
  while (totals.open > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (const auto& watcher : watchers) watcher->Cancel();
  while (totals.open > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::printf(
      "{\"watchers\": %zu, \"started\": %ld, \"ended\": %ld, \"refused\": %ld, \"events\": %ld, "
      "\"faults\": %ld, "
      "\"seconds\": %.1f, \"lag_ms_p50\": %ld, \"lag_ms_p99\": %ld}\n",
      watchers.size(), totals.started.load(), totals.ended.load(), totals.refused.load(),
      totals.events.load(), totals.faults.load(), static_cast<double>(Now() - begin) / 1000,
      Percentile(totals, 0.5), Percentile(totals, 0.99));
  return totals.faults == 0 ? 0 : 1;
}
