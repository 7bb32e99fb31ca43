#include "server/jobs/request.h"

#include <memory>
#include <optional>

#include "absl/strings/cord.h"
#include "core/base/canonical_bytes.h"
#include "core/base/names.h"
#include "core/base/sha256.h"
#include "fmt/format.h"

namespace fitd {

void CheckId(std::string_view field, std::string_view id, Violations& violations) {
  if (!IsValidId(id))
    violations.Add(std::string(field), fmt::format("is {}; allowed: {}", Quoted(id), kIdRule));
}

void CheckRequestId(std::string_view field, std::string_view id, Violations& violations) {
  constexpr size_t kMost = 128;
  if (id.size() > kMost) {
    violations.Add(std::string(field),
                   fmt::format("has {} bytes; allowed: {} at most", id.size(), kMost));
  }
}

std::string RequestDigest(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  if (const auto* field = copy->GetDescriptor()->FindFieldByName("request_id")) {
    copy->GetReflection()->ClearField(copy.get(), field);
  }
  return Sha256Hex(copy->GetDescriptor()->full_name() + "\n" + CanonicalBytes(*copy));
}

absl::StatusOr<bool> FindAnswer(Transaction& transaction, const std::string& request_id,
                                const std::string& digest,
                                google::protobuf::MessageLite& response) {
  if (request_id.empty()) return false;
  const auto answer = transaction.requests.Find(request_id, absl::ToUnixSeconds(transaction.now()));
  if (!answer) return false;
  if (answer->digest != digest) {
    Violations violations;
    violations.Add("request_id",
                   fmt::format("{} was used for another request before", Quoted(request_id)));
    return violations.ToStatus();
  }
  if (!response.ParseFromString(answer->response))
    return Internal("a stored answer does not parse");
  return true;
}

}  // namespace fitd
