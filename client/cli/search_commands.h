// fitctl search ...

#ifndef FITD_CLIENT_CLI_SEARCH_COMMANDS_H_
#define FITD_CLIENT_CLI_SEARCH_COMMANDS_H_

#include "client/cli/cli.h"

namespace fitd::cli {

void AddSearchCommands(CLI::App& fitctl, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_SEARCH_COMMANDS_H_
