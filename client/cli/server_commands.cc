#include "client/cli/server_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "client/cli/command.h"
#include "client/cli/format.h"
#include "client/cli/table.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

struct InfoFlags {};

std::string InfoText(const std::string& address, const v1::GetServerInfoResponse& info) {
  Table facts;
  facts.AddRow({"address", address});
  facts.AddRow({"version", info.version()});
  facts.AddRow({"instruction set", info.isa()});
  facts.AddRow({"processors", fmt::format("{} ({} jobs at once)", info.cores(), info.workers())});
  facts.AddRow(
      {"jobs", fmt::format("{} running, {} queued", info.running_jobs(), info.queued_jobs())});
  facts.AddRow({"up for", FormatSeconds(info.uptime_seconds())});
  const v1::Limits& limits = info.limits();
  facts.AddRow(
      {"limits",
       fmt::format("message {}, upload {}, model {} weights, predict {} rows, training memory {}",
                   FormatBytes(limits.max_message_bytes()), FormatBytes(limits.max_dataset_bytes()),
                   FormatCount(limits.max_parameters()), FormatCount(limits.max_predict_rows()),
                   FormatBytes(limits.max_memory_bytes()))});
  std::string text = facts.ToString();
  for (const v1::KindFamily& family : info.families()) {
    Table kinds;
    for (const v1::KindInfo& kind : family.kinds()) {
      std::vector<std::string> parameters;
      for (const v1::KindParameter& parameter : kind.parameters()) {
        parameters.push_back(fmt::format("{}: {}", parameter.name(), parameter.type()));
      }
      kinds.AddRow({kind.name(), fmt::format("{}", fmt::join(parameters, ", "))});
    }
    text += fmt::format("\n{}\n{}", family.name(), kinds.ToString("  "));
  }
  return text;
}

absl::Status Info(Cli& cli, const InfoFlags& /*flags*/) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::GetServerInfoResponse info, client->GetServerInfo({}));
  cli.Print(info, [&] { return InfoText(cli.address, info); });
  return absl::OkStatus();
}

}  // namespace

void AddServerCommands(CLI::App& fitctl, Cli& cli) {
  CLI::App* group = AddGroup(fitctl, "server", "Ask about the daemon", "  fitctl server info");
  AddCommand<InfoFlags>(
      *group, cli, "info",
      "Version, machine, limits, and every layer, loss, optimizer and metric it knows",
      "  fitctl server info\n"
      "  fitctl server info --address unix:/run/fitd.sock\n"
      "  fitctl server info --output json",
      Info);
}

}  // namespace fitd::cli
