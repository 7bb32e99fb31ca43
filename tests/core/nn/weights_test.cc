#include "core/nn/weights.h"

#include <fstream>
#include <iterator>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

using ::testing::Ne;

Weights Sample() {
  return {{{.name = "dense/kernel", .shape = {3, 2}, .values = {1, -2, 3.5f, 0, 1e-30f, 6}},
           {.name = "dense/bias", .shape = {2}, .values = {0.25f, 7}},
           {.name = "normalization/mean", .shape = {1}, .trainable = false, .values = {9}},
           {.name = "empty", .shape = {0, 4}, .values = {}}}};
}

class WeightsTest : public testing::Test {
 protected:
  std::string path() const { return folder_.File("weights"); }
  std::string Read() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }

 private:
  TempDir folder_;
};

TEST_F(WeightsTest, LoadGivesWhatSaveWrote) {
  FITD_ASSERT_OK(Sample().Save(path()));
  FITD_ASSERT_OK_AND_ASSIGN(const Weights loaded, Weights::Load(path()));
  ASSERT_EQ(loaded.tensors.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(loaded.tensors[i].name, Sample().tensors[i].name);
    EXPECT_EQ(loaded.tensors[i].shape, Sample().tensors[i].shape);
    EXPECT_EQ(loaded.tensors[i].trainable, Sample().tensors[i].trainable);
    EXPECT_EQ(loaded.tensors[i].values, Sample().tensors[i].values);
  }
  EXPECT_EQ(loaded.Sha256(), Sample().Sha256());
}

TEST_F(WeightsTest, SavesNoWeightsAtAll) {
  FITD_ASSERT_OK(Weights().Save(path()));
  FITD_ASSERT_OK_AND_ASSIGN(const Weights loaded, Weights::Load(path()));
  EXPECT_TRUE(loaded.tensors.empty());
}

TEST_F(WeightsTest, PlacesEveryTensorAtAMultipleOf64Bytes) {
  FITD_ASSERT_OK(Sample().Save(path()));
  const std::string bytes = Read();
  const float bias[] = {0.25f, 7};
  EXPECT_EQ(bytes.find(std::string(reinterpret_cast<const char*>(bias), sizeof(bias))) % 64, 0u);
}

TEST_F(WeightsTest, RefusesAFileCutOffAnywhere) {
  FITD_ASSERT_OK(Sample().Save(path()));
  const std::string bytes = Read();
  for (size_t size = 0; size < bytes.size(); ++size) {
    Write(bytes.substr(0, size));
    ASSERT_THAT(Weights::Load(path()), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
  Write(bytes + "x");
  EXPECT_THAT(Weights::Load(path()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(WeightsTest, RefusesAFileWithAnyByteChanged) {
  FITD_ASSERT_OK(Sample().Save(path()));
  const std::string bytes = Read();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    Write(damaged);
    ASSERT_THAT(Weights::Load(path()), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

TEST_F(WeightsTest, SaysThatAFileDoesNotExist) {
  EXPECT_THAT(Weights::Load(path()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(WeightsTest, Sha256CoversNamesShapesAndValues) {
  const std::string original = Sample().Sha256();
  Weights renamed = Sample(), reshaped = Sample(), changed = Sample();
  renamed.tensors[0].name = "dense/kernal";
  reshaped.tensors[0].shape = {2, 3};
  changed.tensors[0].values[3] = -0.0f;
  EXPECT_THAT(renamed.Sha256(), Ne(original));
  EXPECT_THAT(reshaped.Sha256(), Ne(original));
  EXPECT_THAT(changed.Sha256(), Ne(original));
}

}  // namespace
}  // namespace fitd
