#ifndef FITD_CLIENT_CLI_JOB_COMMANDS_H_
#define FITD_CLIENT_CLI_JOB_COMMANDS_H_

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl job list | show | watch | events | cancel | delete
void AddJobCommands(CLI::App& fitctl, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_JOB_COMMANDS_H_
