// Data sets. Part of Transaction: single-thread, throws what SQLite reports.

#ifndef FITD_SERVER_STORE_DATASET_TABLE_H_
#define FITD_SERVER_STORE_DATASET_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fitd/v1/dataset.pb.h"
#include "server/store/blob.h"
#include "server/store/query.h"

namespace fitd {

class DatasetTable {
 public:
  explicit DatasetTable(Database& database) : database_(database) {}

  std::optional<v1::Dataset> Find(std::string_view name);
  // One that was made from these bytes, whatever its name.
  std::optional<v1::Dataset> FindBySource(std::string_view source_sha256);
  // One with this content, whatever its name; `name` if it has it.
  std::optional<v1::Dataset> FindByContent(std::string_view sha256, std::string_view name);
  // By name, those after `after`.
  std::vector<v1::Dataset> List(std::string_view after, int64_t limit);
  std::vector<std::string> Names();
  // The name must be free.
  void Insert(const v1::Dataset& dataset);
  void Delete(std::string_view name);
  bool ContentIsUsed(std::string_view sha256);
  std::vector<BlobUse> Blobs();

 private:
  Database& database_;
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_DATASET_TABLE_H_
