#include "fitd/v1/server_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

class ServerServiceRpc final : public v1::ServerService::CallbackService {
 public:
  ServerServiceRpc(ServerInfo& info, ThreadPool& pool) : info_(info), pool_(pool) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest*,
                                          v1::GetServerInfoResponse* response) override {
    return Reply(context, pool_, [this] { return info_.Get(); }, response);
  }

 private:
  ServerInfo& info_;
  ThreadPool& pool_;
};

}  // namespace

NamedService MakeServerService(ServerInfo& info, ThreadPool& pool) {
  return {v1::ServerService::service_full_name(), std::make_unique<ServerServiceRpc>(info, pool)};
}

}  // namespace fitd
