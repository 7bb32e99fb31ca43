#include "server/store/request_table.h"

namespace fitd {
namespace {

constexpr int64_t kLifetimeSeconds = 24 * 60 * 60;

}  // namespace

std::optional<RequestTable::Answer> RequestTable::Find(std::string_view id, int64_t now) {
  Query query =
      database_.Prepare("SELECT digest, response FROM requests WHERE id = ? AND time >= ?");
  if (!query.Bind(id).Bind(now - kLifetimeSeconds).Next()) return std::nullopt;
  return Answer{query.Text(0), query.Text(1)};
}

void RequestTable::Insert(std::string_view id, std::string_view digest,
                          const google::protobuf::MessageLite& response, int64_t now) {
  database_.Prepare("DELETE FROM requests WHERE time < ?").Bind(now - kLifetimeSeconds).Run();
  database_.Prepare("INSERT INTO requests (id, digest, response, time) VALUES (?, ?, ?, ?)")
      .Bind(id)
      .Bind(digest)
      .Bind(response)
      .Bind(now)
      .Run();
}

}  // namespace fitd
