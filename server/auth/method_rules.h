// Which role a call needs: the one table of it.

#ifndef FITD_SERVER_AUTH_METHOD_RULES_H_
#define FITD_SERVER_AUTH_METHOD_RULES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/auth/role.h"

namespace fitd {

struct MethodRule {
  std::string_view method;  // "fitd.v1.ModelService/GetModel"
  Role role;                // The least that may call it.
};

// Sorted by method.
const std::vector<MethodRule>& MethodRules();

// Nothing for a method that has no rule.
std::optional<Role> LeastRole(std::string_view method);

// The methods of a service of the generated descriptors that have no rule.
std::vector<std::string> MethodsWithoutRule(const std::string& service);

}  // namespace fitd

#endif  // FITD_SERVER_AUTH_METHOD_RULES_H_
