// Early return on errors, shaped like upstream's status_macros.h.

#ifndef FITD_CLIENT_STATUS_MACROS_H_
#define FITD_CLIENT_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

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

#endif  // FITD_CLIENT_STATUS_MACROS_H_
