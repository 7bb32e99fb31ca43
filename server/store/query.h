// A SQLite connection and its prepared statements. Inside server/store only. Single-thread: Store
// holds the lock. What SQLite reports is thrown as SQLite::Exception and becomes a Status in one
// place, Store::InTransaction.

#ifndef FITD_SERVER_STORE_QUERY_H_
#define FITD_SERVER_STORE_QUERY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "google/protobuf/message_lite.h"

namespace SQLite {
class Statement;
}

namespace fitd {

// One run of a prepared statement with bound values; resets it when it goes out of scope.
class Query {
 public:
  explicit Query(SQLite::Statement& statement) : statement_(statement) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Values are bound in order and must outlive the query.
  Query& Bind(int64_t value);
  Query& Bind(std::string_view value);
  Query& Bind(const google::protobuf::MessageLite& value);

  // False when there is no further row.
  bool Next();
  // Runs a statement that gives no rows; how many rows it changed.
  int64_t Run();

  int64_t Int(int column) const;
  std::string Text(int column) const;
  // A stored message. Throws a std::runtime_error, which tells of damage, when it does not parse.
  template <typename Message>
  Message Get(int column) const {
    Message message;
    Parse(column, message);
    return message;
  }

 private:
  void Parse(int column, google::protobuf::MessageLite& message) const;

  SQLite::Statement& statement_;
  int bound_ = 0;
};

class Database {
 public:
  // Creates the file if need be. WAL, synchronous = FULL, foreign keys on. PERMISSION_DENIED when
  // the file cannot be written.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  // DATA_LOSS when the pages do not fit together.
  absl::Status Check();
  // A further connection to a database that is open: reads, and writes nothing.
  static absl::StatusOr<std::unique_ptr<Database>> OpenReader(const std::string& path);
  ~Database();

  // `sql` is a literal: statements are kept by its address.
  Query Prepare(const char* sql);
  void Execute(const char* sql);
  int64_t last_insert_id() const;
  // Rows that this connection changed so far.
  int64_t changes() const;
  // Writes what this connection sees into a new file, which needs no other beside it.
  void CopyTo(const std::string& path);

 private:
  struct Connection;
  explicit Database(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

// The status of an exception caught from the classes above: RESOURCE_EXHAUSTED for a full disk,
// FAILED_PRECONDITION for one that became read-only, DATA_LOSS for a damaged file, else INTERNAL.
// Call it in a catch block.
absl::Status CurrentDatabaseError();
// Whether it tells of a failed read, write or sync. Call it in a catch block.
bool CurrentDatabaseErrorIsIo();

}  // namespace fitd

#endif  // FITD_SERVER_STORE_QUERY_H_
