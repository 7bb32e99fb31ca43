// Addresses to listen on, as users write them.

#ifndef FITD_SERVER_RPC_ADDRESS_H_
#define FITD_SERVER_RPC_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace fitd {

enum class Reach {
  kUnixSocket,
  kLoopback,    // 127.0.0.1, ::1 or localhost, where gRPC can tell that a peer is on this machine.
  kOtherLocal,  // The rest of 127.0.0.0/8.
  kNetwork,     // Other machines may reach it.
};

struct Address {
  std::string host;  // Without brackets; empty for a unix socket.
  uint16_t port = 0;
  Reach reach = Reach::kNetwork;
};

// "HOST:PORT" or "unix:PATH"; nothing for what is neither.
std::optional<Address> ParseAddress(const std::string& text);

}  // namespace fitd

#endif  // FITD_SERVER_RPC_ADDRESS_H_
