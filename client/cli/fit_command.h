#ifndef FITD_CLIENT_CLI_FIT_COMMAND_H_
#define FITD_CLIENT_CLI_FIT_COMMAND_H_

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl fit
void AddFitCommand(CLI::App& fitctl, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FIT_COMMAND_H_
