#include "core/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/base/rng.h"
#include "fmt/format.h"

namespace fitd {
namespace {

// How many of a class's rows to hold out.
size_t HeldOut(size_t rows, double fraction) {
  const auto nearest = static_cast<size_t>(std::llround(fraction * static_cast<double>(rows)));
  return rows >= 2 ? std::min(nearest, rows - 1) : std::min(nearest, rows);
}

}  // namespace

absl::StatusOr<Split> SplitRows(const Table& table, int label_column, double fraction,
                                uint64_t seed) {
  const auto rows = static_cast<uint32_t>(table.rows());
  std::vector<bool> held_out(rows);
  if (fraction > 0) {
    std::map<double, std::vector<uint32_t>> classes;
    if (label_column < 0) {
      std::vector<uint32_t>& all = classes[0];
      for (uint32_t row = 0; row < rows; ++row) all.push_back(row);
    } else {
      const ColumnView& labels = table.View(label_column);
      for (uint32_t row = 0; row < rows; ++row) classes[labels.NumberAt(row)].push_back(row);
    }
    const Rng rng(seed, RandomPurpose::kSplit);
    std::vector<std::pair<uint64_t, uint32_t>> hashed;
    for (const auto& [label, members] : classes) {
      const size_t count = HeldOut(members.size(), fraction);
      if (count == 0) continue;
      hashed.clear();
      for (const uint32_t row : members) hashed.emplace_back(rng.Bits(row), row);
      std::nth_element(hashed.begin(), hashed.begin() + static_cast<ptrdiff_t>(count - 1),
                       hashed.end());
      for (size_t i = 0; i < count; ++i) held_out[hashed[i].second] = true;
    }
  }

  Split split;
  for (uint32_t row = 0; row < rows; ++row)
    (held_out[row] ? split.validation : split.training).push_back(row);
  if (split.training.empty() || (fraction > 0 && split.validation.empty())) {
    return FailedPrecondition(
        fmt::format("holding out {} of {} rows leaves {} rows to train on and {} to validate on",
                    fraction, rows, split.training.size(), split.validation.size()));
  }
  return split;
}

}  // namespace fitd
