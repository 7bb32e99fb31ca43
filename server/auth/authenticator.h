// Whether a call may be made, from the token it brings and the method it names. Knows no gRPC.

#ifndef FITD_SERVER_AUTH_AUTHENTICATOR_H_
#define FITD_SERVER_AUTH_AUTHENTICATOR_H_

#include <sys/stat.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "server/auth/token_file.h"

namespace fitd {

// Thread-safe.
class Authenticator {
 public:
  // Reads the file of tokens. While there is none, every call may be made; once there is one, even
  // an empty one, calls need a token. INVALID_ARGUMENT when it cannot be understood.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(const std::string& path);

  // Whether there is a token that opens anything.
  bool has_tokens() { return !Current()->tokens.empty(); }
  bool required() { return Current()->required; }

  // `method` is "fitd.v1.ModelService/GetModel", `authorization` the header or "". A file that was
  // replaced counts from the next call on; one that is gone or cannot be understood leaves things
  // as they are. UNAUTHENTICATED without a valid token, PERMISSION_DENIED with one whose role does
  // not suffice. A method without a rule is for admins.
  absl::Status Check(std::string_view method, std::string_view authorization);

 private:
  // What a file said. Never changes.
  struct Tokens {
    bool required = false;
    std::map<std::string, Token, std::less<>> tokens;  // By hash.
  };
  // Tells whether a file was replaced.
  struct Stamp {
    ino_t inode = 0;
    off_t size = 0;
    timespec time = {};
    bool operator==(const Stamp& other) const;
  };

  explicit Authenticator(std::string path) : path_(std::move(path)) {}
  absl::Status Load(const Stamp& stamp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Stamp FileStamp() const;
  std::shared_ptr<const Tokens> Current();

  const std::string path_;
  Mutex mutex_;
  Stamp stamp_ ABSL_GUARDED_BY(mutex_);
  // Shared with calls that look into it while the file is replaced.
  std::shared_ptr<const Tokens> tokens_ ABSL_GUARDED_BY(mutex_) = std::make_shared<Tokens>();
};

}  // namespace fitd

#endif  // FITD_SERVER_AUTH_AUTHENTICATOR_H_
