#ifndef FITD_CLIENT_CLI_DATASET_COMMANDS_H_
#define FITD_CLIENT_CLI_DATASET_COMMANDS_H_

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl dataset upload | list | show | head | delete
void AddDatasetCommands(CLI::App& fitctl, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_DATASET_COMMANDS_H_
