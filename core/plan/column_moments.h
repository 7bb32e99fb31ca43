// Mean and variance of columns over rows that come batch by batch.

#ifndef FITD_CORE_PLAN_COLUMN_MOMENTS_H_
#define FITD_CORE_PLAN_COLUMN_MOMENTS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace fitd {

// Welford 1962, in double precision: the result does not depend on how rows are grouped.
// Thread-compatible.
class ColumnMoments {
 public:
  explicit ColumnMoments(int64_t columns)
      : mean_(static_cast<size_t>(columns)), squares_(static_cast<size_t>(columns)) {}

  // x: [rows, columns].
  void AddRows(const float* x, int64_t rows);
  // Room for one value per column. The variance is the population's; both are 0 without rows.
  void Get(std::span<float> mean, std::span<float> variance) const;

 private:
  int64_t count_ = 0;
  std::vector<double> mean_;
  std::vector<double> squares_;  // Sums of squared distances from the mean.
};

}  // namespace fitd

#endif  // FITD_CORE_PLAN_COLUMN_MOMENTS_H_
