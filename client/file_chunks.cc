#include "client/file_chunks.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "client/names.h"

namespace fitd::client {

absl::Status ForEachChunk(const std::string& path,
                          const std::function<bool(std::string_view)>& consume) {
  constexpr size_t kChunkBytes = size_t{1} << 20;
  const auto unreadable = [&] {
    return absl::InvalidArgumentError(
        fmt::format("cannot read {}: {}", Quoted(path), std::strerror(errno)));
  };
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
  if (file == nullptr) return unreadable();
  std::string chunk(kChunkBytes, '\0');
  while (const size_t size = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    if (!consume(std::string_view(chunk.data(), size))) return absl::OkStatus();
  }
  return std::ferror(file.get()) != 0 ? unreadable() : absl::OkStatus();
}

}  // namespace fitd::client
