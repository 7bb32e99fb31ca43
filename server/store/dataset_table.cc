#include "server/store/dataset_table.h"

namespace fitd {

std::optional<v1::Dataset> DatasetTable::Find(std::string_view name) {
  Query query = database_.Prepare("SELECT message FROM datasets WHERE name = ?");
  if (!query.Bind(name).Next()) return std::nullopt;
  return query.Get<v1::Dataset>(0);
}

std::optional<v1::Dataset> DatasetTable::FindBySource(std::string_view source_sha256) {
  Query query = database_.Prepare("SELECT message FROM datasets WHERE source_sha256 = ? LIMIT 1");
  if (!query.Bind(source_sha256).Next()) return std::nullopt;
  return query.Get<v1::Dataset>(0);
}

std::optional<v1::Dataset> DatasetTable::FindByContent(std::string_view sha256,
                                                       std::string_view name) {
  Query query = database_.Prepare(
      "SELECT message FROM datasets WHERE sha256 = ? ORDER BY name = ? DESC LIMIT 1");
  if (!query.Bind(sha256).Bind(name).Next()) return std::nullopt;
  return query.Get<v1::Dataset>(0);
}

std::vector<v1::Dataset> DatasetTable::List(std::string_view after, int64_t limit) {
  std::vector<v1::Dataset> datasets;
  Query query =
      database_.Prepare("SELECT message FROM datasets WHERE name > ? ORDER BY name LIMIT ?");
  query.Bind(after).Bind(limit);
  while (query.Next()) datasets.push_back(query.Get<v1::Dataset>(0));
  return datasets;
}

std::vector<std::string> DatasetTable::Names() {
  std::vector<std::string> names;
  Query query = database_.Prepare("SELECT name FROM datasets ORDER BY name");
  while (query.Next()) names.push_back(query.Text(0));
  return names;
}

void DatasetTable::Insert(const v1::Dataset& dataset) {
  database_
      .Prepare("INSERT INTO datasets (name, sha256, source_sha256, message) VALUES (?, ?, ?, ?)")
      .Bind(dataset.name())
      .Bind(dataset.sha256())
      .Bind(dataset.source_sha256())
      .Bind(dataset)
      .Run();
}

void DatasetTable::Delete(std::string_view name) {
  database_.Prepare("DELETE FROM datasets WHERE name = ?").Bind(name).Run();
}

bool DatasetTable::ContentIsUsed(std::string_view sha256) {
  return database_.Prepare("SELECT 1 FROM datasets WHERE sha256 = ? LIMIT 1").Bind(sha256).Next();
}

std::vector<BlobUse> DatasetTable::Blobs() {
  std::vector<BlobUse> uses;
  Query query = database_.Prepare("SELECT sha256, name FROM datasets ORDER BY name");
  while (query.Next())
    uses.push_back({BlobName(kDatasetBlobs, query.Text(0)), "data set " + query.Text(1)});
  return uses;
}

}  // namespace fitd
