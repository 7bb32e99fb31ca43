// A density on [0, 1) from a few points: the half of a tree-structured Parzen estimator.

#ifndef FITD_CORE_SEARCH_PARZEN_ESTIMATOR_H_
#define FITD_CORE_SEARCH_PARZEN_ESTIMATOR_H_

#include <cstdint>
#include <vector>

#include "core/base/rng.h"

namespace fitd {

// Normal densities of equal weight, cut at 0 and 1: one around each point, as wide as the larger of
// the distances to its neighbours, and a wide one over all, so that nothing is impossible.
class ParzenEstimator {
 public:
  explicit ParzenEstimator(std::vector<double> points);

  double Density(double x) const;
  // The `index`-th of independent numbers with this density.
  double Draw(const Rng& rng, uint64_t index) const;

 private:
  struct Kernel {
    double mean;
    double deviation;
    double mass;  // Between 0 and 1, before the cut.
  };
  std::vector<Kernel> kernels_;
};

// The same for one of `count` classes: the share of each among the points, and one point more that
// is spread over all.
class ClassEstimator {
 public:
  // Points are shares of [0, 1), cut into equal parts.
  ClassEstimator(const std::vector<double>& points, int count);

  double Density(double x) const;
  double Draw(const Rng& rng, uint64_t index) const;

 private:
  std::vector<double> probabilities_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_PARZEN_ESTIMATOR_H_
