// Pages of lists, and the opaque tokens that lead from one to the next.

#ifndef FITD_SERVER_JOBS_PAGING_H_
#define FITD_SERVER_JOBS_PAGING_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/violations.h"

namespace fitd {

struct Page {
  int64_t size = 0;
  std::string cursor;  // Key of the last entry of the page before; empty for the first page.
};

// `scope` names the list and its filters: a token leads on only in the list that gave it.
Page ResolvePage(int32_t page_size, const std::string& page_token, std::string_view scope,
                 Violations& violations);

std::string MakePageToken(std::string_view scope, std::string_view cursor);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_PAGING_H_
