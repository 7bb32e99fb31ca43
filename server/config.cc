#include "server/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>

#include "core/base/names.h"
#include "core/base/violations.h"
#include "fmt/format.h"
#include "server/machine.h"
#include "server/rpc/address.h"
#include "server/rpc/tls_files.h"
#include "yaml-cpp/yaml.h"

namespace fitd {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

const Descriptor& Fields() { return *v1::ServerConfig::descriptor(); }

std::vector<std::string> FieldNames() {
  std::vector<std::string> names;
  for (int i = 0; i < Fields().field_count(); ++i) names.push_back(Fields().field(i)->name());
  return names;
}

template <typename Number>
std::optional<Number> ParseNumber(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

std::optional<bool> ParseBool(const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

// What is allowed for the field; empty when the text was taken.
std::string Set(const FieldDescriptor& field, const std::string& text, v1::ServerConfig& config) {
  const google::protobuf::Reflection& reflection = *config.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(&config, &field, text);
      return "";
    case FieldDescriptor::CPPTYPE_BOOL:
      if (const auto value = ParseBool(text))
        return reflection.SetBool(&config, &field, *value), "";
      return "true or false";
    case FieldDescriptor::CPPTYPE_INT32:
      if (const auto value = ParseNumber<int32_t>(text))
        return reflection.SetInt32(&config, &field, *value), "";
      return "a whole number";
    case FieldDescriptor::CPPTYPE_INT64:
      if (const auto value = ParseNumber<int64_t>(text))
        return reflection.SetInt64(&config, &field, *value), "";
      return "a whole number";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (const auto value = ParseNumber<double>(text))
        return reflection.SetDouble(&config, &field, *value), "";
      return "a number";
    default:
      return "nothing: the field has a type that settings do not have";
  }
}

constexpr int64_t kKiB = 1024;
constexpr int64_t kMiB = 1024 * kKiB;
constexpr int64_t kGiB = 1024 * kMiB;

// Defaults and ranges, as server_config.proto says them.
class Checker {
 public:
  Checker(v1::ServerConfig& config, const std::map<std::string, std::string>& origins,
          Violations& violations)
      : config_(config), origins_(origins), violations_(violations) {}

  void Run() {
    if (config_.data_dir().empty())
      Add("data_dir", "is required: --data-dir, FITD_DATA_DIR, or in a config file");
    if (config_.listen().empty()) config_.set_listen("127.0.0.1:7474");
    CheckListen();
    CheckHttpListen();
    CheckTls();
    if (config_.tokens().empty()) config_.set_tokens(DefaultTokensPath(config_));
    if (!IsSet("workers")) config_.set_workers(AvailableCores());
    Range("workers", config_.workers(), 1, 256);
    if (!IsSet("max_stacked_trials")) config_.set_max_stacked_trials(16);
    Range("max_stacked_trials", config_.max_stacked_trials(), 1, 16);
    if (config_.log_level().empty()) config_.set_log_level("info");
    OneOf("log_level", config_.log_level(), {"trace", "debug", "info", "warn", "error"});
    if (config_.log_format().empty()) config_.set_log_format("json");
    OneOf("log_format", config_.log_format(), {"json", "text"});
    constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
    if (!IsSet("max_message_bytes")) config_.set_max_message_bytes(16 * kMiB);
    Range("max_message_bytes", config_.max_message_bytes(), 64 * kKiB, 256 * kMiB);
    if (!IsSet("max_dataset_bytes")) config_.set_max_dataset_bytes(64 * kGiB);
    Range("max_dataset_bytes", config_.max_dataset_bytes(), 1, kNoLimit);
    if (!IsSet("max_parameters")) config_.set_max_parameters(500'000'000);
    Range("max_parameters", config_.max_parameters(), 1, kNoLimit);
    if (!IsSet("max_memory_bytes")) config_.set_max_memory_bytes(AvailableMemory() / 10 * 8);
    Range("max_memory_bytes", config_.max_memory_bytes(), 1, kNoLimit);
    if (!IsSet("shutdown_grace_seconds")) config_.set_shutdown_grace_seconds(3);
    Seconds("shutdown_grace_seconds", config_.shutdown_grace_seconds(), 3600);
    if (!IsSet("checkpoint_interval_seconds")) config_.set_checkpoint_interval_seconds(30);
    Seconds("checkpoint_interval_seconds", config_.checkpoint_interval_seconds(), 86'400);
    Range("keep_versions", config_.keep_versions(), 0, kNoLimit);
    Range("keep_finished_jobs", config_.keep_finished_jobs(), 0, kNoLimit);
    if (!IsSet("min_free_disk_bytes")) config_.set_min_free_disk_bytes(512 * kMiB);
    Range("min_free_disk_bytes", config_.min_free_disk_bytes(), 0, kNoLimit);
    if (!IsSet("max_watchers")) config_.set_max_watchers(10'000);
    Range("max_watchers", config_.max_watchers(), 1, 1'000'000);
    if (!IsSet("upload_idle_seconds")) config_.set_upload_idle_seconds(60);
    Seconds("upload_idle_seconds", config_.upload_idle_seconds(), 86'400);
  }

 private:
  bool IsSet(const std::string& field) const { return origins_.contains(field); }

  void Add(const std::string& field, const std::string& description) {
    const auto origin = origins_.find(field);
    violations_.Add(origin == origins_.end() ? field : origin->second + ": " + field, description);
  }

  void AddFault(const std::string& field, const absl::Status& status) {
    if (!status.ok()) Add(field, Message(status));
  }

  void Range(const std::string& field, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high)
      Add(field, fmt::format("is {}; allowed: {} to {}", value, low, high));
  }

  void Seconds(const std::string& field, double value, int most) {
    if (!(value >= 0 && value <= most))
      Add(field, fmt::format("is {}; allowed: 0 to {}", value, most));
  }

  void OneOf(const std::string& field, const std::string& value,
             const std::vector<std::string>& allowed) {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      Add(field, UnknownName("value", value, allowed));
    }
  }

  void CheckListen() {
    const std::optional<Address> address = ParseAddress(config_.listen());
    if (!address) {
      Add("listen",
          fmt::format("is {}; allowed: HOST:PORT or unix:PATH", Quoted(config_.listen())));
    } else if (address->reach == Reach::kNetwork && config_.tls_certificate().empty() &&
               !config_.insecure()) {
      Add("listen", fmt::format("is {}, which other machines may reach, without encryption; set "
                                "tls_certificate and tls_key, listen on 127.0.0.1 or a unix "
                                "socket, or set insecure",
                                Quoted(config_.listen())));
    } else if (address->reach == Reach::kUnixSocket && !config_.tls_certificate().empty()) {
      Add("tls_certificate", "has no use on a unix socket");
    }
  }

  void CheckHttpListen() {
    if (config_.http_listen().empty()) return;
    const std::optional<Address> address = ParseAddress(config_.http_listen());
    if (!address || address->reach == Reach::kUnixSocket) {
      Add("http_listen", fmt::format("is {}; allowed: HOST:PORT", Quoted(config_.http_listen())));
    }
  }

  void CheckTls() {
    const bool certificate = !config_.tls_certificate().empty();
    const bool key = !config_.tls_key().empty();
    if (certificate && !key) Add("tls_key", "is required with tls_certificate");
    if (key && !certificate) Add("tls_certificate", "is required with tls_key");
    if (certificate && key)
      AddFault("tls_certificate", CheckCertificate(config_.tls_certificate(), config_.tls_key()));
    if (config_.tls_client_ca().empty()) return;
    if (!certificate) Add("tls_client_ca", "needs tls_certificate");
    AddFault("tls_client_ca", CheckCertificateAuthorities(config_.tls_client_ca()));
  }

  v1::ServerConfig& config_;
  const std::map<std::string, std::string>& origins_;
  Violations& violations_;
};

}  // namespace

std::vector<SettingField> SettingFields() {
  std::vector<SettingField> fields;
  for (int i = 0; i < Fields().field_count(); ++i) {
    const FieldDescriptor& field = *Fields().field(i);
    fields.push_back({field.name(), field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL});
  }
  return fields;
}

std::string DefaultTokensPath(const v1::ServerConfig& config) {
  return config.data_dir() + "/tokens";
}

absl::StatusOr<v1::ServerConfig> ResolveConfig(const std::vector<Setting>& settings) {
  v1::ServerConfig config;
  Violations violations;
  std::map<std::string, std::string> origins;
  for (const Setting& setting : settings) {
    const FieldDescriptor* field = Fields().FindFieldByName(setting.field);
    if (field == nullptr) {
      violations.Add(setting.origin, UnknownName("setting", setting.field, FieldNames()));
      continue;
    }
    if (const std::string allowed = Set(*field, setting.text, config); !allowed.empty()) {
      violations.Add(setting.origin + ": " + setting.field,
                     fmt::format("is {}; allowed: {}", Quoted(setting.text), allowed));
      continue;
    }
    origins[setting.field] = setting.origin;
  }
  Checker(config, origins, violations).Run();
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return config;
}

absl::StatusOr<std::vector<Setting>> ReadConfigFile(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return NotFound(fmt::format("the config file {} is a folder", path));
  YAML::Node root;
  try {
    root = YAML::LoadFile(path);
  } catch (const YAML::BadFile&) {
    return NotFound(fmt::format("cannot read the config file {}", path));
  } catch (const YAML::Exception& error) {
    return InvalidArgument(
        fmt::format("{}:{}:{}: {}", path, error.mark.line + 1, error.mark.column + 1, error.msg));
  }
  std::vector<Setting> settings;
  if (root.IsNull()) return settings;
  if (!root.IsMap()) return InvalidArgument(fmt::format("{}:1:1: is not a map of settings", path));
  for (const auto& entry : root) {
    const YAML::Mark mark = entry.first.Mark();
    const std::string origin = fmt::format("{}:{}", path, mark.line + 1);
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) {
      return InvalidArgument(fmt::format("{}:{}: is not NAME: VALUE", origin, mark.column + 1));
    }
    settings.push_back({origin, entry.first.Scalar(), entry.second.Scalar()});
  }
  return settings;
}

std::vector<Setting> ReadEnvironment(const std::function<const char*(const char*)>& get) {
  std::vector<Setting> settings;
  for (const std::string& field : FieldNames()) {
    std::string variable = "FITD_" + field;
    std::transform(variable.begin(), variable.end(), variable.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (const char* text = get(variable.c_str())) settings.push_back({variable, field, text});
  }
  return settings;
}

}  // namespace fitd
