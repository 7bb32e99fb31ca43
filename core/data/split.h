// Which rows train and which validate.

#ifndef FITD_CORE_DATA_SPLIT_H_
#define FITD_CORE_DATA_SPLIT_H_

#include <cstdint>
#include <vector>

#include "core/base/status.h"
#include "core/data/table.h"

namespace fitd {

struct Split {
  std::vector<uint32_t> training;    // Increasing.
  std::vector<uint32_t> validation;  // Increasing.
};

// Holds out `fraction` of the rows: within each class (rows with equal label codes; all rows are
// one class when `label_column` is -1) those with the smallest seeded hash of the row number,
// rounded to the nearest count. Every class with two rows or more keeps a training row. Depends on
// the seed, the fraction and the labels alone. FAILED_PRECONDITION when one side would be empty
// though fraction > 0.
absl::StatusOr<Split> SplitRows(const Table& table, int label_column, double fraction,
                                uint64_t seed);

}  // namespace fitd

#endif  // FITD_CORE_DATA_SPLIT_H_
