// The whole daemon: builds, owns and stops everything, in that order.

#ifndef FITD_SERVER_SERVER_H_
#define FITD_SERVER_SERVER_H_

#include <memory>

#include "core/base/status.h"
#include "fitd/v1/server_config.pb.h"

namespace fitd {

// Thread-compatible.
class Server {
 public:
  // `config` comes from ResolveConfig. UNAVAILABLE when another daemon uses the data directory;
  // FAILED_PRECONDITION when a newer daemon wrote it; PERMISSION_DENIED when it cannot be written;
  // DATA_LOSS when its database is damaged.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const v1::ServerConfig& config);
  ~Server();

  // Listens, then lets queued jobs run. INTERNAL when the address cannot be had.
  absl::Status Start();
  // The port that was taken; 0 for a unix socket.
  int port() const;
  // That of the HTTP listener; 0 without one.
  int http_port() const;
  // Tells health checks and watchers, stops jobs within one mini-batch, answers what is in flight
  // within the grace period, closes the store. Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fitd

#endif  // FITD_SERVER_SERVER_H_
