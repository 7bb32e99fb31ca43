// Clients that call Predict with one row of 784 floats, each for itself: a thread with a connection
// of its own that calls again when it has its answer. Usage: predict_load ADDRESS MODEL CLIENTS
// CALLS SECONDS RATE; a loopback address or unix:PATH; at most 64 clients, 1,000,000 calls
// together, 600 seconds. With a RATE other than 0 a client calls that often per second, if answers
// come in time. Prints one JSON object, of what came after each client's first calls.

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fitd/v1/prediction_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace {

namespace v1 = fitd::v1;
using Clock = std::chrono::steady_clock;

constexpr int kInputs = 784;
constexpr int kFirstCalls = 20;  // Of a client; they connect, and are not counted.
constexpr std::chrono::seconds kDeadline{20};

v1::PredictRequest Request(const std::string& model) {
  v1::PredictRequest request;
  request.set_model(model);
  v1::Tensor& tensor = *request.mutable_tensor();
  tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
  tensor.add_shape(1);
  tensor.add_shape(kInputs);
  std::vector<float> row;
  for (int i = 0; i < kInputs; ++i) row.push_back(static_cast<float>(i) / kInputs);
  tensor.set_data(row.data(), row.size() * sizeof(float));
  return request;
}

class Client {
 public:
  Client(const std::string& address, v1::PredictRequest request) : request_(std::move(request)) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::PredictionService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }

  grpc::Status Call() {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    return stub_->Predict(&context, request_, &response_);
  }

  size_t response_bytes() const { return response_.ByteSizeLong(); }
  // Nanoseconds of each call.
  std::vector<int64_t> latencies;
  std::vector<std::string> failures;

 private:
  const v1::PredictRequest request_;
  v1::PredictResponse response_;
  std::unique_ptr<v1::PredictionService::Stub> stub_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string address = argc == 7 ? argv[1] : "";
  if (!address.starts_with("127.") && !address.starts_with("unix:")) {
    std::fprintf(stderr,
                 "usage: predict_load 127.0.0.1:PORT|unix:PATH MODEL CLIENTS CALLS SECONDS RATE\n");
    return 2;
  }
  const v1::PredictRequest request = Request(argv[2]);
  const int count = std::clamp(std::atoi(argv[3]), 1, 64);
  const int64_t most_calls = std::clamp(std::atoi(argv[4]), 1, 1'000'000);
  const std::chrono::duration<double> most_time(std::clamp(std::atof(argv[5]), 0.0, 600.0));
  const double rate = std::max(0.0, std::atof(argv[6]));

  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < count; ++i) clients.push_back(std::make_unique<Client>(address, request));
  std::atomic<int64_t> calls = 0;
  std::barrier connected(count + 1);
  Clock::time_point end;  // Constant once all are connected.
  std::vector<std::thread> threads;
  for (const auto& client : clients) {
    threads.emplace_back([&, &client = *client] {
      for (int i = 0; i < kFirstCalls; ++i) client.Call();
      connected.arrive_and_wait();
      connected.arrive_and_wait();
      while (calls++ < most_calls) {
        const Clock::time_point begin = Clock::now();
        if (begin >= end) break;
        const grpc::Status status = client.Call();
        client.latencies.push_back((Clock::now() - begin).count());
        if (!status.ok()) client.failures.push_back(status.error_message());
        if (rate > 0) {
          std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(
                                                    std::chrono::duration<double>(1 / rate)));
        }
      }
    });
  }
  connected.arrive_and_wait();
  const Clock::time_point begin = Clock::now();
  end = begin + std::chrono::duration_cast<Clock::duration>(most_time);
  connected.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> elapsed = Clock::now() - begin;

  size_t failures = 0;
  for (const auto& client : clients) {
    failures += client->failures.size();
    if (!client->failures.empty()) std::fprintf(stderr, "%s\n", client->failures.front().c_str());
  }
  std::printf(
      "{\"seconds\": %.6f, \"failures\": %zu, \"request_bytes\": %zu, \"response_bytes\": %zu, "
      "\"latencies_ns\": [",
      elapsed.count(), failures, request.ByteSizeLong(), clients.front()->response_bytes());
  const char* separator = "";
  for (const auto& client : clients) {
    for (const int64_t latency : client->latencies) {
      std::printf("%s%ld", separator, latency);
      separator = ",";
    }
  }
  std::printf("]}\n");
  return failures == 0 ? 0 : 1;
}
