#include "core/plan/column_moments.h"

#include <algorithm>

namespace fitd {

void ColumnMoments::AddRows(const float* x, int64_t rows) {
  const size_t columns = mean_.size();
  for (int64_t r = 0; r < rows; ++r, x += columns) {
    const double share = 1.0 / static_cast<double>(++count_);
    for (size_t c = 0; c < columns; ++c) {
      const double distance = x[c] - mean_[c];
      mean_[c] += distance * share;
      squares_[c] += distance * (x[c] - mean_[c]);
    }
  }
}

void ColumnMoments::Get(std::span<float> mean, std::span<float> variance) const {
  const double count = static_cast<double>(std::max<int64_t>(count_, 1));
  for (size_t c = 0; c < mean_.size(); ++c) {
    mean[c] = static_cast<float>(mean_[c]);
    variance[c] = static_cast<float>(squares_[c] / count);
  }
}

}  // namespace fitd
