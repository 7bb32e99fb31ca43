// Searches and their trials. Part of Transaction: single-thread, throws what SQLite reports.

#ifndef FITD_SERVER_STORE_SEARCH_TABLE_H_
#define FITD_SERVER_STORE_SEARCH_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fitd/v1/search.pb.h"
#include "server/store/query.h"

namespace fitd {

class SearchTable {
 public:
  explicit SearchTable(Database& database) : database_(database) {}

  // As it was stored, when the counts of its trials were others; null when there is none. Valid
  // until another is asked for, or a search is changed.
  const v1::Search* Get(std::string_view name);
  // The same without a copy, to change it and give it to Update; there must be one.
  v1::Search Take(std::string_view name);
  // These give the counts of trials too.
  std::optional<v1::Search> Find(std::string_view name);
  // Newest first, those with ids below `before`; with their ids.
  std::vector<std::pair<int64_t, v1::Search>> List(int64_t before, int64_t limit);

  std::vector<std::string> Names();
  // Names of those whose state is not final, oldest first.
  std::vector<std::string> Active();
  // One of them that reads the data set.
  std::optional<std::string> ActiveOnDataset(std::string_view dataset);

  // The name must be free.
  void Insert(const v1::Search& search);
  void Update(v1::Search search);
  // With its trials.
  void Delete(std::string_view name);

  // The number must be free.
  void InsertTrial(std::string_view search, const v1::SearchTrial& trial);
  void UpdateTrial(std::string_view search, const v1::SearchTrial& trial);
  std::optional<v1::SearchTrial> FindTrial(std::string_view search, int64_t number);
  // By number, those above `after`.
  std::vector<v1::SearchTrial> Trials(std::string_view search, int64_t after, int64_t limit);
  // Those whose state is not final.
  std::vector<v1::SearchTrial> ActiveTrials(std::string_view search);
  // The number of one of them a fit of which stored that version: it may become the search's best.
  std::optional<int64_t> ActiveTrialWithVersion(std::string_view search, int64_t version);

 private:
  void FillIn(v1::Search& search);

  Database& database_;
  std::optional<v1::Search> newest_;  // That was asked for: a space may be large.
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_SEARCH_TABLE_H_
