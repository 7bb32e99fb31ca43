// Short forms for absl::Status: macros shaped like upstream's status_macros.h, and constructors
// that take a finished std::string (Debian's absl::string_view is not std::string_view).

#ifndef FITD_CORE_BASE_STATUS_H_
#define FITD_CORE_BASE_STATUS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fitd {

inline absl::Status Error(absl::StatusCode code, const std::string& message) {
  return absl::Status(code, message);
}
inline absl::Status InvalidArgument(const std::string& message) {
  return absl::InvalidArgumentError(message);
}
inline absl::Status NotFound(const std::string& message) { return absl::NotFoundError(message); }
inline absl::Status FailedPrecondition(const std::string& message) {
  return absl::FailedPreconditionError(message);
}
inline absl::Status ResourceExhausted(const std::string& message) {
  return absl::ResourceExhaustedError(message);
}
inline absl::Status DataLoss(const std::string& message) { return absl::DataLossError(message); }
inline absl::Status Internal(const std::string& message) { return absl::InternalError(message); }

// The status of a failed system call: RESOURCE_EXHAUSTED for a full disk or too many files,
// NOT_FOUND, else INTERNAL. `what` says what was tried, e.g. "write the weights".
absl::Status ErrnoStatus(int error_number, const std::string& what);

inline std::string Message(const absl::Status& status) { return std::string(status.message()); }

}  // namespace fitd

#define FITD_CONCAT_INNER_(a, b) a##b
#define FITD_CONCAT_(a, b) FITD_CONCAT_INNER_(a, b)

// Returns from the calling function when the expression is not OK.
#define FITD_RETURN_IF_ERROR(expression)                                                   \
  do {                                                                                     \
    if (absl::Status fitd_status_ = (expression); !fitd_status_.ok()) return fitd_status_; \
  } while (false)

// FITD_ASSIGN_OR_RETURN(auto x, MakeX()): x is the value, or the calling function returns the
// error.
#define FITD_ASSIGN_OR_RETURN(target, expression) \
  FITD_ASSIGN_OR_RETURN_IMPL_(FITD_CONCAT_(fitd_status_or_, __LINE__), target, expression)
#define FITD_ASSIGN_OR_RETURN_IMPL_(result, target, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return std::move(result).status();          \
  target = *std::move(result)

#endif  // FITD_CORE_BASE_STATUS_H_
