#ifndef FITD_CLIENT_CLI_MODEL_COMMANDS_H_
#define FITD_CLIENT_CLI_MODEL_COMMANDS_H_

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl model create | list | show | alias | delete
void AddModelCommands(CLI::App& fitctl, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_MODEL_COMMANDS_H_
