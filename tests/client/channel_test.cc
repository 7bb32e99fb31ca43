#include "client/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd::client {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

TEST(ChannelTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "host", ":1", "host:", "host:x", "host:0", "host:65537"}) {
    EXPECT_THAT(MakeChannel({.address = address}).status(),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("expected HOST:PORT")))
        << address;
  }
}

TEST(ChannelTest, TokenNeverLeavesThisMachineUnencrypted) {
  for (const char* address :
       {"example.com:1", "10.0.0.1:1", "127.0.0.1.example.com:1", "[::2]:1"}) {
    EXPECT_THAT(MakeChannel({.address = address, .token = "fitd_secret"}).status(),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("unencrypted")))
        << address;
    FITD_EXPECT_OK(MakeChannel({.address = address, .tls_ca = kSystemCa, .token = "fitd_secret"}));
  }
  for (const char* address : {"127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/run/fitd.sock"})
    FITD_EXPECT_OK(MakeChannel({.address = address, .token = "fitd_secret"}));
}

TEST(ChannelTest, FilesMustBeThereAndGoTogether) {
  TempDir temp;
  std::ofstream(temp.File("some.pem")) << "some";
  const std::string pem = temp.File("some.pem");
  const auto connect = [](Endpoint endpoint) {
    endpoint.address = "localhost:1";
    return MakeChannel(endpoint).status();
  };
  EXPECT_THAT(connect({.tls_ca = "/nowhere.pem"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("cannot read \"/nowhere.pem\"")));
  EXPECT_THAT(connect({.tls_ca = kSystemCa, .tls_certificate = pem}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("needs its key")));
  EXPECT_THAT(connect({.tls_certificate = pem, .tls_key = pem}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("needs TLS")));
}

}  // namespace
}  // namespace fitd::client
