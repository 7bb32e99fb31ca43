#include "client/cli/exit_code.h"

#include "absl/strings/cord.h"

namespace fitd::cli {
namespace {

constexpr char kJobFailed[] = "fitctl/job-failed";

}  // namespace

absl::Status JobFailedError(const std::string& message) {
  absl::Status status = absl::AbortedError(message);
  status.SetPayload(kJobFailed, absl::Cord());
  return status;
}

int ExitCode(const absl::Status& status) {
  if (status.GetPayload(kJobFailed).has_value()) return kExitJobFailed;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return kExitWrongState;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kDataLoss:
      return kExitDamaged;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitDenied;
    default:
      return kExitOther;
  }
}

}  // namespace fitd::cli
