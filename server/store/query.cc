#include "server/store/query.h"

#include <map>
#include <stdexcept>
#include <utility>

#include "SQLiteCpp/Backup.h"
#include "SQLiteCpp/SQLiteCpp.h"
#include "sqlite3.h"

namespace fitd {

namespace {

// What is stored is no message of the expected type.
class UnreadableMessage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace

struct Database::Connection {
  SQLite::Database database;
  std::map<const char*, SQLite::Statement> statements;
};

Query::~Query() {
  try {
    statement_.reset();
  } catch (const SQLite::Exception&) {
    // The error of the step before, which was thrown then.
  }
}

Query& Query::Bind(int64_t value) {
  statement_.bind(++bound_, value);
  return *this;
}

Query& Query::Bind(std::string_view value) {
  statement_.bind(++bound_, std::string(value));
  return *this;
}

Query& Query::Bind(const google::protobuf::MessageLite& value) {
  const std::string bytes = value.SerializeAsString();
  // A null pointer would bind NULL.
  statement_.bind(++bound_, bytes.empty() ? "" : static_cast<const void*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return *this;
}

bool Query::Next() { return statement_.executeStep(); }

int64_t Query::Run() { return statement_.exec(); }

int64_t Query::Int(int column) const { return statement_.getColumn(column).getInt64(); }

std::string Query::Text(int column) const { return statement_.getColumn(column).getString(); }

void Query::Parse(int column, google::protobuf::MessageLite& message) const {
  const SQLite::Column value = statement_.getColumn(column);
  if (!message.ParseFromArray(value.getBlob(), value.getBytes())) {
    throw UnreadableMessage("a stored " + message.GetTypeName() + " does not parse");
  }
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  try {
    std::unique_ptr<Connection> connection(
        new Connection{SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE), {}});
    if (sqlite3_db_readonly(connection->database.getHandle(), "main") != 0) {
      return Error(absl::StatusCode::kPermissionDenied,
                   "the database of the data directory is not writable");
    }
    connection->database.exec("PRAGMA journal_mode = WAL");
    connection->database.exec("PRAGMA synchronous = FULL");
    connection->database.exec("PRAGMA foreign_keys = ON");
    return std::unique_ptr<Database>(new Database(std::move(connection)));
  } catch (...) {
    return CurrentDatabaseError();
  }
}

absl::Status Database::Check() {
  try {
    Query query = Prepare("PRAGMA quick_check(1)");
    if (query.Next() && query.Text(0) == "ok") return absl::OkStatus();
    return DataLoss("the metadata store: " + query.Text(0));
  } catch (...) {
    return CurrentDatabaseError();
  }
}

absl::StatusOr<std::unique_ptr<Database>> Database::OpenReader(const std::string& path) {
  try {
    std::unique_ptr<Connection> connection(new Connection{SQLite::Database(path), {}});
    return std::unique_ptr<Database>(new Database(std::move(connection)));
  } catch (...) {
    return CurrentDatabaseError();
  }
}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Database::~Database() = default;

Query Database::Prepare(const char* sql) {
  auto found = connection_->statements.find(sql);
  if (found == connection_->statements.end()) {
    found =
        connection_->statements.emplace(sql, SQLite::Statement(connection_->database, sql)).first;
  }
  found->second.clearBindings();
  return Query(found->second);
}

void Database::Execute(const char* sql) { connection_->database.exec(sql); }

int64_t Database::changes() const { return connection_->database.getTotalChanges(); }

int64_t Database::last_insert_id() const { return connection_->database.getLastInsertRowid(); }

void Database::CopyTo(const std::string& path) {
  SQLite::Database copy(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  SQLite::Backup(copy, connection_->database).executeStep(-1);
}

absl::Status CurrentDatabaseError() {
  try {
    throw;
  } catch (const SQLite::Exception& error) {
    const std::string message = std::string("the metadata store: ") + error.what();
    switch (error.getErrorCode()) {
      case SQLITE_FULL:
        return ResourceExhausted(message);
      case SQLITE_READONLY:
        return FailedPrecondition(message);
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return DataLoss(message);
      default:
        return Internal(message);
    }
  } catch (const UnreadableMessage& error) {
    return DataLoss(std::string("the metadata store: ") + error.what());
  } catch (const std::exception& error) {
    return Internal(std::string("the metadata store: ") + error.what());
  }
}

bool CurrentDatabaseErrorIsIo() {
  try {
    throw;
  } catch (const SQLite::Exception& error) {
    return (error.getErrorCode() & 0xFF) == SQLITE_IOERR;
  } catch (...) {
    return false;
  }
}

}  // namespace fitd
