#include "server/server.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/test_server.h"

namespace fitd {
namespace {

TEST(ServerTest, PortIsWrittenToTheFile) {
  TempDir temp;
  TestServer server;
  server.config().set_port_file(temp.File("port"));
  FITD_ASSERT_OK(server.Start());
  std::string port;
  std::ifstream(temp.File("port")) >> port;
  EXPECT_EQ("127.0.0.1:" + port, server.address());
}

TEST(ServerTest, StopsAndStartsAgain) {
  TestServer server;
  for (int i = 0; i < 3; ++i) {
    FITD_ASSERT_OK(server.Start());
    server.Stop();
  }
}

TEST(ServerTest, ListensOnAUnixSocket) {
  TempDir temp;
  TestServer server;
  server.config().set_listen("unix:" + temp.File("fitd.sock"));
  FITD_EXPECT_OK(server.Start());
}

TEST(ServerTest, LeavesAnotherDaemonItsUnixSocket) {
  TempDir temp;
  TestServer first;
  TestServer second;
  for (TestServer* server : {&first, &second}) {
    server->config().set_listen("unix:" + temp.File("fitd.sock"));
  }
  FITD_ASSERT_OK(first.Start());
  EXPECT_THAT(second.Start(), StatusIs(absl::StatusCode::kUnavailable,
                                       testing::HasSubstr("fitd.sock: another process does")));
  first.Stop();
  TestServer third;
  third.config().set_listen("unix:" + temp.File("fitd.sock"));
  FITD_EXPECT_OK(third.Start());
}

}  // namespace
}  // namespace fitd
