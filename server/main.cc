// fitd: flags -> ServerConfig -> Server.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/base/names.h"
#include "core/base/version.h"
#include "fmt/format.h"
#include "server/config.h"
#include "server/log/log.h"
#include "server/server.h"
#include "server/stop_signal.h"
#include "server/token_command.h"

namespace fitd {
namespace {

// Exit codes (docs/operations.md); 74, 75, 77 and 78 are EX_IOERR, EX_TEMPFAIL, EX_NOPERM and
// EX_CONFIG of sysexits.h.
constexpr int kFailed = 1;
constexpr int kBadUsage = 2;
constexpr int kDataDirDamaged = 74;
constexpr int kDataDirInUse = 75;
constexpr int kDataDirIsNewer = 76;
constexpr int kUnprotected = 77;
constexpr int kDataDirNotWritable = 78;

// What the help says of the settings that are most asked for.
constexpr std::pair<const char*, const char*> kHelp[] = {
    {"data_dir", "Directory that holds everything"},
    {"listen", "HOST:PORT or unix:PATH; default 127.0.0.1:7474"},
    {"insecure", "Allow an address that other machines reach without encryption or authentication"},
    {"workers", "Jobs at once; default: the number of processors"},
    {"log_level", "trace, debug, info, warn or error; default info"},
    {"log_format", "json or text; default json"},
    {"port_file", "File to write the port to"},
    {"tls_certificate", "PEM file of the daemon's certificate: clients need TLS"},
    {"tls_key", "PEM file of its private key"},
    {"tls_client_ca", "PEM file: clients need a certificate that one of these signed"},
    {"http_listen", "HOST:PORT of /metrics, /healthz and /readyz over HTTP; default: none"},
    {"tokens", "File that `fitd token` writes; default: tokens in the data directory"},
};

// "data_dir" -> "--data-dir".
std::string FlagOf(const std::string& field) {
  std::string flag = "--" + field;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

// One flag for each setting.
void AddFlags(CLI::App& app) {
  for (const SettingField& field : SettingFields()) {
    const auto* help = std::find_if(std::begin(kHelp), std::end(kHelp),
                                    [&](const auto& entry) { return entry.first == field.name; });
    CLI::Option* option =
        field.is_bool ? app.add_flag(FlagOf(field.name)) : app.add_option(FlagOf(field.name));
    option->description(help == std::end(kHelp) ? "See deploy/fitd.yaml" : help->second);
  }
}

// Those that were given.
std::vector<Setting> ReadFlags(const CLI::App& app) {
  std::vector<Setting> settings;
  for (const SettingField& field : SettingFields()) {
    const std::string flag = FlagOf(field.name);
    const CLI::Option& option = *app.get_option(flag);
    if (option.count() > 0) settings.push_back({flag, field.name, option.as<std::string>()});
  }
  return settings;
}

int Fail(int code, const std::string& message) {
  std::cerr << "fitd: " << message << "\n";
  return code;
}

// Of a daemon that does not start.
int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kDataLoss:
      return kDataDirDamaged;
    case absl::StatusCode::kUnavailable:
      return kDataDirInUse;
    case absl::StatusCode::kFailedPrecondition:
      return kDataDirIsNewer;
    case absl::StatusCode::kPermissionDenied:
      return kDataDirNotWritable;
    case absl::StatusCode::kUnauthenticated:
      return kUnprotected;
    default:
      return kFailed;
  }
}

int Run(const v1::ServerConfig& config) {
  ConfigureLog(config.log_level(), config.log_format());
  StopSignal stop_signal;
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Create(config);
  if (!server.ok()) return Fail(ExitCode(server.status()), Message(server.status()));
  if (const absl::Status status = (*server)->Start(); !status.ok())
    return Fail(absl::IsUnauthenticated(status) ? kUnprotected : kFailed, Message(status));
  // Beyond the grace period, time to close the store.
  stop_signal.Wait(std::chrono::milliseconds(
      static_cast<int64_t>(1000 * config.shutdown_grace_seconds()) + 5000));
  (*server)->Stop();
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app{
      "Trains neural networks for clients and serves them. Every setting of the config file can "
      "also be given as "
      "FITD_<NAME> in the environment; flags win over the environment, that over the file.",
      "fitd"};
  app.set_version_flag("--version", fmt::format("fitd {}", kVersion));
  std::string config_file;
  app.add_option("--config", config_file, "Config file (YAML)")->envname("FITD_CONFIG");
  bool check_config = false;
  app.add_flag("--check-config", check_config, "Check the configuration, print it, and exit");
  AddFlags(app);
  app.allow_extras();  // So that the error can name what was meant.
  app.fallthrough();   // Settings may follow the command.
  std::optional<TokenCommand> token_command;
  AddTokenCommands(app, token_command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return Fail(kBadUsage, fmt::format("{}; see fitd --help", error.what()));
  }
  if (const std::vector<std::string> extras = app.remaining(/*recurse=*/true); !extras.empty()) {
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) known.push_back(option->get_name());
    return Fail(kBadUsage, UnknownName("option", extras.front(), known));
  }

  std::vector<Setting> settings;
  if (!config_file.empty()) {
    absl::StatusOr<std::vector<Setting>> file = ReadConfigFile(config_file);
    if (!file.ok()) return Fail(kBadUsage, Message(file.status()));
    settings = *std::move(file);
  }
  for (Setting& setting : ReadEnvironment(&std::getenv)) settings.push_back(std::move(setting));
  for (Setting& setting : ReadFlags(app)) settings.push_back(std::move(setting));
  const absl::StatusOr<v1::ServerConfig> config = ResolveConfig(settings);
  if (!config.ok())
    return Fail(kBadUsage, "the configuration is wrong\n" + Message(config.status()));
  if (check_config) {
    std::cout << config->DebugString();
    return 0;
  }
  if (token_command) {
    const absl::Status status = (*token_command)(*config, std::cout);
    return status.ok()
               ? 0
               : Fail(absl::IsInvalidArgument(status) ? kBadUsage : kFailed, Message(status));
  }
  return Run(*config);
}

}  // namespace
}  // namespace fitd

int main(int argc, char** argv) { return fitd::Main(argc, argv); }
