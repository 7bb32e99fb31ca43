// What kind of file system a directory lies on.

#ifndef FITD_SERVER_STORE_FILE_SYSTEM_H_
#define FITD_SERVER_STORE_FILE_SYSTEM_H_

#include <cstdint>
#include <optional>
#include <string>

namespace fitd {

// As statfs gives it; nothing when it cannot be told.
std::optional<int64_t> FileSystemType(const std::string& path);

// "NFS", "SMB", ... when the type that statfs gives is that of a network file system, else null.
// FUSE is none: nobody can tell what is behind it.
const char* NetworkFileSystem(int64_t type);

}  // namespace fitd

#endif  // FITD_SERVER_STORE_FILE_SYSTEM_H_
