// A small language for tests that train: tables from CSV, specs as text, an observer that
// remembers.

#ifndef FITD_TESTS_CORE_TRAIN_FIT_FIXTURE_H_
#define FITD_TESTS_CORE_TRAIN_FIT_FIXTURE_H_

#include <atomic>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/data/ingest.h"
#include "core/data/table.h"
#include "core/nn/resolve_model.h"
#include "core/train/fit.h"
#include "core/train/resolve_training.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {

// Later fields win over earlier ones.
template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &message)) << text;
  return message;
}

template <typename Metrics>
std::optional<double> Find(const Metrics& metrics, const std::string& name) {
  for (const v1::MetricValue& metric : metrics) {
    if (metric.name() == name && metric.has_value()) return metric.value();
  }
  return std::nullopt;
}

// Remembers everything; `on_*` run after that.
class RecordingObserver : public FitObserver {
 public:
  void OnStart(int64_t training, int64_t validation) override {
    training_rows = training;
    validation_rows = validation;
    if (on_start) on_start();
  }
  void OnEpoch(const v1::EpochCompleted& epoch) override {
    epochs.push_back(epoch);
    if (on_epoch) on_epoch(epoch);
  }
  void OnProgress(const v1::JobProgress& value) override {
    progress.push_back(value);
    if (on_progress) on_progress(value);
  }
  void OnWarning(const v1::JobWarning& warning) override { warnings.push_back(warning.message()); }
  bool WantsCheckpoint(bool epoch_done) override {
    return wants_checkpoint && wants_checkpoint(epoch_done);
  }
  void OnCheckpoint(Checkpoint checkpoint) override {
    checkpoints.push_back(std::move(checkpoint));
  }
  bool WantsSnapshot() override { return wants_snapshot && wants_snapshot(); }
  void OnSnapshot(FitResult snapshot) override { snapshots.push_back(std::move(snapshot)); }

  int64_t training_rows = -1;
  int64_t validation_rows = -1;
  std::vector<v1::EpochCompleted> epochs;
  std::vector<v1::JobProgress> progress;
  std::vector<std::string> warnings;
  std::vector<Checkpoint> checkpoints;
  std::vector<FitResult> snapshots;
  std::function<void()> on_start;
  std::function<void(const v1::EpochCompleted&)> on_epoch;
  std::function<void(const v1::JobProgress&)> on_progress;
  std::function<bool(bool)> wants_checkpoint;
  std::function<bool()> wants_snapshot;
};

class FitFixture : public testing::Test {
 protected:
  struct Data {
    std::shared_ptr<const Table> table;
    std::string sha256;
  };

  Data LoadCsv(const std::string& path, const std::vector<std::string>& labels) {
    IngestSource source{.spec = {}, .path = path};
    source.spec.set_file_name("test.csv");
    source.spec.mutable_csv()->mutable_label_columns()->Assign(labels.begin(), labels.end());
    const std::string output = dir_.File("table" + std::to_string(tables_++));
    const auto result = Ingest(std::vector{source}, {}, output);
    EXPECT_THAT(result, IsOk());
    auto table = Table::Open(output);
    EXPECT_THAT(table, IsOk());
    return {.table = *std::move(table), .sha256 = result->sha256};
  }
  Data TestData(const std::string& name, const std::string& label) {
    return LoadCsv(std::string(FITD_TEST_DATA_DIR) + "/" + name, {label});
  }
  Data Iris() { return TestData("iris.csv", "species"); }
  Data Digits() { return TestData("digits.csv", "digit"); }
  Data Diabetes() { return TestData("diabetes.csv", "progression"); }
  Data Csv(const std::string& text, const std::vector<std::string>& labels = {"y"}) {
    const std::string path = dir_.File("source.csv");
    std::ofstream(path) << text;
    return LoadCsv(path, labels);
  }

  // Resolved; the specs must be right.
  FitInput Input(const std::string& model, const Data& data, const std::string& training,
                 const Data& validation = {}) {
    FitInput input;
    input.model = Parse<v1::ModelSpec>(model);
    input.training = Parse<v1::TrainingSpec>(training);
    input.train = data.table;
    input.validation = validation.table;
    Violations violations;
    const ModelShape shape =
        ResolveModel(input.model, std::numeric_limits<int64_t>::max(), "spec", violations);
    ResolveTraining(input.model, shape, data.table->header(),
                    validation.table == nullptr ? nullptr : &validation.table->header(),
                    "spec.training", input.training, violations);
    EXPECT_THAT(violations.ToStatus(), IsOk());
    return input;
  }

  FitResult Run(const FitInput& input) {
    auto result = RunFit(input, observer_, stop_);
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *std::move(result) : FitResult{};
  }
  FitResult Run(const std::string& model, const Data& data, const std::string& training) {
    return Run(Input(model, data, training));
  }

  RecordingObserver observer_;
  std::atomic<bool> stop_ = false;

 private:
  const TempDir dir_;
  int tables_ = 0;
};

// Networks and fits that fit the data sets above.
inline const std::string kIrisModel =
    "input_shape: 4 layers { dense { units: 16 activation { relu {} } } } "
    "layers { dense { units: 3 activation { softmax {} } } }";
inline const std::string kDigitsModel =
    "input_shape: 64 layers { dense { units: 64 activation { relu {} } } } "
    "layers { dense { units: 10 activation { softmax {} } } }";
inline const std::string kDiabetesModel =
    "input_shape: 10 layers { dense { units: 16 activation { relu {} } } } layers { dense { units: "
    "1 } }";
inline const std::string kClassification =
    "loss { sparse_categorical_crossentropy {} } optimizer { adam {} learning_rate { constant: "
    "0.01 } } "
    "metrics { accuracy {} } seed: 7 ";
inline const std::string kRegression =
    "loss { mean_squared_error {} } optimizer { adam {} } metrics { r2_score {} } seed: 7 ";

}  // namespace fitd

#endif  // FITD_TESTS_CORE_TRAIN_FIT_FIXTURE_H_
