// The options that say how to fit, for commands that start fits.

#ifndef FITD_CLIENT_CLI_FIT_FLAGS_H_
#define FITD_CLIENT_CLI_FIT_FLAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/flag_faults.h"
#include "fitd/v1/search.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd::cli {

// An unset option leaves what the file says, or else the daemon's default.
struct FitFlags {
  std::string model;
  std::string file;
  std::optional<std::string> data;
  std::optional<std::string> validation_data;
  std::optional<std::string> validation_split;
  std::optional<std::string> fold;
  std::optional<std::string> loss;
  std::optional<std::string> optimizer;
  std::optional<std::string> learning_rate;
  std::optional<std::string> metrics;
  std::optional<std::string> epochs;
  std::optional<std::string> batch_size;
  std::optional<std::string> seed;
  bool no_shuffle = false;
  std::vector<std::string> class_weight;
  std::optional<std::string> sample_weight;
  std::optional<std::string> early_stopping;
  std::optional<std::string> reduce_lr_on_plateau;
  bool standardize_features = false;
  bool no_standardize_features = false;
  bool standardize_targets = false;
  bool no_standardize_targets = false;
  std::optional<std::string> threads;
  std::optional<std::string> priority;
  std::optional<std::string> max_restarts;
};

// All of them but MODEL, --file and --fold, of which a search has many.
void AddFitFlags(CLI::App& command, FitFlags& flags);

// The spec in the file, if there is one, with what the options say. An axis of a search may set the
// loss that a fit needs.
v1::FitSpec FitFrom(const FitFlags& flags, FlagFaults& faults);
v1::SearchSpec SearchFrom(const FitFlags& flags, FlagFaults& faults);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FIT_FLAGS_H_
