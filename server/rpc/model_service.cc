#include "fitd/v1/model_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

class ModelServiceRpc final : public v1::ModelService::CallbackService {
 public:
  ModelServiceRpc(Models& models, ThreadPool& pool) : models_(models), pool_(pool) {}

  grpc::ServerUnaryReactor* CreateModel(grpc::CallbackServerContext* context,
                                        const v1::CreateModelRequest* request,
                                        v1::CreateModelResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.Create(*request); }, response);
  }

  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const v1::GetModelRequest* request,
                                     v1::GetModelResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.Get(*request); }, response);
  }

  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.List(*request); }, response);
  }

  grpc::ServerUnaryReactor* DeleteModel(grpc::CallbackServerContext* context,
                                        const v1::DeleteModelRequest* request,
                                        v1::DeleteModelResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.Delete(*request); }, response);
  }

  grpc::ServerUnaryReactor* GetModelVersion(grpc::CallbackServerContext* context,
                                            const v1::GetModelVersionRequest* request,
                                            v1::GetModelVersionResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.GetVersion(*request); },
        response);
  }

  grpc::ServerUnaryReactor* ListModelVersions(grpc::CallbackServerContext* context,
                                              const v1::ListModelVersionsRequest* request,
                                              v1::ListModelVersionsResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.ListVersions(*request); },
        response);
  }

  grpc::ServerUnaryReactor* DeleteModelVersion(grpc::CallbackServerContext* context,
                                               const v1::DeleteModelVersionRequest* request,
                                               v1::DeleteModelVersionResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.DeleteVersion(*request); },
        response);
  }

  grpc::ServerUnaryReactor* SetModelAlias(grpc::CallbackServerContext* context,
                                          const v1::SetModelAliasRequest* request,
                                          v1::SetModelAliasResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return models_.SetAlias(*request); }, response);
  }

 private:
  Models& models_;
  ThreadPool& pool_;
};

}  // namespace

NamedService MakeModelService(Models& models, ThreadPool& pool) {
  return {v1::ModelService::service_full_name(), std::make_unique<ModelServiceRpc>(models, pool)};
}

}  // namespace fitd
