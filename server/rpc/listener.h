// Accepts connections in gRPC's stead, which in version 1.51 never listens again after it ran
// out of file descriptors once (CVE-2023-4785).

#ifndef FITD_SERVER_RPC_LISTENER_H_
#define FITD_SERVER_RPC_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/status.h"

namespace fitd {

// Single-thread, beside the thread it starts.
class Listener {
 public:
  // Gets a connected, non-blocking socket, which is its own from then on.
  using Take = std::function<void(int fd)>;

  // Listens on each address that "HOST:PORT" means, all with one port; port 0 takes a free one. Or
  // on "unix:PATH", in the place of a socket that nobody listens on; UNAVAILABLE when somebody
  // does. FAILED_PRECONDITION or INTERNAL when it cannot be.
  static absl::StatusOr<std::unique_ptr<Listener>> Create(const std::string& address);
  ~Listener();

  int port() const { return port_; }  // 0 for a unix socket.

  // Accepts from now on. A quarter of the process's file descriptors is kept for files: connections
  // beyond the rest are closed at once.
  void Start(Take take);
  // `take` is not called any more. Idempotent.
  void Stop();

 private:
  Listener();
  absl::Status ListenOnHost(const std::string& address);
  absl::Status ListenOnPath(const std::string& path);
  void Loop();
  void Accept(int socket);

  int port_ = 0;
  std::string path_;  // Of a unix socket, which goes with the listener.
  std::vector<int> sockets_;
  int stop_event_ = -1;
  int fd_limit_ = 0;
  bool refusing_ = false;
  Take take_;
  std::thread thread_;
};

}  // namespace fitd

#endif  // FITD_SERVER_RPC_LISTENER_H_
