#include "core/data/split.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/base/rng.h"
#include "fmt/format.h"

namespace fitd {
namespace {

using Classes = std::map<double, std::vector<uint32_t>>;  // Rows by class.

double ClassOf(const Table& table, const std::vector<int>& label_columns, uint32_t row) {
  if (label_columns.size() == 1 && ElementsPerRow(table.column(label_columns[0])) == 1)
    return table.View(label_columns[0]).NumberAt(row);
  double largest = -std::numeric_limits<double>::infinity();
  int64_t place = 0;
  int64_t index = 0;
  for (const int column : label_columns) {
    const int64_t elements = ElementsPerRow(table.column(column));
    for (int64_t e = 0; e < elements; ++e, ++index) {
      const double value = table.View(column).NumberAt(row, e);
      if (value > largest) {
        largest = value;
        place = index;
      }
    }
  }
  return static_cast<double>(place);
}

Classes ClassesOf(const Table& table, const std::vector<int>& label_columns) {
  Classes classes;
  for (uint32_t row = 0; row < static_cast<uint32_t>(table.rows()); ++row)
    classes[ClassOf(table, label_columns, row)].push_back(row);
  return classes;
}

// Rows with their seeded hashes, which order them.
using Hashed = std::vector<std::pair<uint64_t, uint32_t>>;
void Hash(const Rng& rng, const std::vector<uint32_t>& rows, Hashed& hashed) {
  hashed.clear();
  for (const uint32_t row : rows) hashed.emplace_back(rng.Bits(row), row);
}

Split SplitBy(const std::vector<bool>& held_out) {
  Split split;
  for (uint32_t row = 0; row < held_out.size(); ++row)
    (held_out[row] ? split.validation : split.training).push_back(row);
  return split;
}

// How many rows of each class to hold out: its share, rounded by the method of largest remainders,
// and never all.
std::vector<size_t> HeldOut(const Classes& classes, size_t rows, double fraction) {
  struct Share {
    size_t index;
    size_t most;
    double remainder;
  };
  std::vector<Share> shares;
  std::vector<size_t> counts;
  size_t left = static_cast<size_t>(std::llround(fraction * static_cast<double>(rows)));
  left = std::clamp<size_t>(left, 1, rows - classes.size());
  for (const auto& [label, members] : classes) {
    const double exact = fraction * static_cast<double>(members.size());
    const size_t most = members.size() - 1;
    counts.push_back(std::min(static_cast<size_t>(exact), most));
    left -= counts.back();
    shares.push_back(
        {.index = shares.size(), .most = most, .remainder = exact - std::floor(exact)});
  }
  std::sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
    return a.remainder != b.remainder ? a.remainder > b.remainder : a.index < b.index;
  });
  while (left > 0) {
    for (const Share& share : shares) {
      if (left == 0 || counts[share.index] == share.most) continue;
      ++counts[share.index];
      --left;
    }
  }
  return counts;
}

}  // namespace

absl::StatusOr<Split> SplitRows(const Table& table, const std::vector<int>& label_columns,
                                double fraction, uint64_t seed) {
  const auto rows = static_cast<size_t>(table.rows());
  std::vector<bool> held_out(rows);
  if (fraction > 0) {
    const Classes classes = ClassesOf(table, label_columns);
    if (classes.size() == rows) {
      return FailedPrecondition(
          fmt::format("nothing can be held out: none of the {} classes has two of the {} rows",
                      classes.size(), rows));
    }
    const std::vector<size_t> counts = HeldOut(classes, rows, fraction);
    const Rng rng(seed, RandomPurpose::kSplit);
    Hashed hashed;
    auto count = counts.begin();
    for (const auto& [label, members] : classes) {
      Hash(rng, members, hashed);
      const auto end = hashed.begin() + static_cast<ptrdiff_t>(*count++);
      std::nth_element(hashed.begin(), end, hashed.end());
      for (auto held = hashed.begin(); held != end; ++held) held_out[held->second] = true;
    }
  }
  return SplitBy(held_out);
}

Split HoldOutFold(const Table& table, const std::vector<int>& label_columns, int64_t index,
                  int64_t count, uint64_t seed) {
  std::vector<bool> held_out(static_cast<size_t>(table.rows()));
  const Rng rng(seed, RandomPurpose::kSplit);
  Hashed hashed;
  int64_t part = 0;
  for (const auto& [label, members] : ClassesOf(table, label_columns)) {
    Hash(rng, members, hashed);
    std::sort(hashed.begin(), hashed.end());
    for (const auto& [hash, row] : hashed) {
      held_out[row] = part == index - 1;
      part = (part + 1) % count;
    }
  }
  return SplitBy(held_out);
}

}  // namespace fitd
