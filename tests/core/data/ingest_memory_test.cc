// Memory stays flat whatever a file's size. A test of its own: the high-water mark is the
// process's.

#include <fstream>
#include <random>

#include "core/data/ingest.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/testing/status_matchers.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FITD_CLANG_SANITIZER
#endif
#endif

namespace fitd {
namespace {

// VmHWM in bytes.
int64_t PeakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return -1;
}

class IngestMemoryTest : public DataFixture {};

TEST_F(IngestMemoryTest, StaysFlatOverALargeFile) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(FITD_CLANG_SANITIZER)
  GTEST_SKIP() << "sanitizers keep memory of their own";
#endif
  const std::string path = dir_.File("large.csv");
  {
    std::ofstream file(path);
    std::mt19937 random(1);
    file << "a,b,c,d,y\n";
    for (int row = 0; row < 1'200'000; ++row) {
      file << row << ',' << static_cast<double>(random()) / 1e6 << ',' << random() % 100 << ",word"
           << random() % 1000 << ',' << random() % 10 << '\n';
    }
  }
  const int64_t before = PeakMemory();
  FITD_ASSERT_OK_AND_ASSIGN(const IngestResult result,
                            Ingest(std::vector{Csv(path, {"y"})}, {}, TablePath()));
  EXPECT_EQ(result.header.rows(), 1'200'000);
  EXPECT_LT(PeakMemory() - before, 32 << 20);
}

}  // namespace
}  // namespace fitd
