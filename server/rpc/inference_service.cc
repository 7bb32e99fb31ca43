#include "inference/grpc_service.grpc.pb.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

// Whether the client wants the first error to end a stream.
bool EndsAtErrors(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find("triton_grpc_error");
  return found != context.client_metadata().end() && found->second == "true";
}

// Reads a request, answers it, reads the next. Owns itself until OnDone.
class InferStreamReactor final
    : public grpc::ServerBidiReactor<inference::ModelInferRequest,
                                     inference::ModelStreamInferResponse> {
 public:
  InferStreamReactor(grpc::CallbackServerContext* context, Inference& inference)
      : context_(context), inference_(inference), ends_at_errors_(EndsAtErrors(*context)) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    response_.Clear();
    inference_.ModelInfer(
        request_, [this] { return context_->IsCancelled(); }, *response_.mutable_infer_response(),
        [this](const absl::Status& status) {
          const CallScope scope(*context_, MethodOf<inference::ModelStreamInferResponse>(),
                                request_.id());
          Answer(ToGrpcStatus(status));
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
  void Answer(const grpc::Status& status) {
    if (!status.ok() && (ends_at_errors_ || context_->IsCancelled())) {
      Finish(status);
      return;
    }
    inference::ModelInferResponse& answer = *response_.mutable_infer_response();
    if (status.ok()) {
      // There is one answer for each request.
      (*answer.mutable_parameters())["triton_final_response"].set_bool_param(true);
    } else {
      answer.Clear();
      answer.set_id(request_.id());
      response_.set_error_message(status.error_message());
    }
    StartWrite(&response_);
  }

  grpc::CallbackServerContext* const context_;
  Inference& inference_;
  const bool ends_at_errors_;
  inference::ModelInferRequest request_;
  inference::ModelStreamInferResponse response_;
};

class InferenceServiceRpc final : public inference::GRPCInferenceService::CallbackService {
 public:
  InferenceServiceRpc(Inference& inference, ThreadPool& pool, const std::atomic<bool>& stopping)
      : inference_(inference), pool_(pool), stopping_(stopping) {}

  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context,
                                       const inference::ServerLiveRequest* /*request*/,
                                       inference::ServerLiveResponse* response) override {
    response->set_live(true);
    return Ok(context);
  }

  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context,
                                        const inference::ServerReadyRequest* /*request*/,
                                        inference::ServerReadyResponse* response) override {
    response->set_ready(!stopping_);
    return Ok(context);
  }

  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context,
                                           const inference::ServerMetadataRequest* /*request*/,
                                           inference::ServerMetadataResponse* response) override {
    *response = Inference::ServerMetadata();
    return Ok(context);
  }

  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context,
                                       const inference::ModelReadyRequest* request,
                                       inference::ModelReadyResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return inference_.ModelReady(*request); },
        response);
  }

  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context,
                                          const inference::ModelMetadataRequest* request,
                                          inference::ModelMetadataResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return inference_.ModelMetadata(*request); },
        response);
  }

  grpc::ServerUnaryReactor* ModelConfig(grpc::CallbackServerContext* context,
                                        const inference::ModelConfigRequest* request,
                                        inference::ModelConfigResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return inference_.ModelConfig(*request); },
        response);
  }

  grpc::ServerUnaryReactor* ModelStatistics(grpc::CallbackServerContext* context,
                                            const inference::ModelStatisticsRequest* request,
                                            inference::ModelStatisticsResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return inference_.ModelStatistics(*request); },
        response);
  }

  grpc::ServerUnaryReactor* RepositoryIndex(grpc::CallbackServerContext* context,
                                            const inference::RepositoryIndexRequest* request,
                                            inference::RepositoryIndexResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return inference_.RepositoryIndex(*request); },
        response);
  }

  grpc::ServerUnaryReactor* RepositoryModelLoad(
      grpc::CallbackServerContext* context, const inference::RepositoryModelLoadRequest* request,
      inference::RepositoryModelLoadResponse* response) override {
    return Reply(
        context, pool_, request,
        [this, request] { return inference_.RepositoryModelLoad(*request); }, response);
  }

  grpc::ServerUnaryReactor* RepositoryModelUnload(
      grpc::CallbackServerContext* context, const inference::RepositoryModelUnloadRequest* request,
      inference::RepositoryModelUnloadResponse* response) override {
    return Reply(
        context, pool_, request,
        [this, request] { return inference_.RepositoryModelUnload(*request); }, response);
  }

  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const inference::ModelInferRequest* request,
                                       inference::ModelInferResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    inference_.ModelInfer(
        *request, [context] { return context->IsCancelled(); }, *response,
        [context, request, reactor](const absl::Status& status) {
          const CallScope scope(*context, MethodOf<inference::ModelInferResponse>(), request->id());
          reactor->Finish(ToGrpcStatus(status));
        });
    return reactor;
  }

  grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
  ModelStreamInfer(grpc::CallbackServerContext* context) override {
    return new InferStreamReactor(context, inference_);
  }

 private:
  static grpc::ServerUnaryReactor* Ok(grpc::CallbackServerContext* context) {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  Inference& inference_;
  ThreadPool& pool_;
  const std::atomic<bool>& stopping_;
};

}  // namespace

NamedService MakeInferenceService(Inference& inference, ThreadPool& pool,
                                  const std::atomic<bool>& stopping) {
  return {inference::GRPCInferenceService::service_full_name(),
          std::make_unique<InferenceServiceRpc>(inference, pool, stopping)};
}

}  // namespace fitd
