// What the machine, or the control group, gives this process.

#ifndef FITD_SERVER_MACHINE_H_
#define FITD_SERVER_MACHINE_H_

#include <cstdint>
#include <string>

namespace fitd {

// Processors this process may use, >= 1.
int AvailableCores();

// The least memory limit of the control group (version 1 or 2) and those above it, else all memory,
// in bytes. `root`: what stands before /proc and /sys.
int64_t AvailableMemory(const std::string& root = "");

}  // namespace fitd

#endif  // FITD_SERVER_MACHINE_H_
