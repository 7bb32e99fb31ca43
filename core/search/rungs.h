// What halving algorithms have in common: rungs of epochs, and how trials did at them.

#ifndef FITD_CORE_SEARCH_RUNGS_H_
#define FITD_CORE_SEARCH_RUNGS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "fitd/v1/search.pb.h"

namespace fitd {

// From `min_epochs`, each `factor` times the one below, up to `epochs`, which is always the last.
std::vector<int64_t> Rungs(int64_t min_epochs, int64_t factor, int64_t epochs);

// SUCCEEDED, CANCELLED or FAILED.
bool HasEnded(const v1::SearchTrial& trial);

struct RungResult {
  bool known = false;
  std::optional<double> score;  // None is worse than any.
};

// Of a trial that was granted `epochs`; 0: all. One that ended by itself before keeps its score.
RungResult ResultAt(const v1::SearchTrial& trial, int64_t epochs);

// Whether it was granted so many, or needs no more.
bool WasGranted(const v1::SearchTrial& trial, int64_t epochs);

// Better first; of equal ones the lower number.
struct Ranked {
  double score = 0;
  int64_t trial = 0;
};
class Better {
 public:
  explicit Better(v1::MonitorMode mode) : max_(mode == v1::MONITOR_MODE_MAX) {}
  bool operator()(const Ranked& a, const Ranked& b) const {
    if (a.score != b.score) return (a.score > b.score) == max_;
    return a.trial < b.trial;
  }

 private:
  bool max_;
};

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_RUNGS_H_
