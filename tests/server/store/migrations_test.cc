#include "server/store/migrations.h"

#include <memory>
#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "server/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using testing::HasSubstr;

std::string Schema(Database& database) {
  std::string schema;
  Query query =
      database.Prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
  while (query.Next()) schema += query.Text(0) + "\n";
  return schema;
}

TEST(MigrationsTest, EveryOlderVersionIsBroughtToTheNewest) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto fresh, Database::Open(temp.File("fresh.db")));
  FITD_ASSERT_OK(Migrate(*fresh));
  for (int version = 0; version < SchemaVersion(); ++version) {
    FITD_ASSERT_OK_AND_ASSIGN(const auto old,
                              Database::Open(temp.File(fmt::format("{}.db", version))));
    FITD_ASSERT_OK(Migrate(*old, version));
    FITD_ASSERT_OK(Migrate(*old));
    EXPECT_EQ(Schema(*old), Schema(*fresh)) << version;
  }
}

TEST(MigrationsTest, MigratingTwiceChangesNothing) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(temp.File("a.db")));
  FITD_ASSERT_OK(Migrate(*database));
  FITD_EXPECT_OK(Migrate(*database));
}

TEST(MigrationsTest, DatabaseOfANewerDaemonIsRefused) {
  TempDir temp;
  FITD_ASSERT_OK_AND_ASSIGN(const auto directory, DataDir::Open(temp.File("data")));
  {
    FITD_ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(directory->DatabasePath()));
    database->Execute("PRAGMA user_version = 9999");
  }
  EXPECT_THAT(Store::Open(*directory),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("newer daemon")));
}

}  // namespace
}  // namespace fitd
