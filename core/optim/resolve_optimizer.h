// An optimizer as a user wrote it in, an optimizer with every default written out and checked out.

#ifndef FITD_CORE_OPTIM_RESOLVE_OPTIMIZER_H_
#define FITD_CORE_OPTIM_RESOLVE_OPTIMIZER_H_

#include <string_view>

#include "core/base/violations.h"
#include "fitd/v1/optimizer.pb.h"

namespace fitd {

// Writes all defaults into `spec`, the learning rate's included. Every fault goes to `violations`
// with a path below `path` ("spec.training.optimizer"); an unset kind is one: whoever has a default
// for it sets it before.
void ResolveOptimizer(v1::OptimizerSpec& spec, std::string_view path, Violations& violations);

}  // namespace fitd

#endif  // FITD_CORE_OPTIM_RESOLVE_OPTIMIZER_H_
