#include "server/store/migrations.h"

#include <iterator>
#include <string>

#include "fmt/format.h"

namespace fitd {
namespace {

// Step i leads from version i to i + 1. Never change one that was released. Messages are stored as
// serialized protos beside the columns that are searched.
constexpr const char* kMigrations[] = {
    R"sql(
    CREATE TABLE models (
      name TEXT PRIMARY KEY,
      last_version INTEGER NOT NULL DEFAULT 0,  -- ever given, so that no number is used twice
      message BLOB NOT NULL
    ) STRICT;
    CREATE TABLE versions (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      model TEXT NOT NULL REFERENCES models ON DELETE CASCADE,
      version INTEGER NOT NULL,
      weights_sha256 TEXT NOT NULL,
      message BLOB NOT NULL,
      UNIQUE (model, version)
    ) STRICT;
    CREATE INDEX versions_by_weights ON versions (weights_sha256);
    CREATE TABLE aliases (
      model TEXT NOT NULL REFERENCES models ON DELETE CASCADE,
      alias TEXT NOT NULL,
      version INTEGER NOT NULL,
      PRIMARY KEY (model, alias)
    ) STRICT;
    CREATE TABLE datasets (
      name TEXT PRIMARY KEY,
      sha256 TEXT NOT NULL,
      source_sha256 TEXT NOT NULL,
      message BLOB NOT NULL
    ) STRICT;
    CREATE INDEX datasets_by_content ON datasets (sha256);
    CREATE INDEX datasets_by_source ON datasets (source_sha256);
    CREATE TABLE jobs (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      state INTEGER NOT NULL,
      priority INTEGER NOT NULL,
      memory INTEGER NOT NULL,            -- bytes it may need
      crashes INTEGER NOT NULL DEFAULT 0, -- daemons that died while it ran
      model TEXT NOT NULL,
      initial_version INTEGER NOT NULL,
      dataset TEXT NOT NULL,
      validation_dataset TEXT NOT NULL,
      message BLOB NOT NULL
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs (state, priority, id);
    CREATE TABLE events (
      job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
      number INTEGER NOT NULL,
      kind INTEGER NOT NULL,              -- field number in JobEvent.kind
      message BLOB NOT NULL,
      PRIMARY KEY (job, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE requests (
      id TEXT PRIMARY KEY,
      digest TEXT NOT NULL,
      response BLOB NOT NULL,
      time INTEGER NOT NULL               -- seconds since 1970
    ) STRICT;
    CREATE INDEX requests_by_time ON requests (time);
    )sql",
    // Counted in the job's message.
    "ALTER TABLE jobs DROP COLUMN crashes;",
    "ALTER TABLE jobs ADD COLUMN verify_version INTEGER NOT NULL DEFAULT 0;",
    R"sql(
    CREATE TABLE searches (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      state INTEGER NOT NULL,
      dataset TEXT NOT NULL,
      validation_dataset TEXT NOT NULL,
      message BLOB NOT NULL
    ) STRICT;
    CREATE TABLE trials (
      search TEXT NOT NULL REFERENCES searches (name) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      state INTEGER NOT NULL,             -- the job's
      scored INTEGER NOT NULL,
      message BLOB NOT NULL,
      PRIMARY KEY (search, number)
    ) STRICT, WITHOUT ROWID;
    )sql",
    // A model of the same name goes on behind its versions: what was said of NAME@3 stays said of
    // it.
    R"sql(
    CREATE TABLE deleted_models (
      name TEXT PRIMARY KEY,
      last_version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    )sql",
    // How many there were: tells whether the newest is there.
    "CREATE TABLE commits (number INTEGER NOT NULL) STRICT; INSERT INTO commits VALUES (0);",
};

}  // namespace

int SchemaVersion() { return static_cast<int>(std::size(kMigrations)); }

absl::StatusOr<int64_t> StoredSchemaVersion(Database& database) {
  try {
    Query query = database.Prepare("PRAGMA user_version");
    query.Next();
    return query.Int(0);
  } catch (...) {
    return CurrentDatabaseError();
  }
}

absl::Status CheckSchemaVersion(Database& database) {
  FITD_ASSIGN_OR_RETURN(const int64_t version, StoredSchemaVersion(database));
  if (version <= SchemaVersion()) return absl::OkStatus();
  return FailedPrecondition(
      fmt::format("the data directory was written by a newer daemon (schema {}, this one knows {})",
                  version, SchemaVersion()));
}

absl::Status Migrate(Database& database, int target) {
  FITD_RETURN_IF_ERROR(CheckSchemaVersion(database));
  FITD_ASSIGN_OR_RETURN(const int64_t version, StoredSchemaVersion(database));
  try {
    if (version == target) return absl::OkStatus();
    std::string script = "BEGIN IMMEDIATE;";
    for (int64_t step = version; step < target; ++step) script += kMigrations[step];
    script += fmt::format("PRAGMA user_version = {}; COMMIT;", target);
    database.Execute(script.c_str());
    return absl::OkStatus();
  } catch (...) {
    return CurrentDatabaseError();
  }
}

}  // namespace fitd
