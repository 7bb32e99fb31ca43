#include "tests/testing/test_server.h"

#include "fmt/format.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "server/config.h"
#include "server/log/log.h"

namespace fitd {

TestServer::TestServer() : data_dir_(directory_.File("data")) {
  ConfigureLog("error", "text");
  config_ = ResolveConfig({{"test", "data_dir", data_dir_},
                           {"test", "listen", "127.0.0.1:0"},
                           {"test", "workers", "2"},
                           {"test", "min_free_disk_bytes", "0"}})
                .value();
}

absl::Status TestServer::Start() {
  FITD_ASSIGN_OR_RETURN(server_, Server::Create(config_));
  return server_->Start();
}

void TestServer::Stop() { server_.reset(); }

std::string TestServer::address() const { return fmt::format("127.0.0.1:{}", server_->port()); }

int TestServer::http_port() const { return server_->http_port(); }

std::shared_ptr<grpc::Channel> TestServer::channel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace fitd
