// Jobs and their events. Part of Transaction: single-thread, throws what SQLite reports.

#ifndef FITD_SERVER_STORE_JOB_TABLE_H_
#define FITD_SERVER_STORE_JOB_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fitd/v1/job.pb.h"
#include "server/store/query.h"

namespace fitd {

// "fit-12" -> 12; nothing for any other text.
std::optional<int64_t> JobNumber(std::string_view id);

// "RUNNING".
std::string StateName(v1::JobState state);

class JobTable {
 public:
  struct Filter {
    std::vector<v1::JobState> states = {};  // Empty: all.
    std::string model = {};                 // Empty: all.
  };
  struct EventCounts {
    int64_t epochs = 0;
    int64_t warnings = 0;
  };

  explicit JobTable(Database& database) : database_(database) {}

  // All of these give last_event, and for a queued job its queue_position.
  std::optional<v1::Job> Find(int64_t number);
  // Newest first, those below `before`.
  std::vector<v1::Job> List(int64_t before, int64_t limit, const Filter& filter);
  // The next to run, `limit` at most: by priority, then by age.
  std::vector<v1::Job> Queue(int64_t limit);
  std::vector<v1::Job> InState(v1::JobState state);

  // Numbers of all jobs whose state is not final.
  std::vector<int64_t> Active();
  int64_t Count(v1::JobState state);
  // Of a queued job: 1 for the next to run.
  int64_t QueuePosition(const v1::Job& job);
  // A job whose state is not final and that trains the model, reads the data set, or starts from
  // the version or verifies it.
  std::optional<std::string> ActiveJobOfModel(std::string_view model);
  std::optional<std::string> ActiveJobOnDataset(std::string_view dataset);
  std::optional<std::string> ActiveJobWithVersion(std::string_view model, int64_t version);

  // Sets the id; it is never given again. `memory`: bytes that it may need.
  void Insert(v1::Job& job, int64_t memory);
  void Update(const v1::Job& job);
  // With its events.
  void Delete(int64_t number);
  int64_t Memory(int64_t number);
  // Of the first `count` jobs of the queue together.
  int64_t QueuedMemory(int64_t count);

  // Sets the event's number to the next one and stores it.
  void AppendEvent(int64_t job, v1::JobEvent& event);
  // In this transaction, in order, each with its job.
  const std::vector<std::pair<int64_t, v1::JobEvent>>& appended() const { return appended_; }
  // From number `from` on.
  std::vector<v1::JobEvent> Events(int64_t job, int64_t from, int64_t limit);
  EventCounts CountEvents(int64_t job);

 private:
  int64_t LastEvent(int64_t job);  // 0: none yet.
  void FillIn(v1::Job& job);

  Database& database_;
  std::vector<std::pair<int64_t, v1::JobEvent>> appended_;
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_JOB_TABLE_H_
