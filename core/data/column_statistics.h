// Figures of a column, gathered while its values stream by.

#ifndef FITD_CORE_DATA_COLUMN_STATISTICS_H_
#define FITD_CORE_DATA_COLUMN_STATISTICS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "fitd/v1/dataset.pb.h"

namespace fitd {

// Count, range, mean and spread of numbers (Welford 1962). Single-thread.
class Moments {
 public:
  void Add(double value) {
    ++count_;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
    const double delta = value - mean_;
    mean_ += delta / static_cast<double>(count_);
    sum_of_squares_ += delta * (value - mean_);
  }

  // Many at once: their own figures first, then merged (Chan, Golub and LeVeque 1979).
  void Add(std::span<const double> values);

  int64_t count() const { return count_; }

  // Writes count, min, max, mean and stddev; what no double can hold is left out.
  void Write(v1::ColumnStatistics& statistics) const;

 private:
  int64_t count_ = 0;
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
  double mean_ = 0;
  double sum_of_squares_ = 0;  // Of the distances from the mean.
};

// How often each whole number occurs, while there are few of them. Single-thread.
class IntegerCounts {
 public:
  static constexpr size_t kMostDistinct = 65536;

  void Add(int64_t value);
  // Nothing if there were too many.
  void Write(v1::ColumnStatistics& statistics) const;

 private:
  std::map<int64_t, int64_t> counts_;
  bool overflown_ = false;
};

// Fills top_values: the 32 most frequent, by falling count, equal counts in the order given.
void WriteTopValues(std::span<const std::pair<std::string, int64_t>> counts,
                    v1::ColumnStatistics& statistics);

}  // namespace fitd

#endif  // FITD_CORE_DATA_COLUMN_STATISTICS_H_
