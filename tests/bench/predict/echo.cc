// A bare PredictionService: takes what fitd's Predict takes, and answers at once as a classifier of
// ten classes does. Usage: predict_echo callback|queue|mixed ADDRESS; a loopback address, port 0
// for a free one, or unix:PATH. With "mixed" Predict has completion queues, and another service the
// callback API. Prints its port; ends when its standard input does.

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fitd/v1/model_service.grpc.pb.h"
#include "fitd/v1/prediction_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace {

namespace v1 = fitd::v1;

constexpr int kClasses = 10;

void Answer(const v1::PredictRequest& request, v1::PredictResponse& response) {
  response.set_model(request.model());
  response.set_version(1);
  response.set_outputs(kClasses);
  for (int i = 0; i < kClasses; ++i) response.add_scores(1.0f / kClasses);
  response.mutable_labels()->Add(std::string(1, '0'));
}

class CallbackEcho final : public v1::PredictionService::CallbackService {
  grpc::ServerUnaryReactor* Predict(grpc::CallbackServerContext* context,
                                    const v1::PredictRequest* request,
                                    v1::PredictResponse* response) override {
    Answer(*request, *response);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

using QueueEcho = v1::PredictionService::WithAsyncMethod_Predict<v1::PredictionService::Service>;

// Waits for a call, answers it, and makes room for the next. Owns itself.
class QueuedCall {
 public:
  QueuedCall(QueueEcho& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue) {
    service_.RequestPredict(&context_, &request_, &writer_, &queue_, &queue_, this);
  }

  void Proceed(bool ok) {
    if (!ok || answered_) {
      delete this;
      return;
    }
    new QueuedCall(service_, queue_);
    v1::PredictResponse response;
    Answer(request_, response);
    answered_ = true;
    writer_.Finish(response, grpc::Status::OK, this);
  }

 private:
  QueueEcho& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  v1::PredictRequest request_;
  grpc::ServerAsyncResponseWriter<v1::PredictResponse> writer_{&context_};
  bool answered_ = false;
};

void Serve(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<QueuedCall*>(tag)->Proceed(ok);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view api = argc == 3 ? argv[1] : "";
  const std::string address = argc == 3 ? argv[2] : "";
  if ((api != "callback" && api != "queue" && api != "mixed") ||
      !(address.starts_with("127.") || address.starts_with("unix:"))) {
    std::fprintf(stderr, "usage: predict_echo callback|queue|mixed 127.0.0.1:PORT|unix:PATH\n");
    return 2;
  }
  CallbackEcho callback_echo;
  v1::ModelService::CallbackService others;  // Beside it in "mixed": gRPC polls for both.
  QueueEcho queue_echo;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  if (api == "callback") {
    builder.RegisterService(&callback_echo);
  } else {
    builder.RegisterService(&queue_echo);
    if (api == "mixed") builder.RegisterService(&others);
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i)
      queues.push_back(builder.AddCompletionQueue());
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::vector<std::thread> threads;
  for (const auto& queue : queues) {
    // Several calls may come before the first is answered.
    for (int i = 0; i < 64; ++i) new QueuedCall(queue_echo, *queue);
    threads.emplace_back([&queue] { Serve(*queue); });
  }
  std::printf("%d\n", port);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  server->Shutdown();
  for (const auto& queue : queues) queue->Shutdown();
  for (std::thread& thread : threads) thread.join();
}
