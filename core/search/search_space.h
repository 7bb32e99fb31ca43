// The points of a search space: all of them in order, those of a grid, and random ones.

#ifndef FITD_CORE_SEARCH_SEARCH_SPACE_H_
#define FITD_CORE_SEARCH_SEARCH_SPACE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/search/trial_fields.h"
#include "fitd/v1/search.pb.h"

namespace fitd {

// The values of the axes that count at a point, each before the axes of its choice.
using Parameters = std::vector<v1::TrialParameter>;

// Thread-safe: constant after construction.
class SearchSpace {
 public:
  // Which values of a range count.
  enum class Values {
    kGrid,  // `count` of them.
    kAll,   // Every whole number; of a real range too many to count.
  };

  // `spec` is resolved (ResolveSearch).
  explicit SearchSpace(v1::SearchSpace spec) : spec_(std::move(spec)) {}

  // How many points there are; at most 2^63 - 1.
  int64_t Size(Values values) const;
  // From 0 to below Size; the last axis is the fastest.
  Parameters Point(Values values, int64_t index) const;
  // The point whose axes lie at these shares of their ranges, from 0 to below 1: of the choices, of
  // the whole numbers or of their logarithms, or of the real ones. Asked of each axis that counts;
  // `axis` is its number, from 0, in the whole space.
  using ShareOf = std::function<double(const v1::SearchAxis& spec, uint32_t axis)>;
  Parameters PointAt(const ShareOf& share_of) const;
  // The other way round, by axis: the middle of what gives that value.
  std::map<uint32_t, double> SharesOf(const Parameters& parameters) const;
  // A random point for this trial. Further attempts give further points.
  Parameters Draw(uint64_t seed, int64_t trial, int64_t attempt) const;

  // What the fields of the trial with these parameters are set to.
  std::vector<FieldValue> FieldValues(const Parameters& parameters) const;

 private:
  const v1::SearchSpace spec_;
};

// The first choices of those of `others` that set a whole of which `axis` sets a part: where the
// part is looked at. All are resolved.
std::vector<FieldValue> ChoicesAround(const v1::SearchAxis& axis,
                                      const std::vector<const v1::SearchAxis*>& others);

// The values of one axis, without those inside its choices.
std::vector<std::string> GridValues(const v1::SearchAxis& axis);

// With 6 significant digits: what is tried is what is shown.
std::string RealText(double value);

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_SEARCH_SPACE_H_
