// fitctl search start

#ifndef FITD_CLIENT_CLI_SEARCH_START_H_
#define FITD_CLIENT_CLI_SEARCH_START_H_

#include "client/cli/cli.h"

namespace fitd::cli {

void AddSearchStart(CLI::App& search, Cli& cli);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_SEARCH_START_H_
