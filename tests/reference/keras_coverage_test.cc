// Every kind that the protos list has values made by Keras: a new kind without them fails here.

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/reference/reference_values.h"

namespace fitd::reference {
namespace {

using ::testing::IsSupersetOf;

template <typename Spec>
std::string KindOf(const Spec& spec) {
  const auto* field = Spec::descriptor()->FindFieldByNumber(static_cast<int>(spec.kind_case()));
  return field == nullptr ? "" : field->name();
}

template <typename Spec>
std::set<std::string> AllKinds() {
  std::set<std::string> names;
  const google::protobuf::OneofDescriptor* kinds = Spec::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) names.insert(kinds->field(i)->name());
  return names;
}

template <typename Spec, typename Cases>
void ExpectAllKinds(const Cases& cases) {
  std::set<std::string> seen;
  for (const auto& c : cases) seen.insert(KindOf(c.spec()));
  EXPECT_THAT(seen, IsSupersetOf(AllKinds<Spec>()));
}

TEST(KerasCoverageTest, EveryKindHasValues) {
  ExpectAllKinds<v1::ActivationSpec>(LoadValues("activations.json").activations());
  ExpectAllKinds<v1::LossSpec>(LoadValues("losses.json").losses());
  ExpectAllKinds<v1::RegularizerSpec>(LoadValues("regularizers.json").regularizers());
  ExpectAllKinds<v1::InitializerSpec>(LoadValues("initializers.json").initializers());
  ExpectAllKinds<v1::MetricSpec>(LoadValues("metrics.json").metrics());
  ExpectAllKinds<v1::LearningRateSpec>(LoadValues("schedules.json").schedules());
}

TEST(KerasCoverageTest, EveryLayerIsInANetwork) {
  std::set<std::string> seen;
  for (const NetworkCase& c : LoadValues("networks.json").networks()) {
    for (const v1::LayerSpec& layer : c.model().layers()) seen.insert(KindOf(layer));
  }
  EXPECT_THAT(seen, IsSupersetOf(AllKinds<v1::LayerSpec>()));
}

TEST(KerasCoverageTest, EveryOptimizerAndLossIsInATraining) {
  std::set<std::string> optimizers;
  std::set<std::string> losses;
  for (const char* file : {"optimizers.json", "trainings.json"}) {
    for (const TrainingCase& c : LoadValues(file).trainings()) {
      optimizers.insert(KindOf(c.training().optimizer()));
      losses.insert(KindOf(c.training().loss()));
    }
  }
  EXPECT_THAT(optimizers, IsSupersetOf(AllKinds<v1::OptimizerSpec>()));
  EXPECT_THAT(losses, IsSupersetOf(AllKinds<v1::LossSpec>()));
}

}  // namespace
}  // namespace fitd::reference
