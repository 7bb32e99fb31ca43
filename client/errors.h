// Errors of calls: from gRPC's status to absl::Status and its details.

#ifndef FITD_CLIENT_ERRORS_H_
#define FITD_CLIENT_ERRORS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace grpc {
class Status;
}

namespace fitd::client {

// Same code, same message. Details become payloads under their type URLs.
absl::Status FromGrpc(const grpc::Status& status);

// One fault of a request, as in google.rpc.BadRequest.
struct FieldViolation {
  std::string field;  // "spec.layers[2].dense.units"
  std::string description;
};

// What an INVALID_ARGUMENT or NOT_FOUND lists; empty if the status has no such details.
std::vector<FieldViolation> FieldViolations(const absl::Status& status);

// How long to wait before the same call may succeed; nothing if the daemon does not say so.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

// A status that lists `violations`; OK if there are none.
absl::Status Faults(absl::StatusCode code, const std::vector<FieldViolation>& violations);

}  // namespace fitd::client

#endif  // FITD_CLIENT_ERRORS_H_
