#ifndef FITD_CLIENT_CLI_COMPLETION_COMMAND_H_
#define FITD_CLIENT_CLI_COMPLETION_COMMAND_H_

#include <string>
#include <vector>

#include "client/cli/cli.h"

namespace fitd::cli {

// fitctl completion bash | zsh | fish. The scripts call `fitctl complete -- WORD...`, which prints
// Completions.
void AddCompletionCommand(CLI::App& fitctl, Cli& cli);

// What may stand for the last of `words`, which follow "fitctl" on the line: commands, options or
// the choices of an option. Empty where a file or a name is expected.
std::vector<std::string> Completions(const CLI::App& fitctl, const std::vector<std::string>& words);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_COMPLETION_COMMAND_H_
