#include "server/store/file_system.h"

#include <linux/magic.h>

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(FileSystemTest, NetworkFileSystemsAreTold) {
  EXPECT_STREQ(NetworkFileSystem(NFS_SUPER_MAGIC), "NFS");
  EXPECT_STREQ(NetworkFileSystem(CIFS_SUPER_MAGIC), "SMB");
  EXPECT_STREQ(NetworkFileSystem(0x0BD00BD0), "Lustre");
}

TEST(FileSystemTest, LocalOnesAndFuseAreNotAmongThem) {
  for (const int64_t type :
       {EXT4_SUPER_MAGIC, TMPFS_MAGIC, XFS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, FUSE_SUPER_MAGIC}) {
    EXPECT_EQ(NetworkFileSystem(type), nullptr) << type;
  }
}

}  // namespace
}  // namespace fitd
