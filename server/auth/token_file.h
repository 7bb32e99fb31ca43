// The file of those who may call: one line for each token, with the token's hash and never the
// token itself.
//
//   # NAME ROLE SHA256 CREATED
//   ci trainer 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//   2026-11-24T17:00:00Z
//
// A file of its own beside the database: it is written while a daemon runs, by another process, and
// can be put in place by whoever deploys the daemon.

#ifndef FITD_SERVER_AUTH_TOKEN_FILE_H_
#define FITD_SERVER_AUTH_TOKEN_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "core/base/status.h"
#include "server/auth/role.h"

namespace fitd {

struct Token {
  std::string name;
  Role role = Role::kPredictor;
  std::string sha256;  // Of the token: 256 random bits need no slow hash.
  absl::Time create_time;
};

// In the order of the file. NOT_FOUND when there is none; INVALID_ARGUMENT with the line at fault.
absl::StatusOr<std::vector<Token>> ReadTokens(const std::string& path);

// Adds a token and returns it; it cannot be had again. ALREADY_EXISTS when the name is taken;
// INVALID_ARGUMENT for a name that is no id. Safe while daemons read and others write the file.
absl::StatusOr<std::string> CreateToken(const std::string& path, const std::string& name, Role role,
                                        absl::Time now);

// NOT_FOUND with the nearest name.
absl::Status RevokeToken(const std::string& path, const std::string& name);

}  // namespace fitd

#endif  // FITD_SERVER_AUTH_TOKEN_FILE_H_
