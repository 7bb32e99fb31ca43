// What networks must have in common to train in one stack.

#ifndef FITD_CORE_PLAN_STACKABLE_H_
#define FITD_CORE_PLAN_STACKABLE_H_

#include <optional>

#include "core/plan/training_plan.h"

namespace fitd {

// The member without what may differ in a stack: the learning rate; what an optimizer is set to,
// clipping included; the strengths of penalties; and rates of dropout, above the first layer that
// learns. Whether these are 0 may not differ. Nothing when the network learns nothing.
std::optional<TrainingPlan::Member> Stackable(TrainingPlan::Member member);

}  // namespace fitd

#endif  // FITD_CORE_PLAN_STACKABLE_H_
