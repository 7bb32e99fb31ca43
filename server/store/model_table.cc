#include "server/store/model_table.h"

#include "fmt/format.h"

namespace fitd {

std::optional<v1::Model> ModelTable::Find(std::string_view name) {
  std::optional<v1::Model> model;
  {
    Query query = database_.Prepare("SELECT message FROM models WHERE name = ?");
    if (query.Bind(name).Next()) model = query.Get<v1::Model>(0);
  }
  if (model) FillIn(*model);
  return model;
}

std::vector<v1::Model> ModelTable::List(std::string_view after, int64_t limit) {
  std::vector<v1::Model> models;
  {
    Query query =
        database_.Prepare("SELECT message FROM models WHERE name > ? ORDER BY name LIMIT ?");
    query.Bind(after).Bind(limit);
    while (query.Next()) models.push_back(query.Get<v1::Model>(0));
  }
  for (v1::Model& model : models) FillIn(model);
  return models;
}

std::vector<std::string> ModelTable::Names() {
  std::vector<std::string> names;
  Query query = database_.Prepare("SELECT name FROM models ORDER BY name");
  while (query.Next()) names.push_back(query.Text(0));
  return names;
}

void ModelTable::Insert(const v1::Model& model) {
  database_
      .Prepare(
          "INSERT INTO models (name, last_version, message) VALUES (?1, COALESCE((SELECT "
          "last_version FROM deleted_models WHERE name = ?1), 0), ?2)")
      .Bind(model.name())
      .Bind(model)
      .Run();
}

void ModelTable::Delete(std::string_view name) {
  database_
      .Prepare(
          "INSERT OR REPLACE INTO deleted_models SELECT name, last_version FROM models WHERE "
          "name = ? AND last_version > 0")
      .Bind(name)
      .Run();
  database_.Prepare("DELETE FROM models WHERE name = ?").Bind(name).Run();
}

std::optional<v1::ModelVersion> ModelTable::FindVersion(std::string_view model, int64_t version) {
  Query query = database_.Prepare("SELECT message FROM versions WHERE model = ? AND version = ?");
  if (!query.Bind(model).Bind(version).Next()) return std::nullopt;
  return query.Get<v1::ModelVersion>(0);
}

std::optional<v1::ModelVersion> ModelTable::FindVersionByWeights(std::string_view model,
                                                                 std::string_view weights_sha256) {
  Query query = database_.Prepare(
      "SELECT message FROM versions WHERE model = ? AND weights_sha256 = ? ORDER BY version LIMIT "
      "1");
  if (!query.Bind(model).Bind(weights_sha256).Next()) return std::nullopt;
  return query.Get<v1::ModelVersion>(0);
}

std::vector<v1::ModelVersion> ModelTable::ListVersions(std::string_view model, int64_t before,
                                                       int64_t limit) {
  std::vector<v1::ModelVersion> versions;
  Query query = database_.Prepare(
      "SELECT message FROM versions WHERE model = ? AND version < ? ORDER BY version DESC LIMIT ?");
  query.Bind(model).Bind(before).Bind(limit);
  while (query.Next()) versions.push_back(query.Get<v1::ModelVersion>(0));
  return versions;
}

std::vector<ModelTable::VersionKey> ModelTable::VersionKeys(std::string_view model) {
  std::vector<VersionKey> keys;
  Query query =
      database_.Prepare("SELECT version, id FROM versions WHERE model = ? ORDER BY version");
  query.Bind(model);
  while (query.Next()) keys.push_back({query.Int(0), query.Int(1)});
  return keys;
}

int64_t ModelTable::ReserveVersion(std::string_view model) {
  Query query = database_.Prepare(
      "UPDATE models SET last_version = last_version + 1 WHERE name = ? RETURNING last_version");
  query.Bind(model).Next();
  return query.Int(0);
}

void ModelTable::InsertVersion(v1::ModelVersion& version, int64_t reserved) {
  version.set_version(reserved != 0 ? reserved : ReserveVersion(version.model()));
  database_
      .Prepare("INSERT INTO versions (model, version, weights_sha256, message) VALUES (?, ?, ?, ?)")
      .Bind(version.model())
      .Bind(version.version())
      .Bind(version.weights_sha256())
      .Bind(version)
      .Run();
}

void ModelTable::DeleteVersion(std::string_view model, int64_t version) {
  database_.Prepare("DELETE FROM versions WHERE model = ? AND version = ?")
      .Bind(model)
      .Bind(version)
      .Run();
}

int64_t ModelTable::VersionId(std::string_view model, int64_t version) {
  Query query = database_.Prepare("SELECT id FROM versions WHERE model = ? AND version = ?");
  return query.Bind(model).Bind(version).Next() ? query.Int(0) : 0;
}

bool ModelTable::WeightsAreUsed(std::string_view weights_sha256) {
  return database_.Prepare("SELECT 1 FROM versions WHERE weights_sha256 = ? LIMIT 1")
      .Bind(weights_sha256)
      .Next();
}

std::vector<BlobUse> ModelTable::Blobs() {
  std::vector<BlobUse> uses;
  Query query = database_.Prepare(
      "SELECT weights_sha256, model, version FROM versions ORDER BY model, version");
  while (query.Next()) {
    uses.push_back({BlobName(kWeightsBlobs, query.Text(0)),
                    fmt::format("version {}@{}", query.Text(1), query.Int(2))});
  }
  return uses;
}

int64_t ModelTable::FindAlias(std::string_view model, std::string_view alias) {
  Query query = database_.Prepare("SELECT version FROM aliases WHERE model = ? AND alias = ?");
  return query.Bind(model).Bind(alias).Next() ? query.Int(0) : 0;
}

void ModelTable::SetAlias(std::string_view model, std::string_view alias, int64_t version) {
  if (version == 0) {
    database_.Prepare("DELETE FROM aliases WHERE model = ? AND alias = ?")
        .Bind(model)
        .Bind(alias)
        .Run();
  } else {
    database_.Prepare("INSERT OR REPLACE INTO aliases (model, alias, version) VALUES (?, ?, ?)")
        .Bind(model)
        .Bind(alias)
        .Bind(version)
        .Run();
  }
}

void ModelTable::FillIn(v1::Model& model) {
  {
    Query query =
        database_.Prepare("SELECT COALESCE(MAX(version), 0) FROM versions WHERE model = ?");
    query.Bind(model.name()).Next();
    model.set_latest_version(query.Int(0));
  }
  Query query = database_.Prepare("SELECT alias, version FROM aliases WHERE model = ?");
  query.Bind(model.name());
  while (query.Next()) (*model.mutable_aliases())[query.Text(0)] = query.Int(1);
}

}  // namespace fitd
