#include "server/auth/authenticator.h"

#include <utility>
#include <vector>

#include "core/base/sha256.h"
#include "fmt/format.h"
#include "server/auth/method_rules.h"
#include "server/log/log.h"

namespace fitd {
namespace {

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

bool Authenticator::Stamp::operator==(const Stamp& other) const {
  return inode == other.inode && size == other.size && time.tv_sec == other.time.tv_sec &&
         time.tv_nsec == other.time.tv_nsec;
}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(const std::string& path) {
  std::unique_ptr<Authenticator> authenticator(new Authenticator(path));
  MutexLock lock(authenticator->mutex_);
  FITD_RETURN_IF_ERROR(authenticator->Load(authenticator->FileStamp()));
  return authenticator;
}

Authenticator::Stamp Authenticator::FileStamp() const {
  struct stat file = {};
  if (stat(path_.c_str(), &file) != 0) return {};
  return {.inode = file.st_ino, .size = file.st_size, .time = file.st_mtim};
}

absl::Status Authenticator::Load(const Stamp& stamp) {
  stamp_ = stamp;
  absl::StatusOr<std::vector<Token>> read = ReadTokens(path_);
  if (absl::IsNotFound(read.status())) return absl::OkStatus();
  FITD_RETURN_IF_ERROR(read.status());
  auto tokens = std::make_shared<Tokens>();
  tokens->required = true;
  for (Token& token : *read) {
    std::string sha256 = token.sha256;
    tokens->tokens.emplace(std::move(sha256), std::move(token));
  }
  tokens_ = std::move(tokens);
  return absl::OkStatus();
}

std::shared_ptr<const Authenticator::Tokens> Authenticator::Current() {
  MutexLock lock(mutex_);
  if (const Stamp stamp = FileStamp(); !(stamp == stamp_)) {
    if (const absl::Status status = Load(stamp); !status.ok()) {
      Log(LogLevel::kError, "tokens_unreadable", {{"error", Message(status)}});
    } else {
      Log(LogLevel::kInfo, "tokens_read",
          {{"tokens", static_cast<int64_t>(tokens_->tokens.size())}});
    }
  }
  return tokens_;
}

absl::Status Authenticator::Check(std::string_view method, std::string_view authorization) {
  const Role needed = LeastRole(method).value_or(Role::kAdmin);
  if (needed == Role::kAnybody) return absl::OkStatus();
  const std::shared_ptr<const Tokens> current = Current();
  if (!current->required) return absl::OkStatus();
  if (!authorization.starts_with(kBearer)) {
    return absl::UnauthenticatedError(
        "this daemon asks for a token: the header \"authorization: Bearer TOKEN\"; fitctl takes it "
        "from FITD_TOKEN or --token-file");
  }
  const auto token = current->tokens.find(Sha256Hex(authorization.substr(kBearer.size())));
  if (token == current->tokens.end())
    return absl::UnauthenticatedError("the token is unknown, or was revoked");
  if (token->second.role < needed) {
    return absl::PermissionDeniedError(fmt::format("token {} has the role {}; {} needs {}",
                                                   token->second.name, RoleName(token->second.role),
                                                   method, RoleName(needed)));
  }
  return absl::OkStatus();
}

}  // namespace fitd
