// The whole program as a function of its arguments and its environment.

#ifndef FITD_CLIENT_CLI_FITCTL_H_
#define FITD_CLIENT_CLI_FITCTL_H_

#include <string>
#include <vector>

#include "client/cli/environment.h"

namespace fitd::cli {

// Runs the command that `args` (without the program's name) say, and returns the exit status.
int RunFitctl(const std::vector<std::string>& args, const Environment& environment);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FITCTL_H_
