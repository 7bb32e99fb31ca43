#ifndef FITD_CLIENT_CLI_PREDICT_COMMAND_H_
#define FITD_CLIENT_CLI_PREDICT_COMMAND_H_

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl predict
void AddPredictCommand(CLI::App& fitctl, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_PREDICT_COMMAND_H_
