#include "core/data/column_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace fitd {

void Moments::Add(std::span<const double> values) {
  if (values.empty()) return;
  double sum = 0;
  for (const double value : values) {
    min_ = value < min_ ? value : min_;
    max_ = value > max_ ? value : max_;
    sum += value;
  }
  const auto count = static_cast<double>(values.size());
  const double mean = sum / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);

  const auto before = static_cast<double>(count_);
  const double total = before + count;
  const double delta = mean - mean_;
  mean_ += delta * (count / total);
  sum_of_squares_ += squares + delta * delta * (before * count / total);
  count_ += static_cast<int64_t>(values.size());
}

void Moments::Write(v1::ColumnStatistics& statistics) const {
  statistics.set_count(count_);
  if (count_ == 0) return;
  statistics.set_min(min_);
  statistics.set_max(max_);
  // Rounding may carry the mean of equal values past them.
  if (std::isfinite(mean_)) statistics.set_mean(std::clamp(mean_, min_, max_));
  const double stddev = min_ == max_ ? 0 : std::sqrt(sum_of_squares_ / static_cast<double>(count_));
  if (std::isfinite(stddev)) statistics.set_stddev(stddev);
}

void IntegerCounts::Add(int64_t value) {
  if (overflown_) return;
  ++counts_[value];
  if (counts_.size() > kMostDistinct) {
    overflown_ = true;
    counts_.clear();
  }
}

void IntegerCounts::Write(v1::ColumnStatistics& statistics) const {
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const auto& [value, count] : counts_) counts.emplace_back(std::to_string(value), count);
  WriteTopValues(counts, statistics);
}

void WriteTopValues(std::span<const std::pair<std::string, int64_t>> counts,
                    v1::ColumnStatistics& statistics) {
  std::vector<size_t> order(counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  constexpr size_t kMost = 32;
  const auto end = order.begin() + static_cast<ptrdiff_t>(std::min(kMost, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](size_t a, size_t b) {
    return counts[a].second != counts[b].second ? counts[a].second > counts[b].second : a < b;
  });
  for (auto i = order.begin(); i != end; ++i) {
    auto* entry = statistics.add_top_values();
    entry->set_value(counts[*i].first);
    entry->set_count(counts[*i].second);
  }
}

}  // namespace fitd
