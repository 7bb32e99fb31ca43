// Fits that train as one stack against the same fits alone.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/train/fit.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"

namespace fitd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A fit, and all that is told of it.
struct Told {
  explicit Told(FitInput fit_input) : input(std::move(fit_input)) {}

  FitInput input;
  RecordingObserver observer;
  std::atomic<bool> stop = false;
  std::vector<absl::StatusOr<FitResult>> results;

  FitTask Task() { return {.input = input, .observer = observer, .stop = stop}; }
};

using Fits = std::vector<std::unique_ptr<Told>>;

// How many ended at each end.
std::vector<size_t> RunTogether(const Fits& fits) {
  std::vector<FitTask> tasks;
  for (const auto& fit : fits) tasks.push_back(fit->Task());
  std::vector<size_t> ends;
  RunStack(tasks, [&](std::vector<FitOutcome> outcomes) {
    ends.push_back(outcomes.size());
    for (FitOutcome& outcome : outcomes)
      fits[outcome.task]->results.push_back(std::move(outcome.result));
  });
  return ends;
}

void RunAlone(const Fits& fits) {
  for (const auto& fit : fits) {
    FitTask task = fit->Task();
    RunStack(std::span(&task, 1), [&](std::vector<FitOutcome> outcomes) {
      for (FitOutcome& outcome : outcomes) fit->results.push_back(std::move(outcome.result));
    });
  }
}

std::string Bytes(const Checkpoint& checkpoint) {
  std::string bytes = checkpoint.state.SerializeAsString() + checkpoint.plan.weights.Sha256() +
                      std::to_string(checkpoint.plan.iterations) + checkpoint.best.Sha256();
  for (const std::vector<float>& slot : checkpoint.plan.slots)
    bytes.append(reinterpret_cast<const char*>(slot.data()), slot.size() * sizeof(float));
  return bytes;
}

template <typename Message>
std::vector<std::string> Texts(const std::vector<Message>& messages) {
  std::vector<std::string> texts;
  for (Message message : messages) {
    if constexpr (std::is_same_v<Message, v1::EpochCompleted>) message.clear_duration();
    texts.push_back(message.ShortDebugString());
  }
  return texts;
}

void ExpectSame(const Told& stacked, const Told& alone) {
  ASSERT_THAT(stacked.results, SizeIs(1));
  ASSERT_THAT(alone.results, SizeIs(1));
  EXPECT_EQ(stacked.observer.training_rows, alone.observer.training_rows);
  EXPECT_EQ(Texts(stacked.observer.epochs), Texts(alone.observer.epochs));
  EXPECT_EQ(stacked.observer.warnings, alone.observer.warnings);
  ASSERT_EQ(stacked.observer.checkpoints.size(), alone.observer.checkpoints.size());
  for (size_t i = 0; i < alone.observer.checkpoints.size(); ++i)
    EXPECT_EQ(Bytes(stacked.observer.checkpoints[i]), Bytes(alone.observer.checkpoints[i]));
  ASSERT_EQ(stacked.observer.snapshots.size(), alone.observer.snapshots.size());
  for (size_t i = 0; i < alone.observer.snapshots.size(); ++i) {
    const FitResult& a = stacked.observer.snapshots[i];
    const FitResult& b = alone.observer.snapshots[i];
    EXPECT_EQ(Texts(a.metrics), Texts(b.metrics));
    EXPECT_EQ(a.epoch, b.epoch);
    EXPECT_EQ(a.weights.Sha256(), b.weights.Sha256());
  }
  EXPECT_EQ(stacked.results[0].status(), alone.results[0].status());
  if (!stacked.results[0].ok() || !alone.results[0].ok()) return;
  const FitResult& a = *stacked.results[0];
  const FitResult& b = *alone.results[0];
  EXPECT_EQ(a.weights.Sha256(), b.weights.Sha256());
  EXPECT_EQ(a.pipeline.SerializeAsString(), b.pipeline.SerializeAsString());
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.stopped, b.stopped);
  EXPECT_EQ(a.held, b.held);
  ASSERT_EQ(a.checkpoint.has_value(), b.checkpoint.has_value());
  if (a.checkpoint) {
    EXPECT_EQ(Bytes(*a.checkpoint), Bytes(*b.checkpoint));
  }
}

class FitStackTest : public FitFixture {
 protected:
  // As in the specs of a search: what comes later wins.
  Fits Make(const std::string& model, const Data& data, const std::string& training,
            const std::vector<std::string>& differences) {
    Fits fits;
    for (const std::string& difference : differences)
      fits.push_back(std::make_unique<Told>(Input(model, data, training + difference)));
    return fits;
  }
};

const std::string kRate = " optimizer { learning_rate { constant: ";

