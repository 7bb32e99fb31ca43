// The engine without a daemon. Usage: fit_bench TABLE MODEL TRAINING THREADS [FOLDER]: a stored
// table, and the resolved specs as fitctl prints them in JSON. For each line of its input, a number
// of epochs, it runs that fit and prints the epochs' losses as a JSON array. With FOLDER, which it
// makes a data directory, the fit of a line EPOCHS:SECONDS writes checkpoints as a daemon's does
// whose checkpoint_interval_seconds is SECONDS.

#include <google/protobuf/util/json_util.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/data/table.h"
#include "core/train/fit.h"
#include "server/jobs/checkpoint_writer.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/journal.h"
#include "server/store/checkpoints.h"
#include "server/store/data_dir.h"
#include "server/store/store.h"

namespace fitd {
namespace {

constexpr int64_t kJob = 1;

// Checkpoints as the daemon writes them, but that no events go to the store before them.
struct CheckpointFolder {
  explicit CheckpointFolder(const char* path)
      : directory(DataDir::Open(path).value()), store(Store::Open(*directory).value()) {}

  std::unique_ptr<DataDir> directory;
  std::unique_ptr<Store> store;
  JobFeeds feeds;
  Journal journal{*store, feeds};
  Checkpoints checkpoints{*directory};
};

class LossObserver final : public FitObserver {
 public:
  // No checkpoints are written where there is no writer.
  explicit LossObserver(CheckpointWriter* writer) : writer_(writer) {}

  const std::vector<double>& losses() const { return losses_; }

  void OnStart(int64_t /*training_rows*/, int64_t /*validation_rows*/) override {}
  void OnEpoch(const v1::EpochCompleted& epoch) override {
    losses_.push_back(epoch.metrics(0).value());
  }
  void OnProgress(const v1::JobProgress& /*progress*/) override {}
  void OnWarning(const v1::JobWarning& /*warning*/) override {}
  bool WantsCheckpoint(bool epoch_done) override {
    return writer_ != nullptr && writer_->Due(epoch_done);
  }
  void OnCheckpoint(Checkpoint checkpoint) override { writer_->Write(std::move(checkpoint)); }
  bool WantsSnapshot() override { return false; }
  void OnSnapshot(FitResult /*snapshot*/) override {}

 private:
  CheckpointWriter* const writer_;
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
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "usage: fit_bench TABLE MODEL TRAINING THREADS [FOLDER]\n");
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
  std::unique_ptr<CheckpointFolder> folder;
  if (argc == 6) folder = std::make_unique<CheckpointFolder>(argv[5]);
  for (std::string line; std::getline(std::cin, line);) {
    input.training.set_epochs(std::atoll(line.c_str()));
    std::unique_ptr<CheckpointWriter> writer;
    if (const size_t colon = line.find(':'); folder != nullptr && colon != std::string::npos) {
      for (const std::string& path : folder->checkpoints.Paths(kJob)) std::filesystem::remove(path);
      const std::chrono::seconds interval(std::atoll(line.c_str() + colon + 1));
      writer = std::make_unique<CheckpointWriter>(
          folder->checkpoints, folder->journal,
          CheckpointWriter::Options{.job = kJob, .interval = interval, .on_failure = {}});
    }
    LossObserver observer(writer.get());
    const auto result = RunFit(input, observer, std::atomic<bool>(false));
    writer.reset();
    if (folder != nullptr && line.find(':') != std::string::npos &&
        folder->checkpoints.Paths(kJob).empty()) {
      std::fprintf(stderr, "%s: made no checkpoint\n", line.c_str());
      return 1;
    }
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
