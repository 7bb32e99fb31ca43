#include "server/auth/token_file.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "core/base/atomic_file.h"
#include "core/base/names.h"
#include "core/base/sha256.h"
#include "core/base/violations.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr char kHeader[] = "# NAME ROLE SHA256 CREATED\n";
// So that scanners for secrets know one when they see it.
constexpr char kPrefix[] = "fitd_";

std::vector<std::string> RoleNames() {
  std::vector<std::string> names;
  for (const Role role : kTokenRoles) names.emplace_back(RoleName(role));
  return names;
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

absl::StatusOr<Token> ParseToken(const std::string& line) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  if (words.size() != 4) return InvalidArgument("is not NAME ROLE SHA256 CREATED");
  const std::optional<Role> role = ParseRole(words[1]);
  if (!IsValidId(words[0]))
    return InvalidArgument(fmt::format("name {}; allowed: {}", Quoted(words[0]), kIdRule));
  if (!role) return InvalidArgument(UnknownName("role", words[1], RoleNames()));
  if (!IsSha256(words[2])) return InvalidArgument("the hash is not 64 digits of lower-case hex");
  Token token{.name = words[0], .role = *role, .sha256 = words[2], .create_time = {}};
  if (!absl::ParseTime(absl::RFC3339_full, words[3], &token.create_time, nullptr))
    return InvalidArgument(fmt::format("{} is not a time", Quoted(words[3])));
  return token;
}

absl::Status WriteTokens(const std::string& path, const std::vector<Token>& tokens) {
  FITD_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  FITD_RETURN_IF_ERROR(file.Append(std::string_view(kHeader)));
  for (const Token& token : tokens) {
    FITD_RETURN_IF_ERROR(file.Append(
        fmt::format("{} {} {} {}\n", token.name, RoleName(token.role), token.sha256,
                    absl::FormatTime(absl::RFC3339_sec, token.create_time, absl::UTCTimeZone()))));
  }
  FITD_RETURN_IF_ERROR(file.Commit());
  return SyncDirectory(std::filesystem::absolute(path).parent_path().string());
}

// Runs edit(tokens) and writes what it leaves, one process at a time.
template <typename Edit>
absl::Status EditTokens(const std::string& path, Edit edit) {
  const std::string lock_path = path + ".lock";
  const int lock = open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0) return ErrnoStatus(errno, "open " + lock_path);
  const absl::Cleanup unlock = [lock] { close(lock); };
  if (flock(lock, LOCK_EX) != 0) return ErrnoStatus(errno, "lock " + lock_path);
  absl::StatusOr<std::vector<Token>> tokens = ReadTokens(path);
  if (absl::IsNotFound(tokens.status())) tokens = std::vector<Token>();
  FITD_RETURN_IF_ERROR(tokens.status());
  FITD_RETURN_IF_ERROR(edit(*tokens));
  return WriteTokens(path, *tokens);
}

}  // namespace

absl::StatusOr<std::vector<Token>> ReadTokens(const std::string& path) {
  std::ifstream file(path);
  if (!file && errno == ENOENT) return NotFound("there is no " + path);
  if (!file) return InvalidArgument("cannot read " + path);
  std::vector<Token> tokens;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    absl::StatusOr<Token> token = ParseToken(line);
    if (!token.ok())
      return InvalidArgument(fmt::format("{}:{}: {}", path, number, Message(token.status())));
    tokens.push_back(*std::move(token));
  }
  return tokens;
}

absl::StatusOr<std::string> CreateToken(const std::string& path, const std::string& name, Role role,
                                        absl::Time now) {
  if (!IsValidId(name)) {
    return InvalidArgument(
        fmt::format("the token's name is {}; allowed: {}", Quoted(name), kIdRule));
  }
  std::array<unsigned char, 32> random;
  if (RAND_bytes(random.data(), random.size()) != 1) return Internal("no random bytes to be had");
  std::string secret = kPrefix + absl::BytesToHexString(absl::string_view(
                                     reinterpret_cast<const char*>(random.data()), random.size()));
  FITD_RETURN_IF_ERROR(EditTokens(path, [&](std::vector<Token>& tokens) -> absl::Status {
    for (const Token& token : tokens) {
      if (token.name == name) {
        return absl::AlreadyExistsError(
            fmt::format("token {} exists; revoke it first, or take another name", name));
      }
    }
    tokens.push_back({.name = name, .role = role, .sha256 = Sha256Hex(secret), .create_time = now});
    return absl::OkStatus();
  }));
  return secret;
}

absl::Status RevokeToken(const std::string& path, const std::string& name) {
  return EditTokens(path, [&](std::vector<Token>& tokens) -> absl::Status {
    const auto token = std::find_if(tokens.begin(), tokens.end(),
                                    [&](const Token& known) { return known.name == name; });
    if (token == tokens.end()) {
      std::vector<std::string> names;
      for (const Token& known : tokens) names.push_back(known.name);
      return NotFound(UnknownName("token", name, names));
    }
    tokens.erase(token);
    return absl::OkStatus();
  });
}

}  // namespace fitd
