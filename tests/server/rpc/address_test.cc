#include "server/rpc/address.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(AddressTest, ReachIsWhoMayConnect) {
  for (const auto& [text, reach] :
       {std::pair("unix:/run/fitd.sock", Reach::kUnixSocket),
        std::pair("127.0.0.1:1", Reach::kLoopback), std::pair("[::1]:1", Reach::kLoopback),
        std::pair("localhost:1", Reach::kLoopback), std::pair("127.0.0.2:1", Reach::kOtherLocal),
        std::pair("0.0.0.0:1", Reach::kNetwork), std::pair("[::]:1", Reach::kNetwork),
        std::pair("127.example.com:1", Reach::kNetwork)}) {
    const auto address = ParseAddress(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->reach, reach) << text;
  }
}

TEST(AddressTest, HostHasNoBrackets) {
  const auto address = ParseAddress("[::1]:7474");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, 7474);
}

TEST(AddressTest, WhatIsNoAddressIsRefused) {
  for (const char* text : {"", ":1", "unix:", "host", "host:", "host:x", "host:65536", "::1:1"})
    EXPECT_FALSE(ParseAddress(text).has_value()) << text;
}

}  // namespace
}  // namespace fitd
