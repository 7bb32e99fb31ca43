// The callbacks' decisions against those that Keras's callbacks took on the same sequences of
// metrics.

#include "core/train/early_stopping.h"
#include "core/train/reduce_lr_on_plateau.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/reference/reference_values.h"

namespace fitd::reference {
namespace {

// What resolving a training does to its callbacks, from the fields' comments.
template <typename Spec>
void SetDefaultMonitor(Spec& spec) {
  if (spec.monitor().empty()) spec.set_monitor("val_loss");
  if (spec.mode() == v1::MONITOR_MODE_UNSPECIFIED) {
    spec.set_mode(spec.monitor().ends_with("accuracy") ? v1::MONITOR_MODE_MAX
                                                       : v1::MONITOR_MODE_MIN);
  }
}

TEST(KerasCallbackTest, EarlyStoppingStopsAndRestoresAsKerasDoes) {
  for (const EarlyStoppingCase& c : LoadValues("callbacks.json").early_stopping()) {
    SCOPED_TRACE(c.ShortDebugString());
    v1::EarlyStoppingSpec spec = c.spec();
    SetDefaultMonitor(spec);
    if (!spec.has_restore_best_weights()) spec.set_restore_best_weights(true);
    EarlyStopping callback(spec);
    int64_t epoch = 0;
    int64_t best = 0;
    EarlyStopping::Verdict verdict;
    while (!verdict.stop && epoch < c.values_size()) {
      verdict = callback.OnEpoch(epoch + 1, c.values(static_cast<int>(epoch)));
      ++epoch;
      if (verdict.best) best = epoch;
    }
    EXPECT_EQ(epoch, c.epochs_run());
    const bool restores = spec.restore_best_weights() && best > 0;
    EXPECT_EQ(restores ? best : epoch, c.restored_epoch());
  }
}

TEST(KerasCallbackTest, ReduceLrOnPlateauLowersTheRateAsKerasDoes) {
  for (const ReduceLrOnPlateauCase& c : LoadValues("callbacks.json").reduce_lr_on_plateau()) {
    SCOPED_TRACE(c.ShortDebugString());
    v1::ReduceLrOnPlateauSpec spec = c.spec();
    SetDefaultMonitor(spec);
    if (!spec.has_factor()) spec.set_factor(0.1F);
    if (!spec.has_patience()) spec.set_patience(10);
    if (!spec.has_min_delta()) spec.set_min_delta(1e-4F);
    ReduceLrOnPlateau callback(spec);
    float rate = static_cast<float>(c.initial_learning_rate());
    for (int i = 0; i < c.values_size(); ++i) {
      rate = callback.OnEpoch(c.values(i), rate);
      EXPECT_NEAR(rate, c.rates(i), 1e-6 * c.rates(i)) << "epoch " << i + 1;
    }
  }
}

}  // namespace
}  // namespace fitd::reference
