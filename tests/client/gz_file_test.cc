#include "client/gz_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <string>
#include <utility>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd::client {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class GzFileTest : public testing::Test {
 protected:
  std::string Zipped(const std::string& content) {
    const gzFile file = gzopen(dir_.File("x.gz").c_str(), "wb");
    gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
    gzclose(file);
    return dir_.File("x.gz");
  }

  std::string Written(const std::string& content) {
    std::ofstream(dir_.File("x"), std::ios::binary) << content;
    return dir_.File("x");
  }

  static std::string ReadAll(std::streambuf& buffer) {
    std::istream input(&buffer);
    return {std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  }

  TempDir dir_;
};

TEST_F(GzFileTest, ReadsZippedAndPlainFilesAlike) {
  const std::string content(200'000, 'x');
  for (const std::string& path : {Zipped(content), Written(content)}) {
    FITD_ASSERT_OK_AND_ASSIGN(GzFile file, GzFile::Open(path));
    GzBuffer buffer(std::move(file));
    EXPECT_EQ(ReadAll(buffer), content) << path;
    FITD_EXPECT_OK(buffer.status());
  }
}

TEST_F(GzFileTest, NamesAFileThatIsMissingOrBroken) {
  EXPECT_THAT(GzFile::Open(dir_.File("none")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("cannot read")));
  const std::string whole = Zipped(std::string(200'000, 'x'));
  std::filesystem::resize_file(whole, std::filesystem::file_size(whole) / 2);
  FITD_ASSERT_OK_AND_ASSIGN(GzFile file, GzFile::Open(whole));
  GzBuffer buffer(std::move(file));
  ReadAll(buffer);
  EXPECT_THAT(buffer.status(), StatusIs(StatusCode::kInvalidArgument, HasSubstr("x.gz")));
}

}  // namespace
}  // namespace fitd::client
