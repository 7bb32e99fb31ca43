#include "fitd/v1/evaluation_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

class EvaluationServiceRpc final : public v1::EvaluationService::CallbackService {
 public:
  EvaluationServiceRpc(Evaluation& evaluation, ThreadPool& slow_pool)
      : evaluation_(evaluation), slow_pool_(slow_pool) {}

  grpc::ServerUnaryReactor* Evaluate(grpc::CallbackServerContext* context,
                                     const v1::EvaluateRequest* request,
                                     v1::EvaluateResponse* response) override {
    return Reply(
        context, slow_pool_, [this, request] { return evaluation_.Run(*request); }, response);
  }

 private:
  Evaluation& evaluation_;
  ThreadPool& slow_pool_;
};

}  // namespace

NamedService MakeEvaluationService(Evaluation& evaluation, ThreadPool& slow_pool) {
  return {v1::EvaluationService::service_full_name(),
          std::make_unique<EvaluationServiceRpc>(evaluation, slow_pool)};
}

}  // namespace fitd
