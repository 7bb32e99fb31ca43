#include "core/plan/stackable.h"

#include "core/nn/network.h"
#include "core/nn/regularizer.h"

namespace fitd {
namespace {

// What is not 0 becomes 1.
float OneUnless0(float x) { return x == 0 ? 0 : 1; }

void Even(v1::RegularizerSpec& regularizer) {
  const Penalty penalty = MakePenalty(regularizer);
  switch (regularizer.kind_case()) {
    case v1::RegularizerSpec::kL1:
      return regularizer.mutable_l1()->set_l1(OneUnless0(penalty.l1));
    case v1::RegularizerSpec::kL2:
      return regularizer.mutable_l2()->set_l2(OneUnless0(penalty.l2));
    case v1::RegularizerSpec::kL1L2:
      regularizer.mutable_l1_l2()->set_l1(OneUnless0(penalty.l1));
      return regularizer.mutable_l1_l2()->set_l2(OneUnless0(penalty.l2));
    case v1::RegularizerSpec::KIND_NOT_SET:
      return;
  }
}

void Even(v1::ModelSpec& model, int first_learner) {
  for (int i = first_learner; i < model.layers_size(); ++i) {
    v1::LayerSpec& layer = *model.mutable_layers(i);
    if (layer.has_dropout()) layer.mutable_dropout()->set_rate(OneUnless0(layer.dropout().rate()));
    if (!layer.has_dense()) continue;
    v1::DenseSpec& dense = *layer.mutable_dense();
    if (dense.has_kernel_regularizer()) Even(*dense.mutable_kernel_regularizer());
    if (dense.has_bias_regularizer()) Even(*dense.mutable_bias_regularizer());
    if (dense.has_activity_regularizer()) Even(*dense.mutable_activity_regularizer());
  }
}

template <typename AdamSpec>
void ClearMoments(AdamSpec& spec) {
  spec.clear_beta_1();
  spec.clear_beta_2();
  spec.clear_epsilon();
}

void Even(v1::OptimizerSpec& optimizer) {
  optimizer.clear_learning_rate();
  if (optimizer.has_clipnorm()) optimizer.set_clipnorm(1);
  if (optimizer.has_global_clipnorm()) optimizer.set_global_clipnorm(1);
  if (optimizer.has_clipvalue()) optimizer.set_clipvalue(1);
  switch (optimizer.kind_case()) {
    case v1::OptimizerSpec::kSgd:
      return optimizer.mutable_sgd()->set_momentum(OneUnless0(optimizer.sgd().momentum()));
    case v1::OptimizerSpec::kAdam:
      return ClearMoments(*optimizer.mutable_adam());
    case v1::OptimizerSpec::kAdamw:
      ClearMoments(*optimizer.mutable_adamw());
      return optimizer.mutable_adamw()->clear_weight_decay();
    case v1::OptimizerSpec::kRmsprop:
      optimizer.mutable_rmsprop()->clear_rho();
      optimizer.mutable_rmsprop()->clear_epsilon();
      return optimizer.mutable_rmsprop()->set_momentum(OneUnless0(optimizer.rmsprop().momentum()));
    case v1::OptimizerSpec::kAdagrad:
      return optimizer.mutable_adagrad()->clear_epsilon();
    case v1::OptimizerSpec::KIND_NOT_SET:
      return;
  }
}

}  // namespace

std::optional<TrainingPlan::Member> Stackable(TrainingPlan::Member member) {
  const Network network(member.model);
  if (network.first_learner() == network.size()) return std::nullopt;
  Even(member.model, network.first_learner());
  Even(member.optimizer);
  return member;
}

}  // namespace fitd
