// Specs written as protobuf text, with every default written out.

#ifndef FITD_TESTS_TESTING_SPECS_H_
#define FITD_TESTS_TESTING_SPECS_H_

#include <string>

#include "core/loss/resolve_loss.h"
#include "core/nn/resolve_model.h"
#include "core/optim/resolve_optimizer.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd {

template <typename Message>
Message ParseText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

inline v1::ModelSpec ResolvedModel(v1::ModelSpec spec) {
  Violations violations;
  ResolveModel(spec, 1'000'000'000, "spec", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}
inline v1::ModelSpec ResolvedModel(const std::string& text) {
  return ResolvedModel(ParseText<v1::ModelSpec>(text));
}

// The parts of a TrainingSpec that a plan reads.
inline v1::TrainingSpec ResolvedTraining(v1::TrainingSpec spec) {
  Violations violations;
  ResolveLoss(*spec.mutable_loss(), "training.loss", violations);
  ResolveOptimizer(*spec.mutable_optimizer(), "training.optimizer", violations);
  if (!spec.has_batch_size()) spec.set_batch_size(32);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}
inline v1::TrainingSpec ResolvedTraining(const std::string& text) {
  return ResolvedTraining(ParseText<v1::TrainingSpec>(text));
}

}  // namespace fitd

#endif  // FITD_TESTS_TESTING_SPECS_H_
