#include "fitd/v1/evaluation_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

class EvaluationServiceRpc final : public v1::EvaluationService::CallbackService {
 public:
  EvaluationServiceRpc(Evaluation& evaluation, ThreadPool& pool)
      : evaluation_(evaluation), pool_(pool) {}

  grpc::ServerUnaryReactor* Evaluate(grpc::CallbackServerContext* context,
                                     const v1::EvaluateRequest* request,
                                     v1::EvaluateResponse* response) override {
    return Reply(
        context, pool_, request,
        [this, context, request] {
          return evaluation_.Run(*request, [context] { return context->IsCancelled(); });
        },
        response);
  }

 private:
  Evaluation& evaluation_;
  ThreadPool& pool_;
};

}  // namespace

NamedService MakeEvaluationService(Evaluation& evaluation, ThreadPool& pool) {
  return {v1::EvaluationService::service_full_name(),
          std::make_unique<EvaluationServiceRpc>(evaluation, pool)};
}

}  // namespace fitd
