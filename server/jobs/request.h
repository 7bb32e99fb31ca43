// What requests have in common: ids, and answers that can be had again.

#ifndef FITD_SERVER_JOBS_REQUEST_H_
#define FITD_SERVER_JOBS_REQUEST_H_

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/base/violations.h"
#include "google/protobuf/message.h"
#include "server/store/store.h"

namespace fitd {

void CheckId(std::string_view field, std::string_view id, Violations& violations);
void CheckRequestId(std::string_view field, std::string_view id, Violations& violations);

// Tells requests apart; the same for equal requests. The field "request_id" does not count.
std::string RequestDigest(const google::protobuf::Message& request);

// The answer that was given to this request id before, if any: true and `response` is set.
// INVALID_ARGUMENT when it was given to another request. An empty id is never known.
absl::StatusOr<bool> FindAnswer(Transaction& transaction, const std::string& request_id,
                                const std::string& digest, google::protobuf::MessageLite& response);

// Runs work(Transaction&), which returns StatusOr<Response>, in one transaction and remembers its
// answer under the request's id; or gives the answer remembered.
template <typename Request, typename Work>
auto OncePerRequestId(Store& store, const Request& request, Work&& work)
    -> std::invoke_result_t<Work, Transaction&> {
  using Result = std::invoke_result_t<Work, Transaction&>;
  Violations violations;
  CheckRequestId("request_id", request.request_id(), violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  const std::string digest = request.request_id().empty() ? "" : RequestDigest(request);
  return store.InTransaction([&](Transaction& transaction) -> Result {
    typename Result::value_type known;
    FITD_ASSIGN_OR_RETURN(const bool found,
                          FindAnswer(transaction, request.request_id(), digest, known));
    if (found) return known;
    Result result = work(transaction);
    if (result.ok() && !request.request_id().empty()) {
      transaction.requests.Insert(request.request_id(), digest, *result,
                                  absl::ToUnixSeconds(transaction.now()));
    }
    return result;
  });
}

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_REQUEST_H_
