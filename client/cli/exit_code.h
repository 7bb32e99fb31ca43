// What fitctl's exit status tells scripts.

#ifndef FITD_CLIENT_CLI_EXIT_CODE_H_
#define FITD_CLIENT_CLI_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"

namespace fitd::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitOther = 1;  // None of the below: a bug, a full disk, ...
inline constexpr int kExitUsage = 2;  // Wrong usage or argument.
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitWrongState = 4;  // Wrong state, or it exists already.
inline constexpr int kExitJobFailed = 5;   // The job failed or was cancelled.
inline constexpr int kExitUnreachable = 6;
inline constexpr int kExitDamaged = 7;  // Data is damaged, on the daemon's disk or on the way.
inline constexpr int kExitDenied = 8;   // Without a token, or with one that does not suffice.
inline constexpr int kExitInterrupted = 130;

// The end of a job that did not succeed.
absl::Status JobFailedError(const std::string& message);

int ExitCode(const absl::Status& status);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_EXIT_CODE_H_
