// A store with a model "m", its version 1 and a data set "d", each with its file.

#ifndef FITD_TESTS_SERVER_STORE_STORED_THINGS_H_
#define FITD_TESTS_SERVER_STORE_STORED_THINGS_H_

#include <fstream>
#include <memory>
#include <string>

#include "core/base/sha256.h"
#include "core/nn/weights.h"
#include "gtest/gtest.h"
#include "server/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {

class StoredThings : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(directory_, DataDir::Open(temp_.File("data")));
    FITD_ASSERT_OK_AND_ASSIGN(store_, Store::Open(*directory_));
    const Weights weights = {
        {{.name = "dense/kernel", .shape = {2}, .trainable = true, .values = {1, 2}}}};
    weights_path_ = directory_->WeightsPath(weights.Sha256());
    FITD_ASSERT_OK(weights.Save(weights_path_));
    dataset_path_ = directory_->DatasetPath(Sha256Hex(kTable));
    Write(dataset_path_, kTable);
    FITD_ASSERT_OK(store_->InTransaction([&](Transaction& transaction) {
      v1::Model model;
      model.set_name("m");
      transaction.models.Insert(model);
      v1::ModelVersion version;
      version.set_model("m");
      version.set_weights_sha256(weights.Sha256());
      transaction.models.InsertVersion(version);
      v1::Dataset dataset;
      dataset.set_name("d");
      dataset.set_sha256(Sha256Hex(kTable));
      transaction.datasets.Insert(dataset);
      return absl::OkStatus();
    }));
  }

  static void Write(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Behind the store's back.
  void Execute(const char* sql) {
    FITD_ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(directory_->DatabasePath()));
    database->Execute(sql);
  }

  static constexpr char kTable[] = "a table";
  TempDir temp_;
  std::string weights_path_;
  std::string dataset_path_;
  std::unique_ptr<DataDir> directory_;
  std::unique_ptr<Store> store_;
};

}  // namespace fitd

#endif  // FITD_TESTS_SERVER_STORE_STORED_THINGS_H_
