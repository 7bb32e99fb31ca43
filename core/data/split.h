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

// Holds out part `index`, from 1, of `count` parts, at most one for each row. The rows are dealt
// out to the parts in turn, class by class, each class in the order of its rows' seeded hashes.
// Depends on the seed, the count and the labels alone, and so do the parts: each row is in one of
// them.
Split HoldOutFold(const Table& table, const std::vector<int>& label_columns, int64_t index,
                  int64_t count, uint64_t seed);

}  // namespace fitd

#endif  // FITD_CORE_DATA_SPLIT_H_
