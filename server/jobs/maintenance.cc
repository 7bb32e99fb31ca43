#include "server/jobs/maintenance.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "server/jobs/job_state.h"
#include "server/log/log.h"
#include "server/store/store_backup.h"
#include "server/store/store_check.h"

namespace fitd {
namespace {

class CheckSource final : public StreamSource<v1::CheckStoreResponse> {
 public:
  CheckSource(Store& store, Scheduler& scheduler, std::function<void()> wake)
      : store_(store), scheduler_(scheduler), wake_(std::move(wake)), check_(store) {}

  absl::StatusOr<Streamed> Next(v1::CheckStoreResponse& response) override {
    if (ended_) return Streamed::kEnd;
    if (!stored_is_checked_) {
      stored_is_checked_ = !check_.Step(findings_);
      if (stored_is_checked_) FITD_RETURN_IF_ERROR(CheckWorkers());
    }
    if (!findings_.empty()) {
      ++count_;
      *response.mutable_finding() = std::move(findings_.front());
      findings_.pop_front();
      return Streamed::kMessage;
    }
    if (!stored_is_checked_) {
      wake_();
      return Streamed::kNothingYet;
    }
    ended_ = true;
    response.mutable_summary()->set_findings(count_);
    response.mutable_summary()->set_files(check_.files());
    response.mutable_summary()->set_bytes(check_.bytes());
    Log(LogLevel::kInfo, "store_checked", {{"findings", count_}, {"bytes", check_.bytes()}});
    return Streamed::kMessage;
  }

 private:
  absl::Status CheckWorkers() {
    const auto find = [&](const std::string& id) {
      return store_.InTransaction([&](Transaction& transaction) {
        return absl::StatusOr<std::optional<v1::Job>>(transaction.jobs.Find(JobNumber(id).value()));
      });
    };
    FITD_ASSIGN_OR_RETURN(
        const std::vector<v1::Job> jobs, store_.InTransaction([&](Transaction& transaction) {
          std::vector<v1::Job> found;
          for (const v1::JobState state :
               {v1::JOB_STATE_RUNNING, v1::JOB_STATE_PAUSING, v1::JOB_STATE_CANCELLING}) {
            for (v1::Job& job : transaction.jobs.InState(state)) found.push_back(std::move(job));
          }
          return absl::StatusOr<std::vector<v1::Job>>(std::move(found));
        }));
    for (const v1::Job& job : jobs) {
      if (scheduler_.Runs(JobNumber(job.id()).value())) continue;
      // It may have ended meanwhile.
      FITD_ASSIGN_OR_RETURN(const std::optional<v1::Job> now, find(job.id()));
      if (!now || !IsWithWorker(now->state())) continue;
      v1::StoreFinding& finding = findings_.emplace_back();
      finding.set_object("job " + job.id());
      finding.set_fault(v1::STORE_FAULT_NO_OWNER);
      finding.set_message(fmt::format("is {}, and no worker has it", StateName(now->state())));
    }
    return absl::OkStatus();
  }

  Store& store_;
  Scheduler& scheduler_;
  const std::function<void()> wake_;
  StoreCheck check_;
  std::deque<v1::StoreFinding> findings_;  // Those to be sent.
  int64_t count_ = 0;
  bool stored_is_checked_ = false;
  bool ended_ = false;
};

class BackupSource final : public StreamSource<v1::BackupStoreResponse> {
 public:
  explicit BackupSource(std::unique_ptr<StoreBackup> backup) : backup_(std::move(backup)) {}

  absl::StatusOr<Streamed> Next(v1::BackupStoreResponse& response) override {
    if (ended_) return Streamed::kEnd;
    FITD_RETURN_IF_ERROR(backup_->Next(response));
    ended_ = response.has_summary();
    if (ended_) Log(LogLevel::kInfo, "backup_sent", {{"bytes", response.summary().bytes()}});
    return Streamed::kMessage;
  }

 private:
  const std::unique_ptr<StoreBackup> backup_;
  bool ended_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StreamSource<v1::CheckStoreResponse>>> Maintenance::Check(
    std::function<void()> wake) {
  return std::make_unique<CheckSource>(store_, scheduler_, std::move(wake));
}

absl::StatusOr<std::unique_ptr<StreamSource<v1::BackupStoreResponse>>> Maintenance::Backup() {
  FITD_ASSIGN_OR_RETURN(auto backup, StoreBackup::Begin(store_));
  return std::make_unique<BackupSource>(std::move(backup));
}

}  // namespace fitd
