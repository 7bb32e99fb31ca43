#ifndef FITD_CLIENT_CLI_SERVER_COMMANDS_H_
#define FITD_CLIENT_CLI_SERVER_COMMANDS_H_

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl server info, fsck, backup
void AddServerCommands(CLI::App& fitctl, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_SERVER_COMMANDS_H_
