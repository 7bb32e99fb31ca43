#include "server/rpc/grpc_status.h"

#include "absl/strings/cord.h"
#include "core/base/violations.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/log/log.h"

namespace fitd {
namespace {

// On the wire text grows up to threefold (percent-encoding) and details by a third (base64); the
// sum stays below 8 KiB.
constexpr size_t kMostMessageBytes = 1024;
constexpr size_t kMostDetailsBytes = 3072;

// As many violations as fit.
google::rpc::Status Details(const absl::Status& status, const std::string& message) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  google::rpc::BadRequest all;
  const auto payload = status.GetPayload(kBadRequestTypeUrl);
  if (!payload.has_value() || !all.ParseFromString(std::string(*payload))) return details;
  google::rpc::BadRequest fitting;
  size_t size = details.ByteSizeLong() + 64;
  for (const auto& violation : all.field_violations()) {
    size += violation.ByteSizeLong() + 4;
    if (size > kMostDetailsBytes) break;
    *fitting.add_field_violations() = violation;
  }
  details.add_details()->PackFrom(fitting);
  return details;
}

}  // namespace

std::string ClampUtf8(const std::string& text, size_t most) {
  constexpr char kCut[] = "...";
  if (text.size() <= most) return text;
  size_t end = most - (sizeof kCut - 1);
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + kCut;
}

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
