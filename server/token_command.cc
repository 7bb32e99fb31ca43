#include "server/token_command.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "core/base/names.h"
#include "fmt/format.h"
#include "server/auth/role.h"
#include "server/auth/token_file.h"

namespace fitd {
namespace {

absl::Status Create(const std::string& path, const std::string& name, const std::string& role_name,
                    std::ostream& out) {
  const std::optional<Role> role = ParseRole(role_name);
  if (!role) {
    std::vector<std::string> known;
    for (const Role token_role : kTokenRoles) known.emplace_back(RoleName(token_role));
    return InvalidArgument(UnknownName("role", role_name, known));
  }
  // The first token may come before the daemon.
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  FITD_ASSIGN_OR_RETURN(const std::string token, CreateToken(path, name, *role, absl::Now()));
  out << token << "\n";
  return absl::OkStatus();
}

absl::Status List(const std::string& path, std::ostream& out) {
  absl::StatusOr<std::vector<Token>> tokens = ReadTokens(path);
  if (absl::IsNotFound(tokens.status())) tokens = std::vector<Token>();
  FITD_RETURN_IF_ERROR(tokens.status());
  for (const Token& token : *tokens) {
    out << fmt::format("{:<24}  {:<9}  {}\n", token.name, RoleName(token.role),
                       absl::FormatTime(absl::RFC3339_sec, token.create_time, absl::UTCTimeZone()));
  }
  return absl::OkStatus();
}

}  // namespace

void AddTokenCommands(CLI::App& fitd, std::optional<TokenCommand>& run) {
  CLI::App* group = fitd.add_subcommand("token", "Who may call the daemon");
  group->require_subcommand(1);
  // Options of the parent may follow; the text lives as long as the command that reads it.
  const auto name = std::make_shared<std::string>();
  const auto role = std::make_shared<std::string>();
  CLI::App* create = group->add_subcommand("create", "Print a new token; it cannot be had again");
  create->add_option("NAME", *name, "Whose it is")->required();
  create->add_option("--role", *role, "predictor, trainer or admin")->required();
  create->callback([&run, name, role] {
    run = [name, role](const v1::ServerConfig& config, std::ostream& out) {
      return Create(config.tokens(), *name, *role, out);
    };
  });
  CLI::App* list = group->add_subcommand("list", "Names, roles and when they were created");
  list->callback([&run] {
    run = [](const v1::ServerConfig& config, std::ostream& out) {
      return List(config.tokens(), out);
    };
  });
  CLI::App* revoke = group->add_subcommand("revoke", "Refuse a token from now on");
  revoke->add_option("NAME", *name, "Whose it is")->required();
  revoke->callback([&run, name] {
    run = [name](const v1::ServerConfig& config, std::ostream& /*out*/) {
      return RevokeToken(config.tokens(), *name);
    };
  });
}

}  // namespace fitd
