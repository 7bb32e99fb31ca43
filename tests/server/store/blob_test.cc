#include "server/store/blob.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(BlobTest, NamesAreToldFromThoseOfOthers) {
  const std::string sha256(64, 'a');
  EXPECT_EQ(FindBlobKind(BlobName(kDatasetBlobs, sha256)), &kDatasetBlobs);
  EXPECT_EQ(FindBlobKind(BlobName(kWeightsBlobs, sha256)), &kWeightsBlobs);
  EXPECT_EQ(BlobSha256(BlobName(kWeightsBlobs, sha256)), sha256);
  const std::vector<std::string> others = {"",
                                           sha256,
                                           "weights/" + sha256,
                                           "weights/" + sha256 + ".tbl",
                                           "weights/" + sha256 + ".wgt.bak",
                                           "other/" + sha256 + ".wgt",
                                           "weights/a" + sha256 + ".wgt",
                                           "weights/" + std::string(64, 'A') + ".wgt",
                                           "weights/notes.txt"};
  for (const std::string& name : others) {
    EXPECT_EQ(FindBlobKind(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace fitd
