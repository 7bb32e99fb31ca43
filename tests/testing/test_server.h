// A daemon on a free loopback port and in a folder of its own.

#ifndef FITD_TESTS_TESTING_TEST_SERVER_H_
#define FITD_TESTS_TESTING_TEST_SERVER_H_

#include <memory>
#include <string>

#include "core/base/status.h"
#include "fitd/v1/server_config.pb.h"
#include "grpcpp/channel.h"
#include "server/server.h"
#include "tests/testing/temp_dir.h"

namespace fitd {

// Single-thread, but for what channel() gives.
class TestServer {
 public:
  // Two workers unless changed by config() before Start.
  TestServer();
  ~TestServer() { Stop(); }

  v1::ServerConfig& config() { return config_; }
  absl::Status Start();
  // Start after it goes on with the same folder.
  void Stop();

  std::string address() const;
  // Of the HTTP listener, if the configuration has one.
  int http_port() const;
  // A new connection.
  std::shared_ptr<grpc::Channel> channel() const;
  const std::string& data_dir() const { return data_dir_; }

 private:
  TempDir directory_;
  const std::string data_dir_;
  v1::ServerConfig config_;
  std::unique_ptr<Server> server_;
};

}  // namespace fitd

#endif  // FITD_TESTS_TESTING_TEST_SERVER_H_
