// How a status says when to try again.

#ifndef FITD_CORE_BASE_RETRY_HINT_H_
#define FITD_CORE_BASE_RETRY_HINT_H_

#include <chrono>

#include "core/base/status.h"

namespace fitd {

// The status with a google.rpc.RetryInfo as its payload: the same call may succeed after `delay`.
absl::Status WithRetryHint(absl::Status status, std::chrono::milliseconds delay);

inline constexpr char kRetryInfoTypeUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

}  // namespace fitd

#endif  // FITD_CORE_BASE_RETRY_HINT_H_
