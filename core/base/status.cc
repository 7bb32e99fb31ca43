#include "core/base/status.h"

#include <cerrno>
#include <system_error>

namespace fitd {

absl::Status ErrnoStatus(int error_number, const std::string& what) {
  const std::string message =
      "cannot " + what + ": " + std::generic_category().message(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ResourceExhausted(message);
    case ENOENT:
      return NotFound(message);
    case EROFS:
    case EACCES:
    case EPERM:
      return FailedPrecondition(message);
    default:
      return Internal(message);
  }
}

}  // namespace fitd
