// The schema of the metadata store, as numbered steps. PRAGMA user_version holds the number of the
// newest one done.

#ifndef FITD_SERVER_STORE_MIGRATIONS_H_
#define FITD_SERVER_STORE_MIGRATIONS_H_

#include <cstdint>

#include "core/base/status.h"
#include "server/store/query.h"

namespace fitd {

// The schema that this build writes.
int SchemaVersion();

// The schema that the database has; 0 for a new file.
absl::StatusOr<int64_t> StoredSchemaVersion(Database& database);

// FAILED_PRECONDITION when a newer daemon wrote it.
absl::Status CheckSchemaVersion(Database& database);

// Brings the database to `target`, in one transaction. FAILED_PRECONDITION when a newer daemon
// wrote it; the file stays as it is then.
absl::Status Migrate(Database& database, int target = SchemaVersion());

}  // namespace fitd

#endif  // FITD_SERVER_STORE_MIGRATIONS_H_
