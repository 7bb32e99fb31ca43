// The engine without a daemon. Usage: fit_bench TABLE MODEL TRAINING THREADS: a stored table, and
// the resolved specs as fitctl prints them in JSON. For each line of its input, a number of epochs,
// it runs that fit and prints the epochs' losses as a JSON array.

#include <google/protobuf/util/json_util.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "core/data/table.h"
#include "core/train/fit.h"

namespace fitd {
namespace {

class LossObserver final : public FitObserver {
 public:
  const std::vector<double>& losses() const { return losses_; }

  void OnStart(int64_t /*training_rows*/, int64_t /*validation_rows*/) override {}
  void OnEpoch(const v1::EpochCompleted& epoch) override {
    losses_.push_back(epoch.metrics(0).value());
  }
  void OnProgress(const v1::JobProgress& /*progress*/) override {}
  void OnWarning(const v1::JobWarning& /*warning*/) override {}
  bool WantsCheckpoint(bool /*epoch_done*/) override { return false; }
  void OnCheckpoint(Checkpoint /*checkpoint*/) override {}
  bool WantsSnapshot() override { return false; }
  void OnSnapshot(FitResult /*snapshot*/) override {}

 private:
  std::vector<double> losses_;
};

bool ReadJson(const char* path, google::protobuf::Message& message) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const auto status = google::protobuf::util::JsonStringToMessage(text.str(), &message);
  if (!status.ok()) std::fprintf(stderr, "%s: %s\n", path, status.ToString().c_str());
  return status.ok();
}

int Main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: fit_bench TABLE MODEL TRAINING THREADS\n");
    return 2;
  }
  auto table = Table::Open(argv[1]);
  if (!table.ok()) {
    std::fprintf(stderr, "%s\n", table.status().ToString().c_str());
    return 1;
  }
  FitInput input;
  input.train = *std::move(table);
  input.threads = std::atoi(argv[4]);
  if (!ReadJson(argv[2], input.model) || !ReadJson(argv[3], input.training)) return 1;
  for (int64_t epochs = 0; std::cin >> epochs;) {
    input.training.set_epochs(epochs);
    LossObserver observer;
    const auto result = RunFit(input, observer, std::atomic<bool>(false));
    if (!result.ok()) {
      std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
      return 1;
    }
    const char* separator = "[";
    for (const double loss : observer.losses()) {
      std::printf("%s%.17g", separator, loss);
      separator = ", ";
    }
    std::printf("]\n");
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace fitd

int main(int argc, char** argv) { return fitd::Main(argc, argv); }
