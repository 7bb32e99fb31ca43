#include "server/rpc/grpc_status.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "core/base/retry_hint.h"
#include "core/base/utf8.h"
#include "core/base/violations.h"
#include "fmt/format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/log/log.h"

namespace fitd {
namespace {

// On the wire text grows up to threefold (percent-encoding) and details by a third (base64); the
// sum stays below 8 KiB.
constexpr size_t kMostMessageBytes = 1024;
constexpr size_t kMostDetailsBytes = 3072;
// Of one violation; one always fits into the details beside the message.
constexpr size_t kMostFieldBytes = 256;
constexpr size_t kMostDescriptionBytes = 1024;

// As many violations as fit: the first, the last, which may count those that nobody listed, and
// between them how many are left out.
google::rpc::Status Details(const absl::Status& status, const std::string& message) {
  constexpr size_t kOverhead = 64;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  google::rpc::RetryInfo retry;
  const auto hint = status.GetPayload(kRetryInfoTypeUrl);
  if (hint.has_value() && retry.ParseFromString(std::string(*hint))) {
    details.add_details()->PackFrom(retry);
  }
  google::rpc::BadRequest all;
  const auto payload = status.GetPayload(kBadRequestTypeUrl);
  if (!payload.has_value() || !all.ParseFromString(std::string(*payload))) return details;
  for (auto& violation : *all.mutable_field_violations()) {
    violation.set_field(ClampUtf8(violation.field(), kMostFieldBytes));
    violation.set_description(ClampUtf8(violation.description(), kMostDescriptionBytes));
  }
  const size_t room = kMostDetailsBytes - std::min(kMostDetailsBytes, details.ByteSizeLong());
  if (all.ByteSizeLong() + kOverhead > room && all.field_violations_size() > 1) {
    const int last = all.field_violations_size() - 1;
    size_t size = all.field_violations(last).ByteSizeLong() + 2 * kOverhead;
    int kept = 0;
    while (kept < last && size + all.field_violations(kept).ByteSizeLong() + 4 <= room) {
      size += all.field_violations(kept).ByteSizeLong() + 4;
      ++kept;
    }
    const int left_out = last - kept;
    all.mutable_field_violations()->DeleteSubrange(kept, left_out);
    all.add_field_violations()->set_description(fmt::format("and {} more", left_out));
    all.mutable_field_violations()->SwapElements(kept, kept + 1);
  }
  details.add_details()->PackFrom(all);
  return details;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  if (status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown) {
    Log(LogLevel::kError, "internal_error", {{"error", Message(status)}});
  }
  const std::string message = ClampUtf8(Message(status), kMostMessageBytes);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      Details(status, message).SerializeAsString());
}

}  // namespace fitd
