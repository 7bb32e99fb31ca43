// Penalties on weights and outputs, added to the loss.

#ifndef FITD_CORE_NN_REGULARIZER_H_
#define FITD_CORE_NN_REGULARIZER_H_

#include <string_view>

#include "core/base/violations.h"
#include "fitd/v1/layer.pb.h"

namespace fitd {

// l1 * sum(|x|) + l2 * sum(x^2).
struct Penalty {
  float l1 = 0;
  float l2 = 0;
  bool empty() const { return l1 == 0 && l2 == 0; }
};

// `spec` is resolved, or unset for none.
Penalty MakePenalty(const v1::RegularizerSpec& spec);

// Writes defaults into `spec`; faults go to `violations` with paths below `path`.
void ResolveRegularizer(v1::RegularizerSpec& spec, std::string_view path, Violations& violations);

}  // namespace fitd

#endif  // FITD_CORE_NN_REGULARIZER_H_
