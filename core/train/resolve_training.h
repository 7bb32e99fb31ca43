// A fit as a user asked for it in, a fit with every default written out and checked against its
// model and data.

#ifndef FITD_CORE_TRAIN_RESOLVE_TRAINING_H_
#define FITD_CORE_TRAIN_RESOLVE_TRAINING_H_

#include <string_view>

#include "core/base/violations.h"
#include "core/nn/resolve_model.h"
#include "fitd/v1/dataset.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Writes every default into `training` and checks what can be checked from headers alone: options
// and ranges; the data's feature width against the model's input; the loss against the model's
// output and the labels' kind, width and range (from statistics); metric names; monitors of
// callbacks. `validation` may be null. Paths start with `path` ("spec.training"); faults of the
// data are its siblings' ("spec.dataset", "spec.validation_dataset"). Resolving twice changes
// nothing.
void ResolveTraining(const v1::ModelSpec& model, const ModelShape& shape,
                     const v1::TableHeader& train, const v1::TableHeader* validation,
                     std::string_view path, v1::TrainingSpec& training, Violations& violations);

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_RESOLVE_TRAINING_H_
