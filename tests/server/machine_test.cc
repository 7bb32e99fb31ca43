#include "server/machine.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

class MachineTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& content) const {
    const std::filesystem::path file = temp_.File("root") + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  int64_t Memory() const { return AvailableMemory(temp_.File("root")); }

 private:
  TempDir temp_;
};

TEST_F(MachineTest, HasProcessorsAndMemory) {
  EXPECT_GE(AvailableCores(), 1);
  EXPECT_GT(AvailableMemory(), 0);
}

TEST_F(MachineTest, MemoryIsTheMachinesWithoutALimit) {
  const int64_t all = Memory();
  EXPECT_GT(all, 1 << 20);
  Write("/proc/self/cgroup", "0::/system.slice/fitd.service\n");
  Write("/sys/fs/cgroup/system.slice/fitd.service/memory.max", "max\n");
  EXPECT_EQ(Memory(), all);
}

TEST_F(MachineTest, TheLeastLimitOfTheGroupAndThoseAboveCounts) {
  Write("/proc/self/cgroup", "0::/system.slice/fitd.service\n");
  Write("/sys/fs/cgroup/system.slice/fitd.service/memory.max", "1048576\n");
  EXPECT_EQ(Memory(), 1 << 20);
  Write("/sys/fs/cgroup/system.slice/memory.max", "65536\n");
  EXPECT_EQ(Memory(), 1 << 16);
}

TEST_F(MachineTest, VersionOneIsRead) {
  Write("/proc/self/cgroup", "5:cpu:/other\n4:memory:/fitd\n0::/\n");
  Write("/sys/fs/cgroup/memory/fitd/memory.limit_in_bytes", "1048576\n");
  EXPECT_EQ(Memory(), 1 << 20);
}

// A container sees its own group at the top, whatever it is called outside.
TEST_F(MachineTest, TheTopIsReadWhenThePathIsAnotherWorlds) {
  Write("/proc/self/cgroup", "0::/docker/0123\n");
  Write("/sys/fs/cgroup/memory.max", "1048576\n");
  EXPECT_EQ(Memory(), 1 << 20);
}

}  // namespace
}  // namespace fitd
