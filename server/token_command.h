// fitd token: who may call the daemon.

#ifndef FITD_SERVER_TOKEN_COMMAND_H_
#define FITD_SERVER_TOKEN_COMMAND_H_

#include <functional>
#include <optional>
#include <ostream>

#include "core/base/status.h"
#include "fitd/v1/server_config.pb.h"

namespace CLI {
class App;
}

namespace fitd {

// Adds `token create`, `list` and `revoke`. After the parse `run` holds the one that was chosen, if
// any; it writes its result to the stream.
using TokenCommand = std::function<absl::Status(const v1::ServerConfig&, std::ostream&)>;
void AddTokenCommands(CLI::App& fitd, std::optional<TokenCommand>& run);

}  // namespace fitd

#endif  // FITD_SERVER_TOKEN_COMMAND_H_
