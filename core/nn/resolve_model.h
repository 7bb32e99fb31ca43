// A model as a user wrote it in, a model with every name and default written out and every shape
// checked out.

#ifndef FITD_CORE_NN_RESOLVE_MODEL_H_
#define FITD_CORE_NN_RESOLVE_MODEL_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/violations.h"
#include "fitd/v1/model.pb.h"

namespace fitd {

struct ModelShape {
  std::vector<v1::LayerSummary> layers;  // One per layer.
  int64_t inputs = 0;                    // Product of the input shape.
  int64_t outputs = 0;                   // Values per row of the last layer.
  int64_t trainable_parameters = 0;
  int64_t non_trainable_parameters = 0;
  int64_t largest_layer = 0;  // Most values per row that any layer gives.
};

// Writes layer names and all defaults into `spec` and returns what the layers do to shapes. Every
// fault goes to `violations` with a path below `path` ("spec"); the result is meaningful only when
// none was added. Sizes are computed without overflow before anything is allocated; more than
// `max_parameters` weights is a violation.
ModelShape ResolveModel(v1::ModelSpec& spec, int64_t max_parameters, std::string_view path,
                        Violations& violations);

}  // namespace fitd

#endif  // FITD_CORE_NN_RESOLVE_MODEL_H_