TEST_F(FitStackTest, EachEndsAsItWouldAlone) {
  const std::string training =
      kClassification +
      "epochs: 6 batch_size: 48 validation_split: 0.2 class_weight { key: \"3\" "
      "value: 2 }";
  const std::vector<std::string> differences = {
      kRate + "0.01 } }",
      kRate + "0.001 } } epochs: 3",
      kRate + "1e37 } }",  // Diverges.
      " optimizer { learning_rate { cosine_decay { initial_learning_rate: 0.02 decay_steps: 100 } "
      "} "
      "}",
      kRate + "0.05 } } early_stopping { monitor: \"val_loss\" patience: 0 min_delta: 10 }",
      kRate + "0.02 } } reduce_lr_on_plateau { monitor: \"val_loss\" patience: 1 min_delta: 10 }"};
  const Data data = Digits();
  const Fits stacked = Make(kDigitsModel, data, training, differences);
  const Fits alone = Make(kDigitsModel, data, training, differences);
  stacked[0]->input.hold_after_epochs = 2;
  alone[0]->input.hold_after_epochs = 2;
  for (const Fits& fits : {std::cref(stacked), std::cref(alone)}) {
    for (const auto& fit : fits) {
      fit->observer.wants_checkpoint = [](bool epoch_done) { return epoch_done; };
      fit->observer.wants_snapshot = [] { return true; };
    }
  }
  for (size_t i = 1; i < stacked.size(); ++i) {
    EXPECT_TRUE(StackTogether(stacked[0]->input, stacked[i]->input)) << differences[i];
  }
  // The one that diverges, those of epochs 2 (held, early) and 3, those that go to the end.
  EXPECT_THAT(RunTogether(stacked), ElementsAre(1, 1, 1, 1, 2));
  RunAlone(alone);
  for (size_t i = 0; i < stacked.size(); ++i) {
    SCOPED_TRACE(differences[i]);
    ExpectSame(*stacked[i], *alone[i]);
  }
  EXPECT_TRUE(stacked[0]->results[0]->held);
  EXPECT_FALSE(stacked[2]->results[0].ok());
  EXPECT_THAT(stacked[4]->observer.epochs, SizeIs(2));
  EXPECT_THAT(stacked[0]->observer.snapshots, SizeIs(2));
  EXPECT_THAT(stacked[5]->observer.snapshots, SizeIs(6));

  // Those that have more to do go on together, from where they are.
  for (const Fits& fits : {std::cref(stacked), std::cref(alone)}) {
    for (const size_t i : {0, 1}) {
      Told& fit = *fits[i];
      fit.input.resume = fit.observer.checkpoints[1];
      fit.input.hold_after_epochs.reset();
      fit.observer.checkpoints.clear();
      fit.results.clear();
    }
  }
  Fits first, first_alone;
  for (const size_t i : {0, 1}) {
    first.push_back(std::make_unique<Told>(stacked[i]->input));
    first_alone.push_back(std::make_unique<Told>(alone[i]->input));
  }
  RunTogether(first);
  RunAlone(first_alone);
  for (size_t i = 0; i < first.size(); ++i) ExpectSame(*first[i], *first_alone[i]);
  EXPECT_EQ(first[0]->results[0]->epoch, 6);
}

TEST_F(FitStackTest, EachTellsItsShareOfTheTime) {
  const Fits stacked = Make(
      kDigitsModel, Digits(), kClassification + "epochs: 20",
      {kRate + "0.01 } }", kRate + "0.02 } }", kRate + "0.03 } }", kRate + "0.04 } } epochs: 10"});
  const auto start = std::chrono::steady_clock::now();
  RunTogether(stacked);
  const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - start;
  std::chrono::nanoseconds told{0};
  for (const auto& fit : stacked) {
    for (const v1::EpochCompleted& epoch : fit->observer.epochs) {
      EXPECT_EQ(
          epoch.duration().nanos(),
          stacked[0]->observer.epochs[static_cast<size_t>(epoch.epoch() - 1)].duration().nanos());
      told += std::chrono::seconds(epoch.duration().seconds()) +
              std::chrono::nanoseconds(epoch.duration().nanos());
    }
  }
  EXPECT_LE(told, taken);
}

