// Hands fuzzed bytes to code that reads files.

#ifndef FITD_TESTS_FUZZ_FUZZ_INPUT_H_
#define FITD_TESTS_FUZZ_FUZZ_INPUT_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/testing/temp_dir.h"

namespace fitd {

// A file in memory, with a path, as long as it lives.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (fd_ < 0 || write(fd_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~FuzzInput() { close(fd_); }
  FuzzInput(const FuzzInput&) = delete;
  FuzzInput& operator=(const FuzzInput&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// Where a fuzz target may write, again and again; gone at the end of the process.
inline std::string FuzzOutputPath() {
  static const TempDir folder;
  return folder.File("table");
}

}  // namespace fitd

#endif  // FITD_TESTS_FUZZ_FUZZ_INPUT_H_
