// A search and its trials, for people and for other programs.

#ifndef FITD_CLIENT_CLI_SEARCH_REPORT_H_
#define FITD_CLIENT_CLI_SEARCH_REPORT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fitd/v1/search.pb.h"
#include "google/protobuf/struct.pb.h"

namespace fitd::cli {

using Trials = std::vector<v1::SearchTrial>;

// "RUNNING".
std::string FormatState(v1::SearchState state);

// "SUCCEEDED"; "STOPPED" is one that has a score and was cancelled before it had all its epochs.
std::string TrialState(const v1::SearchTrial& trial);

// The search's axes, those inside choices behind theirs.
std::vector<const v1::SearchAxis*> AllAxes(const v1::SearchSpace& space);
bool IsLogarithmic(const v1::SearchAxis& axis);

// The paths of the search's axes, those inside choices behind theirs, each once.
std::vector<std::string> AxisPaths(const v1::SearchSpace& space);

// The value of the trial's axis; empty where the axis does not count in it.
std::string ParameterOf(const v1::SearchTrial& trial, const std::string& path);

// "val_acc" is "val_accuracy", unless the training calls a metric of its own so.
std::string WholeMetricName(const std::string& name, const v1::TrainingSpec& training);

// Sorts by "trial", "score" (best first, those that did not succeed behind those that did), "time",
// "epochs", "state", "parameters" (trainable ones), an axis or a metric, or the other way round;
// equal ones keep their order and those without a value come last either way. INVALID_ARGUMENT for
// anything else.
absl::Status SortTrials(const v1::Search& search, const std::string& column, bool reverse,
                        Trials& trials);

// "about 4 min 8 s; its budget ends it after 1.0 s"; empty where nothing is known.
std::string RemainingText(const v1::Search& search);

// What the search is and where it stands.
std::string SearchText(const v1::Search& search);

// "0.9512 +/- 0.0123", of several fits.
std::string ScoreText(double score, const std::optional<double>& deviation);
std::string ScoreText(const v1::SearchTrial& trial);
std::string BestScoreText(const v1::Search& search);

// A line per fit of the trial; empty where it is one.
std::string FitsText(const v1::Search& search, const v1::SearchTrial& trial);

// A line per trial, `most` at most.
std::string TrialsText(const v1::Search& search, const Trials& trials, size_t most);

// "units 32  learning_rate 0.001".
std::string ParametersText(const v1::SearchTrial& trial);

// A line per trial with all that is known of it.
std::string TrialsCsv(const v1::Search& search, const Trials& trials);

// Parallel coordinates: "dimensions", each with its name, whether its axis is logarithmic, and its
// values, and "trials" with one coordinate per dimension: the number, or for a choice of texts the
// index of the value, else null.
google::protobuf::Struct ParallelCoordinates(const v1::Search& search, const Trials& trials);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_SEARCH_REPORT_H_
