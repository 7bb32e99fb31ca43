#include "server/jobs/paging.h"

#include "absl/strings/escaping.h"
#include "core/base/sha256.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr int32_t kDefaultSize = 100;
constexpr int32_t kMostSize = 1000;
constexpr size_t kChecksumSize = 16;

std::string Checksum(std::string_view scope, std::string_view cursor) {
  return Sha256Hex(fmt::format("{}\n{}", scope, cursor)).substr(0, kChecksumSize);
}

}  // namespace

Page ResolvePage(int32_t page_size, const std::string& page_token, std::string_view scope,
                 Violations& violations) {
  Page page;
  page.size = page_size == 0 ? kDefaultSize : page_size;
  if (page_size < 0 || page_size > kMostSize) {
    violations.Add("page_size", fmt::format("is {}; allowed: 1 to {}, or 0 for {}", page_size,
                                            kMostSize, kDefaultSize));
  }
  if (page_token.empty()) return page;
  std::string token;
  const bool decoded =
      absl::WebSafeBase64Unescape(page_token, &token) && token.size() > kChecksumSize;
  if (decoded) page.cursor = token.substr(kChecksumSize);
  if (!decoded || token.substr(0, kChecksumSize) != Checksum(scope, page.cursor)) {
    violations.Add("page_token", "is not a next_page_token of this list with these filters");
  }
  return page;
}

bool PageRoom::Take(const google::protobuf::MessageLite& entry) {
  constexpr size_t kMostBytes = size_t{1} << 20;
  const bool first = bytes_ == 0;
  bytes_ += entry.ByteSizeLong();
  return entries_-- > 0 && (first || bytes_ <= kMostBytes);
}

std::string MakePageToken(std::string_view scope, std::string_view cursor) {
  return absl::WebSafeBase64Escape(Checksum(scope, cursor) + std::string(cursor));
}

}  // namespace fitd
