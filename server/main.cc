// fitd: flags -> ServerConfig -> Server.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
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

namespace fitd {
namespace {

// Exit codes (docs/operations.md); 74, 75 and 78 are EX_IOERR, EX_TEMPFAIL and EX_CONFIG of
// sysexits.h.
constexpr int kFailed = 1;
constexpr int kBadUsage = 2;
constexpr int kDataDirDamaged = 74;
constexpr int kDataDirInUse = 75;
constexpr int kDataDirIsNewer = 76;
constexpr int kDataDirNotWritable = 78;

// The settings that have a flag of their own beside --insecure.
struct Flag {
  const char* name;
  const char* field;
  const char* help;
};
constexpr Flag kFlags[] = {
    {"--data-dir", "data_dir", "Directory that holds everything"},
    {"--listen", "listen", "HOST:PORT or unix:PATH; default 127.0.0.1:7474"},
    {"--workers", "workers", "Jobs at once; default: the number of processors"},
    {"--log-level", "log_level", "trace, debug, info, warn or error; default info"},
    {"--log-format", "log_format", "json or text; default json"},
    {"--port-file", "port_file", "File to write the port to"},
};

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
    return Fail(kFailed, Message(status));
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
  for (const Flag& flag : kFlags) app.add_option(flag.name)->description(flag.help);
  app.add_flag("--insecure")
      ->description("Allow an address that other machines reach, without any protection");
  app.allow_extras();  // So that the error can name what was meant.
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return Fail(kBadUsage, fmt::format("{}; see fitd --help", error.what()));
  }
  if (const std::vector<std::string> extras = app.remaining(); !extras.empty()) {
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
  for (const Flag& flag : kFlags) {
    const CLI::Option& option = *app[flag.name];
    if (option.count() > 0) settings.push_back({flag.name, flag.field, option.as<std::string>()});
  }
  if (app["--insecure"]->count() > 0) settings.push_back({"--insecure", "insecure", "true"});
  const absl::StatusOr<v1::ServerConfig> config = ResolveConfig(settings);
  if (!config.ok())
    return Fail(kBadUsage, "the configuration is wrong\n" + Message(config.status()));
  if (check_config) {
    std::cout << config->DebugString();
    return 0;
  }
  return Run(*config);
}

}  // namespace
}  // namespace fitd

int main(int argc, char** argv) { return fitd::Main(argc, argv); }
