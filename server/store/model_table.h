// Models, their versions and aliases. Part of Transaction: single-thread, throws what SQLite
// reports.

#ifndef FITD_SERVER_STORE_MODEL_TABLE_H_
#define FITD_SERVER_STORE_MODEL_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fitd/v1/model.pb.h"
#include "server/store/blob.h"
#include "server/store/query.h"

namespace fitd {

class ModelTable {
 public:
  explicit ModelTable(Database& database) : database_(database) {}

  // With latest_version and aliases filled in.
  std::optional<v1::Model> Find(std::string_view name);
  // By name, those after `after`.
  std::vector<v1::Model> List(std::string_view after, int64_t limit);
  std::vector<std::string> Names();
  // The name must be free.
  void Insert(const v1::Model& model);
  // With its versions and aliases.
  void Delete(std::string_view name);

  std::optional<v1::ModelVersion> FindVersion(std::string_view model, int64_t version);
  // The oldest with these weights.
  std::optional<v1::ModelVersion> FindVersionByWeights(std::string_view model,
                                                       std::string_view weights_sha256);
  // Newest first, those below `before`.
  std::vector<v1::ModelVersion> ListVersions(std::string_view model, int64_t before, int64_t limit);
  struct VersionKey {
    int64_t version;
    int64_t id;  // VersionId: later ones are larger.
  };
  // By number.
  std::vector<VersionKey> VersionKeys(std::string_view model);
  // One more than any number that the model's versions ever had or were to have.
  int64_t ReserveVersion(std::string_view model);
  // Sets its number: one that was reserved, or 0 for the next.
  void InsertVersion(v1::ModelVersion& version, int64_t reserved = 0);
  void DeleteVersion(std::string_view model, int64_t version);
  // A number that is never given to another version, whatever is deleted.
  int64_t VersionId(std::string_view model, int64_t version);
  bool WeightsAreUsed(std::string_view weights_sha256);
  std::vector<BlobUse> Blobs();

  // 0 when there is no such alias.
  int64_t FindAlias(std::string_view model, std::string_view alias);
  // Version 0 removes it.
  void SetAlias(std::string_view model, std::string_view alias, int64_t version);

 private:
  void FillIn(v1::Model& model);

  Database& database_;
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_MODEL_TABLE_H_
