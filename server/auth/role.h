// What the holder of a token may do.

#ifndef FITD_SERVER_AUTH_ROLE_H_
#define FITD_SERVER_AUTH_ROLE_H_

#include <array>
#include <optional>
#include <string_view>

namespace fitd {

// Each may do what those before it may.
enum class Role { kAnybody, kPredictor, kTrainer, kAdmin };

// Of tokens: nobody needs one to be anybody.
inline constexpr std::array kTokenRoles = {Role::kPredictor, Role::kTrainer, Role::kAdmin};

// "predictor".
std::string_view RoleName(Role role);
// Nothing for what is not the name of a token's role.
std::optional<Role> ParseRole(std::string_view name);

}  // namespace fitd

#endif  // FITD_SERVER_AUTH_ROLE_H_
