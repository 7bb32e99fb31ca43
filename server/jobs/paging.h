// Pages of lists, and the opaque tokens that lead from one to the next.

#ifndef FITD_SERVER_JOBS_PAGING_H_
#define FITD_SERVER_JOBS_PAGING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/violations.h"
#include "google/protobuf/message_lite.h"

namespace fitd {

struct Page {
  int64_t size = 0;
  std::string cursor;  // Key of the last entry of the page before; empty for the first page.
};

// `scope` names the list and its filters: a token leads on only in the list that gave it.
Page ResolvePage(int32_t page_size, const std::string& page_token, std::string_view scope,
                 Violations& violations);

// What a page still takes. Single-thread.
class PageRoom {
 public:
  explicit PageRoom(const Page& page) : entries_(page.size) {}

  // Whether the entry goes on the page: the first always does, others while the answer stays far
  // below what clients take in one message, 4 MiB.
  bool Take(const google::protobuf::MessageLite& entry);

 private:
  int64_t entries_;
  size_t bytes_ = 0;
};

std::string MakePageToken(std::string_view scope, std::string_view cursor);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_PAGING_H_
