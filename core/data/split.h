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

// Holds out `fraction` of the rows, rounded to the nearest count but at least one; of each class
// its share, those rows with the smallest seeded hash of the row number. A row's class is the value
// of its label column, or which of several label values is the largest; without label columns all
// rows are one class. Every class keeps a training row. Depends on the seed, the fraction and the
// labels alone. FAILED_PRECONDITION when no class has two rows though fraction > 0.
absl::StatusOr<Split> SplitRows(const Table& table, const std::vector<int>& label_columns,
                                double fraction, uint64_t seed);

}  // namespace fitd

#endif  // FITD_CORE_DATA_SPLIT_H_
