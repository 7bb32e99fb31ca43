// What a run of fitctl gets from outside: streams, terminal, the way to a daemon. Tests bring their
// own.

#ifndef FITD_CLIENT_CLI_ENVIRONMENT_H_
#define FITD_CLIENT_CLI_ENVIRONMENT_H_

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "client/fitd_client.h"

namespace fitd::cli {

// What the standard output can show.
struct Terminal {
  bool interactive = false;  // Lines may be redrawn.
  bool color = false;
  bool unicode = false;
  int width = 80;
};

struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Terminal terminal;
  client::Endpoint endpoint;  // Unless options say otherwise.
  std::function<absl::StatusOr<std::unique_ptr<client::Client>>(const client::Endpoint&)> connect;
};

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_ENVIRONMENT_H_
