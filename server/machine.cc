#include "server/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"

namespace fitd {

int AvailableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

int64_t AvailableMemory(const std::string& root) {
  int64_t memory = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  const auto limit_by = [&](const std::string& file) {
    int64_t limit = 0;  // Not a number when there is no limit.
    if (std::ifstream(file) >> limit && limit > 0) memory = std::min(memory, limit);
  };
  // NUMBER:CONTROLLERS:PATH, in version 2 without controllers. Inside of a container the path may
  // be that outside; what is there then is the top.
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::filesystem::path group = line.substr(second + 1);
    while (true) {
      const std::string folder = group == "/" ? "" : group.string();
      if (controllers.empty()) limit_by(fmt::format("{}/sys/fs/cgroup{}/memory.max", root, folder));
      if (controllers == "memory")
        limit_by(fmt::format("{}/sys/fs/cgroup/memory{}/memory.limit_in_bytes", root, folder));
      if (group == group.parent_path()) break;
      group = group.parent_path();
    }
  }
  return memory;
}

}  // namespace fitd
