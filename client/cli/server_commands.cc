#include "client/cli/server_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "client/backup_dir.h"
#include "client/cli/command.h"
#include "client/cli/format.h"
#include "client/cli/interrupt.h"
#include "client/cli/table.h"
#include "client/names.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

struct NoFlags {};

struct BackupFlags {
  std::string directory;
};

std::string ParametersText(const google::protobuf::RepeatedPtrField<v1::KindParameter>& all) {
  std::vector<std::string> parameters;
  for (const v1::KindParameter& parameter : all)
    parameters.push_back(fmt::format("{}: {}", parameter.name(), parameter.type()));
  return fmt::format("{}", fmt::join(parameters, ", "));
}

std::string InfoText(const std::string& address, const v1::GetServerInfoResponse& info) {
  Table facts;
  facts.AddRow({"address", address});
  facts.AddRow({"version", info.version()});
  facts.AddRow({"instruction set", info.isa()});
  facts.AddRow({"processors", fmt::format("{} ({} at once)", info.cores(),
                                          FormatCounted(info.workers(), "job"))});
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
    for (const v1::KindInfo& kind : family.kinds())
      kinds.AddRow({kind.name(), ParametersText(kind.parameters())});
    if (!family.common_parameters().empty())
      kinds.AddRow({"(each)", ParametersText(family.common_parameters())});
    text += fmt::format("\n{}\n{}", family.name(), kinds.ToString("  "));
  }
  return text;
}

absl::Status Info(Cli& cli, const NoFlags& /*flags*/) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::GetServerInfoResponse info, client->GetServerInfo({}));
  cli.Print(info, [&] { return InfoText(cli.endpoint.address, info); });
  return absl::OkStatus();
}

absl::Status Health(Cli& cli, const NoFlags& /*flags*/) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_RETURN_IF_ERROR(client->CheckHealth());
  cli.env.out << "serving\n";
  return absl::OkStatus();
}

// "STORE_FAULT_NO_OWNER" -> "no owner".
std::string FaultName(v1::StoreFault fault) {
  std::string name = v1::StoreFault_Name(fault);
  if (name.empty()) return "unknown";
  name = name.substr(sizeof("STORE_FAULT_") - 1);
  std::replace(name.begin(), name.end(), '_', ' ');
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return std::tolower(letter); });
  return name;
}

absl::Status Fsck(Cli& cli, const NoFlags& /*flags*/) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(
      const v1::StoreCheckSummary summary,
      client->CheckStore({}, [&](const v1::StoreFinding& finding) {
        // As they come: the rest may take long.
        cli.Print(finding, [&] {
          return client::Printable(fmt::format("{}: {}: {}", finding.object(),
                                               FaultName(finding.fault()), finding.message())) +
                 "\n";
        });
      }));
  cli.Print(summary, [&] {
    return fmt::format("Checked the database and {} of {}: {}\n",
                       FormatCounted(summary.files(), "file"), FormatBytes(summary.bytes()),
                       FormatCounted(summary.findings(), "finding"));
  });
  if (summary.findings() == 0) return absl::OkStatus();
  return absl::DataLossError("broken or belonging to nothing: " +
                             FormatCounted(summary.findings(), "object"));
}

absl::Status Backup(Cli& cli, const BackupFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const auto backup, client::BackupDir::Create(flags.directory));
  const InterruptNotice notice(
      fmt::format("Interrupted: {} is not there; what was written so far is in {}", flags.directory,
                  backup->partial()));
  FITD_RETURN_IF_ERROR(client->BackupStore(
      {}, [&](const v1::BackupStoreResponse& part) { return backup->Add(part); }));
  FITD_ASSIGN_OR_RETURN(const v1::BackupSummary summary, backup->Commit());
  cli.Print(summary, [&] {
    return fmt::format("Wrote {} of {} to {}\n", FormatCounted(summary.files(), "file"),
                       FormatBytes(summary.bytes()), client::Printable(flags.directory));
  });
  return absl::OkStatus();
}

}  // namespace

void AddServerCommands(CLI::App& fitctl, Cli& cli) {
  CLI::App* group =
      AddGroup(fitctl, "server", "Ask about the daemon, check and copy what it stores",
               "  fitctl server info\n  fitctl server backup /backups/monday");
  AddCommand<NoFlags>(
      *group, cli, "info",
      "Version, machine, limits, and every layer, loss, optimizer and metric it knows",
      "  fitctl server info\n"
      "  fitctl server info --address unix:/run/fitd.sock\n"
      "  fitctl server info --output json",
      Info);
  AddCommand<NoFlags>(*group, cli, "health",
                      "Whether it serves: exit status 0, else 6. Needs no token",
                      "  fitctl server health", Health);
  AddCommand<NoFlags>(*group, cli, "fsck",
                      "Read all that is stored and name what is broken or belongs to nothing; exit "
                      "status 7 if anything is",
                      "  fitctl server fsck\n"
                      "  fitctl server fsck --output jsonl",
                      Fsck);
  auto [command, flags] = AddCommand<BackupFlags>(
      *group, cli, "backup",
      "Copy all that is stored into a new directory, which a daemon can start on",
      "  fitctl server backup /backups/monday\n"
      "  fitd --data-dir /backups/monday",
      Backup);
  AddArgument(*command, "DIR", flags->directory, "Where to: a new name, or an empty directory")
      ->required();
}

}  // namespace fitd::cli
