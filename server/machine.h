// What the machine, or the control group, gives this process.

#ifndef FITD_SERVER_MACHINE_H_
#define FITD_SERVER_MACHINE_H_

#include <cstdint>

namespace fitd {

// Processors this process may use, >= 1.
int AvailableCores();

// Memory limit of the control group (version 1 or 2), else all memory, in bytes.
int64_t AvailableMemory();

}  // namespace fitd

#endif  // FITD_SERVER_MACHINE_H_
