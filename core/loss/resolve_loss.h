// A loss as a user wrote it in, a loss with every default written out and checked out.

#ifndef FITD_CORE_LOSS_RESOLVE_LOSS_H_
#define FITD_CORE_LOSS_RESOLVE_LOSS_H_

#include <string_view>

#include "core/base/violations.h"
#include "fitd/v1/loss.pb.h"

namespace fitd {

// Writes all defaults into `spec`. Every fault goes to `violations` with a path below `path`
// ("spec.training.loss"). Whether the loss fits a model and its data is for the caller to check.
void ResolveLoss(v1::LossSpec& spec, std::string_view path, Violations& violations);

}  // namespace fitd

#endif  // FITD_CORE_LOSS_RESOLVE_LOSS_H_
