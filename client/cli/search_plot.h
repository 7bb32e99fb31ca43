// How much a search's settings matter: a number and a plot for each axis.

#ifndef FITD_CLIENT_CLI_SEARCH_PLOT_H_
#define FITD_CLIENT_CLI_SEARCH_PLOT_H_

#include <optional>
#include <string>

#include "client/cli/search_report.h"
#include "fitd/v1/search.pb.h"
#include "google/protobuf/struct.pb.h"

namespace fitd::cli {

// How much of the variance of the trials' ranks by score the axis's values explain, less what
// chance would: epsilon squared (Kelley 1935), from 0 to 1. Each choice is a group; numbers are cut
// into four of equal size. Trials that failed count as the worst; others without a score, or
// without the axis, do not count. None where there are too few trials to tell.
std::optional<double> Importance(const v1::Search& search, const Trials& trials,
                                 const std::string& path);

// The objective against each axis, the most important first.
std::string PlotText(const v1::Search& search, const Trials& trials);

// The same for other programs: "search", "objective", and "axes", each with its "name", "log",
// "importance" and "points", of which each has "trial", "value" and "score"; null is unknown, and
// the score of a trial that failed.
google::protobuf::Struct PlotData(const v1::Search& search, const Trials& trials);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_SEARCH_PLOT_H_
