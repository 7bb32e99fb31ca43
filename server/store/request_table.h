// Answers already given, by request id. Part of Transaction: single-thread, throws what SQLite
// reports.

#ifndef FITD_SERVER_STORE_REQUEST_TABLE_H_
#define FITD_SERVER_STORE_REQUEST_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "google/protobuf/message_lite.h"
#include "server/store/query.h"

namespace fitd {

class RequestTable {
 public:
  struct Answer {
    std::string digest;  // Of the request.
    std::string response;
  };

  explicit RequestTable(Database& database) : database_(database) {}

  // Nothing when it is older than 24 hours. Times are seconds since 1970.
  std::optional<Answer> Find(std::string_view id, int64_t now);
  // Also forgets what is older than 24 hours.
  void Insert(std::string_view id, std::string_view digest,
              const google::protobuf::MessageLite& response, int64_t now);

 private:
  Database& database_;
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_REQUEST_TABLE_H_
