#include "server/rpc/listener.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A connection to the port on 127.0.0.1; it is refused or made at once.
int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

sockaddr_un PathAddress(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

int ConnectToPath(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = PathAddress(path);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// Waits for what the other end says; nothing when it hangs up.
std::string Read(int fd) {
  char byte = 0;
  return read(fd, &byte, 1) == 1 ? std::string(1, byte) : "";
}

void Greet(int fd) {
  send(fd, "!", 1, MSG_NOSIGNAL);  // It may be somebody who only looks whether it is free.
  close(fd);
}

TEST(ListenerTest, GivesConnectionsAway) {
  FITD_ASSERT_OK_AND_ASSIGN(auto listener, Listener::Create("127.0.0.1:0"));
  ASSERT_GT(listener->port(), 0);
  const int early = Connect(listener->port());
  listener->Start(&Greet);
  const int late = Connect(listener->port());
  EXPECT_EQ(Read(early), "!");
  EXPECT_EQ(Read(late), "!");
  close(early);
  close(late);
}

TEST(ListenerTest, NameMeansAllItsAddresses) {
  FITD_ASSERT_OK_AND_ASSIGN(auto listener, Listener::Create("localhost:0"));
  listener->Start(&Greet);
  const int fd = Connect(listener->port());
  EXPECT_EQ(Read(fd), "!");
  close(fd);
}

TEST(ListenerTest, TakenPortIsNamed) {
  FITD_ASSERT_OK_AND_ASSIGN(auto listener, Listener::Create("127.0.0.1:0"));
  const std::string address = fmt::format("127.0.0.1:{}", listener->port());
  EXPECT_THAT(Listener::Create(address).status().message(),
              AllOf(HasSubstr("cannot listen on " + address), HasSubstr("in use")));
}

TEST(ListenerTest, UnknownHostIsNamed) {
  EXPECT_THAT(Listener::Create("no.such.host.invalid:1"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no.such.host.invalid")));
}

TEST(ListenerTest, AUnixSocketGoesWithItsListener) {
  TempDir dir;
  const std::string path = dir.File("socket");
  FITD_ASSERT_OK_AND_ASSIGN(auto listener, Listener::Create("unix:" + path));
  listener->Start(&Greet);
  const int fd = ConnectToPath(path);
  EXPECT_EQ(Read(fd), "!");
  close(fd);
  EXPECT_THAT(Listener::Create("unix:" + path),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("socket: another process does")));
  listener.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListenerTest, AUnixSocketThatNobodyListensOnIsTaken) {
  TempDir dir;
  const std::string path = dir.File("socket");
  sockaddr_un address = PathAddress(path);
  const int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(dead);
  FITD_EXPECT_OK(Listener::Create("unix:" + path));
  std::ofstream(path) << "a file";
  EXPECT_THAT(Listener::Create("unix:" + path).status().message(), HasSubstr("in use"));
  EXPECT_TRUE(std::filesystem::exists(path));
}

class LimitTest : public testing::TestWithParam<bool> {};

TEST_P(LimitTest, ConnectionsBeyondTheLimitAreClosedAndLaterOnesServed) {
  TempDir dir;
  const std::string path = dir.File("socket");
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit low = limit;
  low.rlim_cur = 100;
  FITD_ASSERT_OK_AND_ASSIGN(auto listener,
                            Listener::Create(GetParam() ? "unix:" + path : "127.0.0.1:0"));
  const auto connect_to_it = [&] {
    return GetParam() ? ConnectToPath(path) : Connect(listener->port());
  };
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  listener->Start(&Greet);
  setrlimit(RLIMIT_NOFILE, &limit);

  std::vector<int> files;
  while (files.empty() || files.back() < 75) files.push_back(dup(0));
  const int refused = connect_to_it();
  EXPECT_EQ(Read(refused), "");
  close(refused);
  for (const int file : files) close(file);
  const int served = connect_to_it();
  EXPECT_EQ(Read(served), "!");
  close(served);
}

INSTANTIATE_TEST_SUITE_P(All, LimitTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "Unix" : "Tcp"; });

}  // namespace
}  // namespace fitd
