#include "server/store/job_table.h"

#include <charconv>

#include "fmt/format.h"

namespace fitd {
namespace {

constexpr std::string_view kPrefix = "fit-";

int64_t NumberOf(const v1::Job& job) { return JobNumber(job.id()).value(); }

}  // namespace

std::optional<int64_t> JobNumber(std::string_view id) {
  if (!id.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = id.substr(kPrefix.size());
  if (digits.empty() || digits.front() < '1' || digits.front() > '9') return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::string StateName(v1::JobState state) {
  return v1::JobState_Name(state).substr(sizeof("JOB_STATE_") - 1);
}

std::optional<v1::Job> JobTable::Find(int64_t number) {
  std::optional<v1::Job> job;
  {
    Query query = database_.Prepare("SELECT message FROM jobs WHERE id = ?");
    if (query.Bind(number).Next()) job = query.Get<v1::Job>(0);
  }
  if (job) FillIn(*job);
  return job;
}

std::vector<v1::Job> JobTable::List(int64_t before, int64_t limit, const Filter& filter) {
  int64_t states = 0;  // As bits.
  for (const v1::JobState state : filter.states) states |= int64_t{1} << state;
  std::vector<v1::Job> jobs;
  {
    Query query = database_.Prepare(
        "SELECT message FROM jobs WHERE id < ?1 AND (?2 = 0 OR (?2 >> state) & 1) AND (?3 = '' OR "
        "model = ?3) "
        "ORDER BY id DESC LIMIT ?4");
    query.Bind(before).Bind(states).Bind(filter.model).Bind(limit);
    while (query.Next()) jobs.push_back(query.Get<v1::Job>(0));
  }
  for (v1::Job& job : jobs) FillIn(job);
  return jobs;
}

std::vector<v1::Job> JobTable::Queue(int64_t limit) {
  std::vector<v1::Job> jobs;
  {
    Query query = database_.Prepare(
        "SELECT message FROM jobs WHERE state = ? ORDER BY priority DESC, id LIMIT ?");
    query.Bind(v1::JOB_STATE_QUEUED).Bind(limit);
    while (query.Next()) jobs.push_back(query.Get<v1::Job>(0));
  }
  for (size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].set_last_event(LastEvent(NumberOf(jobs[i])));
    jobs[i].set_queue_position(static_cast<int64_t>(i) + 1);
  }
  return jobs;
}

std::vector<v1::Job> JobTable::InState(v1::JobState state) {
  std::vector<v1::Job> jobs;
  {
    Query query = database_.Prepare("SELECT message FROM jobs WHERE state = ? ORDER BY id");
    query.Bind(state);
    while (query.Next()) jobs.push_back(query.Get<v1::Job>(0));
  }
  for (v1::Job& job : jobs) FillIn(job);
  return jobs;
}

std::vector<int64_t> JobTable::Active() {
  std::vector<int64_t> numbers;
  Query query = database_.Prepare("SELECT id FROM jobs WHERE state < ?");
  query.Bind(v1::JOB_STATE_SUCCEEDED);
  while (query.Next()) numbers.push_back(query.Int(0));
  return numbers;
}

int64_t JobTable::Count(v1::JobState state) {
  Query query = database_.Prepare("SELECT COUNT(*) FROM jobs WHERE state = ?");
  query.Bind(state).Next();
  return query.Int(0);
}

int64_t JobTable::QueuePosition(const v1::Job& job) {
  Query query = database_.Prepare(
      "SELECT COUNT(*) FROM jobs WHERE state = ?1 AND (priority > ?2 OR (priority = ?2 AND id <= "
      "?3))");
  query.Bind(v1::JOB_STATE_QUEUED).Bind(job.spec().resources().priority()).Bind(NumberOf(job));
  query.Next();
  return query.Int(0);
}

std::optional<std::string> JobTable::ActiveJobOfModel(std::string_view model) {
  Query query = database_.Prepare("SELECT id FROM jobs WHERE state < ? AND model = ? LIMIT 1");
  if (!query.Bind(v1::JOB_STATE_SUCCEEDED).Bind(model).Next()) return std::nullopt;
  return fmt::format("{}{}", kPrefix, query.Int(0));
}

std::optional<std::string> JobTable::ActiveJobOnDataset(std::string_view dataset) {
  Query query = database_.Prepare(
      "SELECT id FROM jobs WHERE state < ?1 AND (dataset = ?2 OR validation_dataset = ?2) LIMIT 1");
  if (!query.Bind(v1::JOB_STATE_SUCCEEDED).Bind(dataset).Next()) return std::nullopt;
  return fmt::format("{}{}", kPrefix, query.Int(0));
}

std::optional<std::string> JobTable::ActiveJobWithVersion(std::string_view model, int64_t version) {
  Query query = database_.Prepare(
      "SELECT id FROM jobs WHERE state < ?1 AND model = ?2 AND (initial_version = ?3 OR "
      "verify_version = ?3) LIMIT 1");
  if (!query.Bind(v1::JOB_STATE_SUCCEEDED).Bind(model).Bind(version).Next()) return std::nullopt;
  return fmt::format("{}{}", kPrefix, query.Int(0));
}

void JobTable::Insert(v1::Job& job, int64_t memory) {
  database_
      .Prepare(
          "INSERT INTO jobs (state, priority, memory, model, initial_version, verify_version, "
          "dataset, validation_dataset, message) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .Bind(job.state())
      .Bind(job.spec().resources().priority())
      .Bind(memory)
      .Bind(job.spec().model())
      .Bind(job.spec().initial_version())
      .Bind(job.spec().verify_version())
      .Bind(job.spec().dataset())
      .Bind(job.spec().validation_dataset())
      .Bind(job)
      .Run();
  job.set_id(fmt::format("{}{}", kPrefix, database_.last_insert_id()));
  Update(job);
}

void JobTable::Update(const v1::Job& job) {
  database_.Prepare("UPDATE jobs SET state = ?, message = ? WHERE id = ?")
      .Bind(job.state())
      .Bind(job)
      .Bind(NumberOf(job))
      .Run();
}

void JobTable::Delete(int64_t number) {
  database_.Prepare("DELETE FROM jobs WHERE id = ?").Bind(number).Run();
}

int64_t JobTable::Memory(int64_t number) {
  Query query = database_.Prepare("SELECT memory FROM jobs WHERE id = ?");
  return query.Bind(number).Next() ? query.Int(0) : 0;
}

int64_t JobTable::QueuedMemory(int64_t count) {
  Query query = database_.Prepare(
      "SELECT COALESCE(SUM(memory), 0) FROM (SELECT memory FROM jobs WHERE state = ? "
      "ORDER BY priority DESC, id LIMIT ?)");
  query.Bind(v1::JOB_STATE_QUEUED).Bind(count).Next();
  return query.Int(0);
}

void JobTable::AppendEvent(int64_t job, v1::JobEvent& event) {
  event.set_number(LastEvent(job) + 1);
  database_.Prepare("INSERT INTO events (job, number, kind, message) VALUES (?, ?, ?, ?)")
      .Bind(job)
      .Bind(event.number())
      .Bind(event.kind_case())
      .Bind(event)
      .Run();
  appended_.emplace_back(job, event);
}

std::vector<v1::JobEvent> JobTable::Events(int64_t job, int64_t from, int64_t limit) {
  std::vector<v1::JobEvent> events;
  Query query = database_.Prepare(
      "SELECT message FROM events WHERE job = ? AND number >= ? ORDER BY number LIMIT ?");
  query.Bind(job).Bind(from).Bind(limit);
  while (query.Next()) events.push_back(query.Get<v1::JobEvent>(0));
  return events;
}

JobTable::EventCounts JobTable::CountEvents(int64_t job) {
  EventCounts counts;
  Query query = database_.Prepare("SELECT SUM(kind = ?), SUM(kind = ?) FROM events WHERE job = ?");
  query.Bind(v1::JobEvent::kEpochCompleted).Bind(v1::JobEvent::kWarning).Bind(job).Next();
  counts.epochs = query.Int(0);
  counts.warnings = query.Int(1);
  return counts;
}

int64_t JobTable::LastEvent(int64_t job) {
  Query query = database_.Prepare("SELECT COALESCE(MAX(number), 0) FROM events WHERE job = ?");
  query.Bind(job).Next();
  return query.Int(0);
}

void JobTable::FillIn(v1::Job& job) {
  job.set_last_event(LastEvent(NumberOf(job)));
  job.clear_queue_position();
  if (job.state() == v1::JOB_STATE_QUEUED) job.set_queue_position(QueuePosition(job));
}

}  // namespace fitd
