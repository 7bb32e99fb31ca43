#include "server/store/checkpoints.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/base/atomic_file.h"

namespace fitd {

absl::Status Checkpoints::Save(int64_t job, const Checkpoint& checkpoint) {
  constexpr size_t kKept = 2;
  FITD_RETURN_IF_ERROR(
      checkpoint.Save(directory_.CheckpointPath(job, checkpoint.state.iterations())));
  FITD_RETURN_IF_ERROR(SyncDirectory(directory_.CheckpointFolder()));
  const std::vector<std::string> paths = Paths(job);
  for (size_t i = kKept; i < paths.size(); ++i) unlink(paths[i].c_str());
  return absl::OkStatus();
}

std::optional<Checkpoint> Checkpoints::LoadNewest(
    int64_t job, const std::function<void(const absl::Status&)>& on_damage) const {
  for (const std::string& path : Paths(job)) {
    absl::StatusOr<Checkpoint> checkpoint = Checkpoint::Load(path);
    if (checkpoint.ok()) return *std::move(checkpoint);
    on_damage(checkpoint.status());
    if (absl::IsDataLoss(checkpoint.status())) unlink(path.c_str());
  }
  return std::nullopt;
}

std::map<int64_t, int64_t> Checkpoints::NewestSteps() const {
  std::map<int64_t, int64_t> newest;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory_.CheckpointFolder(), ignored)) {
    const std::optional<int64_t> job = DataDir::CheckpointJob(entry.path());
    if (!job) continue;
    const std::string name = entry.path().stem().string();
    const std::string_view digits = std::string_view(name).substr(name.find('-') + 1);
    int64_t steps = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), steps);
    newest[*job] = std::max(newest[*job], steps);
  }
  return newest;
}

std::vector<std::string> Checkpoints::Paths(int64_t job) const {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory_.CheckpointFolder(), ignored)) {
    if (DataDir::CheckpointJob(entry.path()) == job) paths.push_back(entry.path().string());
  }
  // Steps have a fixed width in the names.
  std::sort(paths.rbegin(), paths.rend());
  return paths;
}

}  // namespace fitd
