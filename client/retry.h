// Repeats calls that failed because the daemon could not be reached. Only for calls that are safe
// to repeat: reads, and mutations with a request_id.

#ifndef FITD_CLIENT_RETRY_H_
#define FITD_CLIENT_RETRY_H_

#include <algorithm>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/errors.h"

namespace fitd::client {

struct RetryPolicy {
  int attempts = 4;
  absl::Duration first_pause = absl::Milliseconds(100);
  absl::Duration longest_pause = absl::Seconds(2);  // Pauses double up to here, or are what the
                                                    // daemon asks for.
};

// The pauses of one series of attempts.
class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy) : policy_(policy) { Reset(); }

  // How long to wait before the next attempt; nothing when there is none left.
  std::optional<absl::Duration> Next() {
    if (--attempts_left_ <= 0) return std::nullopt;
    const absl::Duration pause = pause_;
    pause_ = std::min(2 * pause_, policy_.longest_pause);
    return pause;
  }

  // To be called after a success: the next failure begins a new series.
  void Reset() {
    attempts_left_ = policy_.attempts;
    pause_ = policy_.first_pause;
  }

 private:
  const RetryPolicy policy_;
  int attempts_left_;
  absl::Duration pause_;
};

using Sleep = std::function<void(absl::Duration)>;

// The result of the first attempt that is OK or fails otherwise than with UNAVAILABLE, else of the
// last.
template <typename Response>
absl::StatusOr<Response> Retry(const RetryPolicy& policy, const Sleep& sleep,
                               const std::function<absl::StatusOr<Response>()>& attempt) {
  Backoff backoff(policy);
  for (;;) {
    absl::StatusOr<Response> result = attempt();
    if (!absl::IsUnavailable(result.status())) return result;
    const std::optional<absl::Duration> pause = backoff.Next();
    if (!pause.has_value()) return result;
    sleep(std::max(*pause, RetryDelay(result.status()).value_or(absl::ZeroDuration())));
  }
}

}  // namespace fitd::client

#endif  // FITD_CLIENT_RETRY_H_
