#include "server/rpc/address.h"

#include <arpa/inet.h>

#include <charconv>

namespace fitd {
namespace {

Reach ReachOf(const std::string& host) {
  if (host == "localhost" || host == "::1" || host == "127.0.0.1") return Reach::kLoopback;
  in_addr numeric = {};
  const bool local =
      inet_pton(AF_INET, host.c_str(), &numeric) == 1 && ntohl(numeric.s_addr) >> 24 == 127;
  return local ? Reach::kOtherLocal : Reach::kNetwork;
}

}  // namespace

std::optional<Address> ParseAddress(const std::string& text) {
  if (text.starts_with("unix:")) {
    if (text.size() == 5) return std::nullopt;
    return Address{.host = "", .port = 0, .reach = Reach::kUnixSocket};
  }
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return std::nullopt;
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || parsed != end) return std::nullopt;
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != host.npos) {
    return std::nullopt;
  }
  if (host.empty()) return std::nullopt;
  const Reach reach = ReachOf(host);
  return Address{.host = std::move(host), .port = port, .reach = reach};
}

}  // namespace fitd
