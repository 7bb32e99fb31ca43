#ifndef FITD_CLIENT_CLI_EVALUATE_COMMAND_H_
#define FITD_CLIENT_CLI_EVALUATE_COMMAND_H_

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl evaluate
void AddEvaluateCommand(CLI::App& fitctl, Cli& cli);

// The evaluation for people, on lines of `width` characters where the class names allow.
std::string EvaluationText(const v1::EvaluateResponse& response, const std::string& dataset,
                           int width);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_EVALUATE_COMMAND_H_
