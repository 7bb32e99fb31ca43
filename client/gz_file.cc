#include "client/gz_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "client/names.h"

namespace fitd::client {

absl::StatusOr<GzFile> GzFile::Open(const std::string& path) {
  errno = 0;
  // zlib passes files through that are not compressed.
  const gzFile file = path == "-" ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("cannot read {}: {}", Quoted(path), std::strerror(errno)));
  }
  return GzFile(path, file);
}

absl::StatusOr<size_t> GzFile::Read(char* data, size_t size) {
  const int count = gzread(file_.get(), data, static_cast<unsigned>(size));
  int error = Z_OK;
  const char* const text = gzerror(file_.get(), &error);
  if (count < 0 || (error != Z_OK && error != Z_STREAM_END)) {
    std::string_view reason = error == Z_ERRNO ? std::strerror(errno) : text;
    const std::string prefix = path_ + ": ";  // Of zlib's own texts.
    if (reason.starts_with(prefix)) reason.remove_prefix(prefix.size());
    return absl::InvalidArgumentError(fmt::format("{}: {}", Quoted(path_), reason));
  }
  return static_cast<size_t>(count);
}

void GzFile::Close::operator()(gzFile file) const { gzclose(file); }

GzBuffer::int_type GzBuffer::underflow() {
  const absl::StatusOr<size_t> size = file_.Read(bytes_.data(), bytes_.size());
  if (!size.ok()) status_ = size.status();
  if (!size.ok() || *size == 0) return traits_type::eof();
  setg(bytes_.data(), bytes_.data(), bytes_.data() + *size);
  return traits_type::to_int_type(*gptr());
}

}  // namespace fitd::client
