#include "fitd/v1/prediction_service.grpc.pb.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

// Reads a request, answers it, reads the next. Owns itself until OnDone.
class PredictStreamReactor final
    : public grpc::ServerBidiReactor<v1::PredictStreamRequest, v1::PredictStreamResponse> {
 public:
  PredictStreamReactor(grpc::CallbackServerContext* context, Prediction& prediction)
      : context_(context), prediction_(prediction) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    response_.Clear();
    prediction_.Predict(
        request_.request(), [this] { return context_->IsCancelled(); },
        *response_.mutable_response(),
        [this](const absl::Status& status) {
          const CallScope scope(*context_, MethodOf<v1::PredictStreamResponse>(), "");
          if (status.ok()) {
            StartWrite(&response_);
          } else {
            Finish(ToGrpcStatus(status));
          }
        });
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
  grpc::CallbackServerContext* const context_;
  Prediction& prediction_;
  v1::PredictStreamRequest request_;
  v1::PredictStreamResponse response_;
};

class PredictionServiceRpc final : public v1::PredictionService::CallbackService {
 public:
  explicit PredictionServiceRpc(Prediction& prediction) : prediction_(prediction) {}

  grpc::ServerUnaryReactor* Predict(grpc::CallbackServerContext* context,
                                    const v1::PredictRequest* request,
                                    v1::PredictResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    prediction_.Predict(
        *request, [context] { return context->IsCancelled(); }, *response,
        [context, reactor](const absl::Status& status) {
          const CallScope scope(*context, MethodOf<v1::PredictResponse>(), "");
          reactor->Finish(ToGrpcStatus(status));
        });
    return reactor;
  }

  grpc::ServerBidiReactor<v1::PredictStreamRequest, v1::PredictStreamResponse>* PredictStream(
      grpc::CallbackServerContext* context) override {
    return new PredictStreamReactor(context, prediction_);
  }

 private:
  Prediction& prediction_;
};

}  // namespace

NamedService MakePredictionService(Prediction& prediction) {
  return {v1::PredictionService::service_full_name(),
          std::make_unique<PredictionServiceRpc>(prediction)};
}

}  // namespace fitd
