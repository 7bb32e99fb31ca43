#include "server/auth/role.h"

namespace fitd {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kAnybody:
      return "anybody";
    case Role::kPredictor:
      return "predictor";
    case Role::kTrainer:
      return "trainer";
    case Role::kAdmin:
      return "admin";
  }
  return "";
}

std::optional<Role> ParseRole(std::string_view name) {
  for (const Role role : kTokenRoles) {
    if (name == RoleName(role)) return role;
  }
  return std::nullopt;
}

}  // namespace fitd
