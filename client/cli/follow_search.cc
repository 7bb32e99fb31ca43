#include "client/cli/follow_search.h"

#include <fmt/format.h>

#include <cstdint>
#include <set>

#include "client/cli/command.h"
#include "client/cli/exit_code.h"
#include "client/cli/format.h"
#include "client/cli/interrupt.h"
#include "client/cli/search_report.h"
#include "client/names.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

std::string NoScoreText(const v1::Search& search) {
  const double allowed = search.spec().budget().seconds();
  const auto& start = search.has_start_time() ? search.start_time() : search.create_time();
  const bool over = allowed > 0 && SecondsBetween(start, search.end_time()) >= allowed;
  return fmt::format("No trial has a score{}.\n", over ? ": the time of its budget was over" : "");
}

// What the search has come to; an error unless it succeeded.
absl::Status ReportEnd(Cli& cli, const v1::Search& search) {
  cli.Print(search, [&] {
    if (search.best_trial() == 0) return NoScoreText(search);
    return fmt::format("Best: trial {} with {} {}, stored as {}@{}\n", search.best_trial(),
                       search.spec().objective().metric(), BestScoreText(search), search.name(),
                       search.best_version());
  });
  if (search.state() == v1::SEARCH_STATE_SUCCEEDED) return absl::OkStatus();
  return JobFailedError(fmt::format("search {} is {}", search.name(), FormatState(search.state())));
}

std::string TrialLine(const v1::Search& search, const v1::SearchTrial& trial) {
  std::string result = TrialState(trial);
  if (trial.has_failure()) result += ": " + FormatFailure(trial.failure());
  if (trial.has_score()) {
    result = fmt::format("{} {}", search.spec().objective().metric(), ScoreText(trial));
    if (trial.state() != v1::JOB_STATE_SUCCEEDED)
      result += " when stopped after " + FormatCounted(trial.epochs(), "epoch");
  }
  if (!trial.stop_reason().empty()) result += ": " + trial.stop_reason();
  return fmt::format("Trial {}/{}  {}  {}\n", trial.number(), search.planned_trials(),
                     ParametersText(trial), client::Printable(result));
}

}  // namespace

absl::StatusOr<v1::ListTrialsResponse> GetTrials(client::Client& client, const std::string& name) {
  v1::ListTrialsRequest request;
  request.set_search(name);
  request.set_page_size(1000);
  return AllPages<v1::ListTrialsResponse, v1::ListTrialsRequest>(
      request, [&](const auto& page) { return client.ListTrials(page); });
}

absl::Status FollowSearch(Cli& cli, const std::string& name) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  const InterruptNotice notice(
      fmt::format("Search {0} goes on. Rejoin it with: fitctl search watch {0}", name));
  v1::GetSearchRequest request;
  request.set_name(name);
  std::set<int64_t> told;
  v1::Search ended;
  FITD_RETURN_IF_ERROR(client->WatchSearch(request, [&](const v1::Search& search) -> absl::Status {
    ended = search;
    const bool news = search.ended_trials() > static_cast<int64_t>(told.size());
    if (!news || cli.output == OutputFormat::kJson) return absl::OkStatus();
    FITD_ASSIGN_OR_RETURN(const v1::ListTrialsResponse trials, GetTrials(*client, name));
    for (const v1::SearchTrial& trial : trials.trials()) {
      if (!trial.has_end_time() || !told.insert(trial.number()).second) continue;
      if (cli.output == OutputFormat::kJsonl) {
        cli.PrintJson(trial);
      } else {
        cli.env.out << TrialLine(search, trial) << std::flush;
      }
    }
    return absl::OkStatus();
  }));
  return ReportEnd(cli, ended);
}

}  // namespace fitd::cli
