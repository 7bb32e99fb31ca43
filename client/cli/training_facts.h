// How a fit trains, for the tables of facts of jobs and versions.

#ifndef FITD_CLIENT_CLI_TRAINING_FACTS_H_
#define FITD_CLIENT_CLI_TRAINING_FACTS_H_

#include "client/cli/table.h"
#include "fitd/v1/training.pb.h"

namespace fitd::cli {

// Adds a row for each option that does something.
void AddTrainingFacts(const v1::TrainingSpec& training, Table& facts);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_TRAINING_FACTS_H_
