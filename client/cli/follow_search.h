// Following a search to its end, as `search start` and `search watch` do.

#ifndef FITD_CLIENT_CLI_FOLLOW_SEARCH_H_
#define FITD_CLIENT_CLI_FOLLOW_SEARCH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/cli.h"
#include "fitd/v1/search_service.pb.h"

namespace fitd::cli {

// All pages.
absl::StatusOr<v1::ListTrialsResponse> GetTrials(client::Client& client, const std::string& search);

// Prints a line for each trial as it ends, then the best. JSON: the search as it ended; JSON lines:
// each trial, then the search. A search that did not succeed gives a JobFailedError.
absl::Status FollowSearch(Cli& cli, const std::string& name);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FOLLOW_SEARCH_H_
