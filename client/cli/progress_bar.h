// A bar on a line that is redrawn in place.

#ifndef FITD_CLIENT_CLI_PROGRESS_BAR_H_
#define FITD_CLIENT_CLI_PROGRESS_BAR_H_

#include <string>

#include "client/cli/environment.h"

namespace fitd::cli {

// A bar of `width` cells, a share of them filled.
std::string ProgressBar(double share, int width, const Terminal& terminal);

// Goes back to the start of the line and empties it.
inline constexpr char kEraseLine[] = "\r\x1b[K";

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_PROGRESS_BAR_H_
