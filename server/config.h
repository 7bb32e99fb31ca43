// The daemon's configuration from a file, the environment and flags. v1::ServerConfig is the only
// list of settings: its field names are the keys of the file, FITD_<NAME> the variables, --<name>
// the flags.

#ifndef FITD_SERVER_CONFIG_H_
#define FITD_SERVER_CONFIG_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "fitd/v1/server_config.pb.h"

namespace fitd {

// A setting as somebody wrote it.
struct Setting {
  std::string origin;  // Where: "fitd.yaml:3", "FITD_WORKERS", "--workers".
  std::string field;   // "workers"
  std::string text;    // "4"
};

struct SettingField {
  std::string name;  // "workers"
  bool is_bool = false;
};
std::vector<SettingField> SettingFields();

// Later settings win. Every default is written out and everything is checked. INVALID_ARGUMENT
// names every fault with its origin: unknown keys with the nearest known one, what does not parse,
// what is out of range.
absl::StatusOr<v1::ServerConfig> ResolveConfig(const std::vector<Setting>& settings);

// Where the tokens are unless the setting says otherwise.
std::string DefaultTokensPath(const v1::ServerConfig& config);

// The settings of a YAML file. NOT_FOUND; INVALID_ARGUMENT with line and column when it is not a
// map of scalars.
absl::StatusOr<std::vector<Setting>> ReadConfigFile(const std::string& path);

// Those that the environment holds. `get` is like std::getenv.
std::vector<Setting> ReadEnvironment(const std::function<const char*(const char*)>& get);

}  // namespace fitd

#endif  // FITD_SERVER_CONFIG_H_