TEST_F(FitStackTest, OneIsStoppedWhileTheOthersGoOn) {
  const Data data = Digits();
  const std::string training = kClassification + "epochs: 3";
  const std::vector<std::string> differences = {kRate + "0.01 } }", kRate + "0.02 } }",
                                                kRate + "0.03 } }"};
  const Fits stacked = Make(kDigitsModel, data, training, differences);
  const Fits alone = Make(kDigitsModel, data, training, differences);
  for (const Fits& fits : {std::cref(stacked), std::cref(alone)}) {
    Told& stopped = *fits[1];
    stopped.observer.wants_checkpoint = [&stopped, steps = 0](bool epoch_done) mutable {
      if (!epoch_done && ++steps == 70) stopped.stop = true;
      return false;
    };
  }
  RunTogether(stacked);
  RunAlone(alone);
  for (size_t i = 0; i < stacked.size(); ++i) {
    SCOPED_TRACE(differences[i]);
    ExpectSame(*stacked[i], *alone[i]);
  }
  EXPECT_TRUE(stacked[1]->results[0]->stopped);
  EXPECT_EQ(stacked[1]->results[0]->steps, 70);
}

TEST_F(FitStackTest, AllMakeCheckpointsWhenOneIsDue) {
  const std::string rates[] = {kRate + "0.01 } }", kRate + "0.02 } }"};
  const Fits fits =
      Make(kDigitsModel, Digits(), kClassification + "epochs: 1", {rates[0], rates[1]});
  fits[1]->observer.wants_checkpoint = [steps = 0](bool) mutable { return ++steps % 20 == 7; };
  RunTogether(fits);
  for (const auto& fit : fits) {
    ASSERT_GE(fit->observer.checkpoints.size(), 2U);
    EXPECT_EQ(fit->observer.checkpoints[0].state.iterations(), 7);
    EXPECT_EQ(fit->observer.checkpoints[1].state.iterations(), 27);
  }
}

TEST_F(FitStackTest, NormalizationIsLearntOnce) {
  const std::string model =
      "input_shape: 4 layers { normalization {} } layers { dense { units: 3 activation { softmax "
      "{} } } }";
  const Data data = Iris();
  const std::vector<std::string> differences = {kRate + "0.01 } }", kRate + "0.1 } }"};
  const Fits stacked = Make(model, data, kClassification + "epochs: 4", differences);
  const Fits alone = Make(model, data, kClassification + "epochs: 4", differences);
  RunTogether(stacked);
  RunAlone(alone);
  for (size_t i = 0; i < stacked.size(); ++i) ExpectSame(*stacked[i], *alone[i]);
}

TEST_F(FitStackTest, AllThatWereStoppedBeforeTheStartGiveNothing) {
  const Fits fits = Make(kIrisModel, Iris(), kClassification, {kRate + "1 } }", kRate + "2 } }"});
  for (const auto& fit : fits) fit->stop = true;
  RunTogether(fits);
  for (const auto& fit : fits) {
    ASSERT_THAT(fit->results, SizeIs(1));
    EXPECT_TRUE(fit->results[0]->stopped);
    EXPECT_EQ(fit->results[0]->steps, 0);
  }
}

TEST_F(FitStackTest, WhatIsWrongWithAllIsToldToAll) {
  const Fits fits = Make(kIrisModel, Iris(), kClassification, {kRate + "1 } }", kRate + "2 } }"});
  for (const auto& fit : fits) fit->input.model = Parse<v1::ModelSpec>("input_shape: 5");
  RunTogether(fits);
  for (const auto& fit : fits) {
    ASSERT_THAT(fit->results, SizeIs(1));
    EXPECT_FALSE(fit->results[0].ok());
  }
}

TEST_F(FitStackTest, DifferencesThatDoNotStack) {
  const Data data = Digits();
  const FitInput base = Input(kDigitsModel, data, kClassification);
  const auto together = [&](const std::string& model, const std::string& training) {
    const FitInput other = Input(model, data, kClassification + training);
    return StackTogether(base, other);
  };
  EXPECT_TRUE(together(kDigitsModel, kRate + "0.5 } }"));
  EXPECT_TRUE(together(kDigitsModel, "epochs: 9 early_stopping { monitor: \"loss\" }"));
  EXPECT_FALSE(together(kDigitsModel, "seed: 8"));
  EXPECT_FALSE(together(kDigitsModel, "batch_size: 33"));
  EXPECT_FALSE(together(kDigitsModel, "shuffle: false"));
  EXPECT_FALSE(together(kDigitsModel, "validation_split: 0.1"));
  EXPECT_FALSE(together(kDigitsModel, "fold { index: 1 count: 2 }"));
  EXPECT_FALSE(together(kDigitsModel, "class_weight { key: \"3\" value: 2 }"));
  EXPECT_TRUE(together(kDigitsModel, "optimizer { adam { beta_1: 0.8 } }"));
  EXPECT_FALSE(together(kDigitsModel, "optimizer { clipnorm: 1 }"));
  EXPECT_FALSE(
      together("input_shape: 64 layers { dense { units: 10 activation { softmax {} } } }", ""));
}

}  // namespace
}  // namespace fitd
