#include <functional>
#include <utility>

#include "fitd/v1/server_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"
#include "server/rpc/watch_reactor.h"

namespace fitd {
namespace {

class ServerServiceRpc final : public v1::ServerService::CallbackService {
 public:
  ServerServiceRpc(ServerInfo& info, Maintenance& maintenance, ThreadPool& pool,
                   ThreadPool& maintenance_pool)
      : info_(info), maintenance_(maintenance), pool_(pool), maintenance_pool_(maintenance_pool) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::GetServerInfoResponse* response) override {
    return Reply(context, pool_, request, [this] { return info_.Get(); }, response);
  }

  grpc::ServerWriteReactor<v1::CheckStoreResponse>* CheckStore(
      grpc::CallbackServerContext* context, const v1::CheckStoreRequest*) override {
    return WatchReactor<v1::CheckStoreResponse>::Start(
        context, maintenance_pool_,
        [this](std::function<void()> wake) { return maintenance_.Check(std::move(wake)); });
  }

  grpc::ServerWriteReactor<v1::BackupStoreResponse>* BackupStore(
      grpc::CallbackServerContext* context, const v1::BackupStoreRequest*) override {
    return WatchReactor<v1::BackupStoreResponse>::Start(
        context, maintenance_pool_,
        [this](const std::function<void()>& /*wake*/) { return maintenance_.Backup(); });
  }

 private:
  ServerInfo& info_;
  Maintenance& maintenance_;
  ThreadPool& pool_;
  ThreadPool& maintenance_pool_;
};

}  // namespace

NamedService MakeServerService(ServerInfo& info, Maintenance& maintenance, ThreadPool& pool,
                               ThreadPool& maintenance_pool) {
  return {v1::ServerService::service_full_name(),
          std::make_unique<ServerServiceRpc>(info, maintenance, pool, maintenance_pool)};
}

}  // namespace fitd
