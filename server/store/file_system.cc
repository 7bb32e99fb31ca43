#include "server/store/file_system.h"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace fitd {

std::optional<int64_t> FileSystemType(const std::string& path) {
  struct statfs status = {};
  if (statfs(path.c_str(), &status) != 0) return std::nullopt;
  return int64_t{status.f_type};
}

const char* NetworkFileSystem(int64_t type) {
  switch (type) {
    case NFS_SUPER_MAGIC:
      return "NFS";
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
      return "SMB";
    case AFS_SUPER_MAGIC:
    case AFS_FS_MAGIC:
      return "AFS";
    case CODA_SUPER_MAGIC:
      return "Coda";
    case CEPH_SUPER_MAGIC:
      return "Ceph";
    case OCFS2_SUPER_MAGIC:
      return "OCFS2";
    case 0x01161970:
      return "GFS2";
    case 0x0BD00BD0:
      return "Lustre";
    case 0x19830326:
      return "BeeGFS";
    case 0x47504653:
      return "GPFS";
    default:
      return nullptr;
  }
}

}  // namespace fitd
