// Short ways to run the engine on reference values.

#ifndef FITD_TESTS_REFERENCE_ENGINE_RUN_H_
#define FITD_TESTS_REFERENCE_ENGINE_RUN_H_

#include <memory>
#include <string>
#include <vector>

#include "core/nn/weights.h"
#include "core/plan/predictor.h"
#include "core/plan/training_plan.h"
#include "tests/reference/reference_values.h"
#include "tests/testing/reference_network.h"

namespace fitd::reference {

// With the engine's own defaults. Specs are trusted.
v1::ModelSpec Resolved(v1::ModelSpec model);
v1::TrainingSpec Resolved(v1::TrainingSpec training);

// In the order of the list; "mean" and "variance" are not trainable.
Weights ToWeights(const google::protobuf::RepeatedPtrField<NamedArray>& arrays);
Weights ToWeights(const std::vector<testing::ReferenceWeight>& weights);
std::vector<double> ToDoubles(const std::vector<float>& values);

// From given weights, or from the initializers when there are none. `model` and `training` are
// resolved.
std::unique_ptr<TrainingPlan> MakePlan(const v1::ModelSpec& model, const v1::TrainingSpec& training,
                                       int64_t target_width, const Weights& initial,
                                       int threads = 1);
// Copies rows into the plan's buffers; no row weights stand for all 1.
void FillBatch(TrainingPlan& plan, const testing::Matrix& x, const testing::Matrix& targets,
               std::span<const double> row_weights = {});
// [rows, outputs] of the newest step or evaluation.
testing::Matrix Outputs(const TrainingPlan& plan, int64_t rows, int64_t outputs);

testing::Matrix Predict(const v1::ModelSpec& model, const Weights& weights,
                        const testing::Matrix& x);

}  // namespace fitd::reference

#endif  // FITD_TESTS_REFERENCE_ENGINE_RUN_H_
