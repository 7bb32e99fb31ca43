// Training steps of the networks that people train on CPUs, as a fit does them, gathering rows of a
// stored table included:
//   steps_bench [--benchmark_filter=REGEX]
// An iteration is an epoch. median_us and best_us are times of a step, means of 4 in a row; other
// work on the machine adds to most of them and seldom to the best. of_peak relates the
// multiply-adds of the best to as many cores' PeakFlops. start_ms is the time from a fit's call to
// its first step, read_GBs PeakBandwidth.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/data/ingest.h"
#include "core/nn/network.h"
#include "core/nn/resolve_model.h"
#include "core/train/fit.h"
#include "core/train/resolve_training.h"
#include "google/protobuf/text_format.h"
#include "tests/bench/machine_peak.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) std::exit(1);
  return message;
}

template <typename T>
IngestSource RawSource(const TempDir& folder, v1::ColumnRole role, v1::DataType dtype,
                       const std::vector<T>& values, int64_t width) {
  IngestSource source{.spec = {}, .path = folder.File(v1::ColumnRole_Name(role))};
  std::ofstream(source.path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
  source.spec.set_file_name("values");
  source.spec.set_role(role);
  source.spec.mutable_raw()->set_dtype(dtype);
  if (width > 1) source.spec.mutable_raw()->add_row_shape(width);
  return source;
}

std::shared_ptr<const Table> Store(const TempDir& folder,
                                   const std::vector<IngestSource>& sources) {
  const std::string path = folder.File("table");
  if (const auto result = Ingest(sources, {}, path); !result.ok()) Fail(result.status());
  auto table = Table::Open(path);
  if (!table.ok()) Fail(table.status());
  return *std::move(table);
}

// As large as MNIST, with as many pixels that are not 0.
const std::shared_ptr<const Table>& Images() {
  static const auto table = [] {
    constexpr int64_t kRows = 60'000, kPixels = 784;
    const TempDir folder;
    const Rng rng(1, RandomPurpose::kShuffle);
    std::vector<uint8_t> pixels(kRows * kPixels), labels(kRows);
    for (size_t i = 0; i < pixels.size(); ++i) {
      const double u = rng.Uniform(i);
      pixels[i] = u < 0.2 ? static_cast<uint8_t>(1 + u * 1270) : 0;
    }
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<uint8_t>(i % 10);
    return Store(folder,
                 {RawSource(folder, v1::COLUMN_ROLE_FEATURE, v1::DATA_TYPE_UINT8, pixels, kPixels),
                  RawSource(folder, v1::COLUMN_ROLE_LABEL, v1::DATA_TYPE_UINT8, labels, 1)});
  }();
  return table;
}

const std::shared_ptr<const Table>& Numbers() {
  static const auto table = [] {
    constexpr int64_t kRows = 1'000'000, kFeatures = 32;
    const TempDir folder;
    const Rng rng(1, RandomPurpose::kShuffle);
    std::vector<float> features(kRows * kFeatures), labels(kRows);
    for (size_t i = 0; i < features.size(); ++i) features[i] = static_cast<float>(rng.Uniform(i));
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = features[i * kFeatures];
    return Store(
        folder,
        {RawSource(folder, v1::COLUMN_ROLE_FEATURE, v1::DATA_TYPE_FLOAT32, features, kFeatures),
         RawSource(folder, v1::COLUMN_ROLE_LABEL, v1::DATA_TYPE_FLOAT32, labels, 1)});
  }();
  return table;
}

struct Workload {
  const std::shared_ptr<const Table>& (*table)();
  int batch_size;
  const char* loss;
  const char* model;
};

#define FITD_RELU(units) "layers { dense { units: " #units " activation { relu {} } } } "
#define FITD_IMAGES "input_shape: 784 layers { rescaling { scale: 0.003921569 } } "
#define FITD_DIGITS "layers { dense { units: 10 activation { softmax {} } } }"

constexpr char kClasses[] = "loss { sparse_categorical_crossentropy {} } metrics { accuracy {} } ";
constexpr Workload kT1 = {Images, 32, kClasses,
                          FITD_IMAGES FITD_RELU(10) FITD_RELU(10) FITD_DIGITS};
constexpr Workload kT2 = {Images, 32, kClasses, FITD_IMAGES FITD_RELU(128) FITD_DIGITS};
constexpr Workload kT3 = {Images, 128, kClasses,
                          FITD_IMAGES FITD_RELU(512) FITD_RELU(512) FITD_DIGITS};
constexpr Workload kT6 = {Numbers, 256, "loss { mean_squared_error {} } ",
                          "input_shape: 32 " FITD_RELU(64)
                              FITD_RELU(64) "layers { dense { units: 1 } }"};

// Reads the clock after every kWindow-th step.
class Watcher final : public FitObserver {
 public:
  static constexpr int kWindow = 4;

  void OnStart(int64_t, int64_t) override { times.assign(1, Clock::now()); }
  void OnEpoch(const v1::EpochCompleted&) override {}
  void OnProgress(const v1::JobProgress&) override {}
  void OnWarning(const v1::JobWarning&) override {}
  bool WantsCheckpoint(bool epoch_done) override {
    if (!epoch_done && ++steps % kWindow == 0) times.push_back(Clock::now());
    return false;
  }
  void OnCheckpoint(Checkpoint) override {}
  bool WantsSnapshot() override { return false; }
  void OnSnapshot(FitResult) override {}

  std::vector<Clock::time_point> times;  // The first one before the first step.
  int64_t steps = 0;
};

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

FitInput Resolve(const Workload& workload, int threads) {
  FitInput input;
  input.model = Parse<v1::ModelSpec>(workload.model);
  input.training = Parse<v1::TrainingSpec>(
      std::string(workload.loss) +
      "optimizer { adam {} } epochs: 1 seed: 1 batch_size: " + std::to_string(workload.batch_size));
  input.train = workload.table();
  input.threads = threads;
  Violations violations;
  const ModelShape shape =
      ResolveModel(input.model, std::numeric_limits<int64_t>::max(), "spec", violations);
  ResolveTraining(input.model, shape, input.train->header(), nullptr, "spec.training",
                  input.training, violations);
  if (!violations.empty()) Fail(violations.ToStatus());
  return input;
}

// Of the products of one step: forward, weight gradients, and all but the lowest input gradient.
double FlopPerStep(const Workload& workload, const v1::ModelSpec& model) {
  const Network network(model);
  double multiply_adds = 0;
  bool lowest = true;
  for (const Network::WeightPlace& place : network.weights()) {
    if (place.spec->shape.size() != 2) continue;
    multiply_adds += static_cast<double>(place.spec->size()) * (lowest ? 2 : 3);
    lowest = false;
  }
  return 2 * multiply_adds * workload.batch_size;
}

void BM_Steps(benchmark::State& state, const Workload& workload) {
  const int threads = static_cast<int>(state.range(0));
  const FitInput input = Resolve(workload, threads);
  const std::atomic<bool> stop = false;
  double start = std::numeric_limits<double>::infinity();
  std::vector<double> steps;
  for (auto _ : state) {
    Watcher watcher;
    const Clock::time_point begin = Clock::now();
    if (const auto result = RunFit(input, watcher, stop); !result.ok()) Fail(result.status());
    const auto& times = watcher.times;
    state.SetIterationTime(Seconds(times.back() - times.front()));
    start = std::min(start, Seconds(times.front() - begin));
    for (size_t i = 1; i < times.size(); ++i)
      steps.push_back(Seconds(times[i] - times[i - 1]) / Watcher::kWindow);
  }
  std::sort(steps.begin(), steps.end());
  const double best = steps.front();
  state.counters["best_us"] = best * 1e6;
  state.counters["median_us"] = steps[steps.size() / 2] * 1e6;
  state.counters["start_ms"] = start * 1e3;
  state.counters["read_GBs"] = PeakBandwidth() * 1e-9;
  if (PeakFlops() > 0) {
    state.counters["of_peak"] = FlopPerStep(workload, input.model) / best / (PeakFlops() * threads);
    state.counters["peak_Gflops"] = PeakFlops() * 1e-9;
  }
}

// As many fits as `members`, each with its own learning rate, as one stack on one core. The times
// are of a step of one member.
void BM_Stack(benchmark::State& state, const Workload& workload) {
  const auto members = static_cast<size_t>(state.range(0));
  const FitInput input = Resolve(workload, 1);
  const std::atomic<bool> stop = false;
  std::vector<double> steps;
  for (auto _ : state) {
    std::vector<Watcher> watchers(members);
    std::vector<FitTask> tasks;
    for (Watcher& watcher : watchers) {
      tasks.push_back({.input = input, .observer = watcher, .stop = stop});
      const float rate = 0.0001f * static_cast<float>(tasks.size());
      tasks.back().input.training.mutable_optimizer()->mutable_learning_rate()->set_constant(rate);
    }
    RunStack(tasks, [](const std::vector<FitOutcome>& outcomes) {
      for (const FitOutcome& outcome : outcomes) {
        if (!outcome.result.ok()) Fail(outcome.result.status());
      }
    });
    const auto& times = watchers.front().times;
    state.SetIterationTime(Seconds(times.back() - times.front()));
    for (size_t i = 1; i < times.size(); ++i) {
      steps.push_back(Seconds(times[i] - times[i - 1]) / Watcher::kWindow /
                      static_cast<double>(members));
    }
  }
  std::sort(steps.begin(), steps.end());
  state.counters["best_us"] = steps.front() * 1e6;
  state.counters["median_us"] = steps[steps.size() / 2] * 1e6;
  if (PeakFlops() > 0) {
    state.counters["of_peak"] = FlopPerStep(workload, input.model) / steps.front() / PeakFlops();
    state.counters["peak_Gflops"] = PeakFlops() * 1e-9;
  }
}

#define FITD_STEPS(name)                     \
  BENCHMARK_CAPTURE(BM_Steps, name, k##name) \
      ->ArgName("threads")                   \
      ->Arg(1)                               \
      ->Arg(2)                               \
      ->Unit(benchmark::kMillisecond)        \
      ->MinTime(2)                           \
      ->UseManualTime()
FITD_STEPS(T1);
FITD_STEPS(T2);
FITD_STEPS(T3);
FITD_STEPS(T6);

#define FITD_STACK(name)                     \
  BENCHMARK_CAPTURE(BM_Stack, name, k##name) \
      ->ArgName("members")                   \
      ->RangeMultiplier(2)                   \
      ->Range(1, 16)                         \
      ->Unit(benchmark::kMillisecond)        \
      ->MinTime(1)                           \
      ->UseManualTime()
FITD_STACK(T1);
FITD_STACK(T2);
FITD_STACK(T6);

}  // namespace
}  // namespace fitd
