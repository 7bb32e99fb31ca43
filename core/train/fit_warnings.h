// What a user should know about a fit before it runs, though it can run.

#ifndef FITD_CORE_TRAIN_FIT_WARNINGS_H_
#define FITD_CORE_TRAIN_FIT_WARNINGS_H_

#include <string>
#include <vector>

#include "core/train/fit.h"
#include "core/train/fit_data.h"

namespace fitd {

// For people, in a fixed order. One pass over the labels, none over the features.
std::vector<std::string> FitWarnings(const FitInput& input, const FitData& data);

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_FIT_WARNINGS_H_
