#include "server/store/search_table.h"

namespace fitd {

const v1::Search* SearchTable::Get(std::string_view name) {
  if (newest_ && newest_->name() == name) return &*newest_;
  newest_.reset();
  Query query = database_.Prepare("SELECT message FROM searches WHERE name = ?");
  if (!query.Bind(name).Next()) return nullptr;
  return &newest_.emplace(query.Get<v1::Search>(0));
}

v1::Search SearchTable::Take(std::string_view name) {
  Get(name);
  v1::Search search = *std::move(newest_);
  newest_.reset();
  return search;
}

std::optional<v1::Search> SearchTable::Find(std::string_view name) {
  const v1::Search* const stored = Get(name);
  if (stored == nullptr) return std::nullopt;
  v1::Search search = *stored;
  FillIn(search);
  return search;
}

std::vector<std::pair<int64_t, v1::Search>> SearchTable::List(int64_t before, int64_t limit) {
  std::vector<std::pair<int64_t, v1::Search>> searches;
  {
    Query query =
        database_.Prepare("SELECT id, message FROM searches WHERE id < ? ORDER BY id DESC LIMIT ?");
    query.Bind(before).Bind(limit);
    while (query.Next()) searches.emplace_back(query.Int(0), query.Get<v1::Search>(1));
  }
  for (auto& [id, search] : searches) FillIn(search);
  return searches;
}

std::vector<std::string> SearchTable::Names() {
  std::vector<std::string> names;
  Query query = database_.Prepare("SELECT name FROM searches ORDER BY name");
  while (query.Next()) names.push_back(query.Text(0));
  return names;
}

std::vector<std::string> SearchTable::Active() {
  std::vector<std::string> names;
  Query query = database_.Prepare("SELECT name FROM searches WHERE state < ? ORDER BY id");
  query.Bind(v1::SEARCH_STATE_SUCCEEDED);
  while (query.Next()) names.push_back(query.Text(0));
  return names;
}

std::optional<std::string> SearchTable::ActiveOnDataset(std::string_view dataset) {
  Query query = database_.Prepare(
      "SELECT name FROM searches WHERE state < ?1 AND (dataset = ?2 OR validation_dataset = ?2) "
      "LIMIT 1");
  if (!query.Bind(v1::SEARCH_STATE_SUCCEEDED).Bind(dataset).Next()) return std::nullopt;
  return query.Text(0);
}

void SearchTable::Insert(const v1::Search& search) {
  database_
      .Prepare(
          "INSERT INTO searches (name, state, dataset, validation_dataset, message) "
          "VALUES (?, ?, ?, ?, ?)")
      .Bind(search.name())
      .Bind(search.state())
      .Bind(search.spec().dataset())
      .Bind(search.spec().validation_dataset())
      .Bind(search)
      .Run();
}

void SearchTable::Update(v1::Search search) {
  database_.Prepare("UPDATE searches SET state = ?, message = ? WHERE name = ?")
      .Bind(search.state())
      .Bind(search)
      .Bind(search.name())
      .Run();
  newest_ = std::move(search);
}

void SearchTable::Delete(std::string_view name) {
  newest_.reset();
  database_.Prepare("DELETE FROM searches WHERE name = ?").Bind(name).Run();
}

void SearchTable::InsertTrial(std::string_view search, const v1::SearchTrial& trial) {
  database_
      .Prepare("INSERT INTO trials (search, number, state, scored, message) VALUES (?, ?, ?, ?, ?)")
      .Bind(search)
      .Bind(trial.number())
      .Bind(trial.state())
      .Bind(int64_t{trial.has_score()})
      .Bind(trial)
      .Run();
}

void SearchTable::UpdateTrial(std::string_view search, const v1::SearchTrial& trial) {
  database_
      .Prepare(
          "UPDATE trials SET state = ?, scored = ?, message = ? WHERE search = ? AND number = ?")
      .Bind(trial.state())
      .Bind(int64_t{trial.has_score()})
      .Bind(trial)
      .Bind(search)
      .Bind(trial.number())
      .Run();
}

std::optional<v1::SearchTrial> SearchTable::FindTrial(std::string_view search, int64_t number) {
  Query query = database_.Prepare("SELECT message FROM trials WHERE search = ? AND number = ?");
  if (!query.Bind(search).Bind(number).Next()) return std::nullopt;
  return query.Get<v1::SearchTrial>(0);
}

std::vector<v1::SearchTrial> SearchTable::Trials(std::string_view search, int64_t after,
                                                 int64_t limit) {
  std::vector<v1::SearchTrial> trials;
  Query query = database_.Prepare(
      "SELECT message FROM trials WHERE search = ? AND number > ? ORDER BY number LIMIT ?");
  query.Bind(search).Bind(after).Bind(limit);
  while (query.Next()) trials.push_back(query.Get<v1::SearchTrial>(0));
  return trials;
}

std::vector<v1::SearchTrial> SearchTable::ActiveTrials(std::string_view search) {
  std::vector<v1::SearchTrial> trials;
  Query query = database_.Prepare(
      "SELECT message FROM trials WHERE search = ? AND state < ? ORDER BY number");
  query.Bind(search).Bind(v1::JOB_STATE_SUCCEEDED);
  while (query.Next()) trials.push_back(query.Get<v1::SearchTrial>(0));
  return trials;
}

std::optional<int64_t> SearchTable::ActiveTrialWithVersion(std::string_view search,
                                                           int64_t version) {
  for (const v1::SearchTrial& trial : ActiveTrials(search)) {
    for (const v1::SearchTrial& fit : trial.fits()) {
      if (fit.version() == version) return trial.number();
    }
  }
  return std::nullopt;
}

void SearchTable::FillIn(v1::Search& search) {
  Query query = database_.Prepare(
      "SELECT COUNT(*), COALESCE(SUM(state >= ?1), 0), COALESCE(SUM(state >= ?1 AND NOT scored), "
      "0) FROM trials WHERE search = ?2");
  query.Bind(v1::JOB_STATE_SUCCEEDED).Bind(search.name()).Next();
  search.set_trials(query.Int(0));
  search.set_ended_trials(query.Int(1));
  search.set_unscored_trials(query.Int(2));
}

}  // namespace fitd
