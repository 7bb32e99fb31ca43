#include "fitd/v1/prediction_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

// Reads a request, answers it, reads the next. Owns itself until OnDone.
class PredictStreamReactor final
    : public grpc::ServerBidiReactor<v1::PredictStreamRequest, v1::PredictStreamResponse> {
 public:
  PredictStreamReactor(grpc::CallbackServerContext* context, PredictionExecutor& executor,
                       ThreadPool& pool)
      : context_(context), executor_(executor), pool_(pool) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
    } else if (!pool_.Post([this] { Answer(); })) {
      Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the daemon is stopping"));
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      StartRead(&request_);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override { delete this; }

 private:
  void Answer() {
    absl::StatusOr<v1::PredictResponse> response = Guarded([this] {
      return executor_.Predict(request_.request(), [this] { return context_->IsCancelled(); });
    });
    if (!response.ok()) {
      Finish(ToGrpcStatus(response.status()));
      return;
    }
    *response_.mutable_response() = *std::move(response);
    StartWrite(&response_);
  }

  grpc::CallbackServerContext* const context_;
  PredictionExecutor& executor_;
  ThreadPool& pool_;
  v1::PredictStreamRequest request_;
  v1::PredictStreamResponse response_;
};

class PredictionServiceRpc final : public v1::PredictionService::CallbackService {
 public:
  PredictionServiceRpc(PredictionExecutor& executor, ThreadPool& pool)
      : executor_(executor), pool_(pool) {}

  grpc::ServerUnaryReactor* Predict(grpc::CallbackServerContext* context,
                                    const v1::PredictRequest* request,
                                    v1::PredictResponse* response) override {
    return Reply(
        context, pool_,
        [this, context, request] {
          return executor_.Predict(*request, [context] { return context->IsCancelled(); });
        },
        response);
  }

  grpc::ServerBidiReactor<v1::PredictStreamRequest, v1::PredictStreamResponse>* PredictStream(
      grpc::CallbackServerContext* context) override {
    return new PredictStreamReactor(context, executor_, pool_);
  }

 private:
  PredictionExecutor& executor_;
  ThreadPool& pool_;
};

}  // namespace

NamedService MakePredictionService(PredictionExecutor& executor, ThreadPool& pool) {
  return {v1::PredictionService::service_full_name(),
          std::make_unique<PredictionServiceRpc>(executor, pool)};
}

}  // namespace fitd
