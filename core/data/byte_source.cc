#include "core/data/byte_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace fitd {

struct ByteSource::State {
  std::string file_name;
  std::function<bool()> cancelled;
  int fd = -1;
  std::array<unsigned char, 256 * 1024> buffer;
  size_t begin = 0;  // What of the buffer is not yet used.
  size_t end = 0;
  bool gzip = false;
  bool in_member = false;  // Between a gzip member's first and last byte.
  z_stream inflater = {};

  ~State() {
    if (gzip) inflateEnd(&inflater);
    if (fd >= 0) close(fd);
  }

  // Reads more of the file behind what the buffer holds; nothing at the end of the file.
  absl::Status Fill() {
    if (cancelled && cancelled()) return absl::CancelledError();
    std::memmove(buffer.data(), buffer.data() + begin, end - begin);
    end -= begin;
    begin = 0;
    for (;;) {
      const ssize_t count = read(fd, buffer.data() + end, buffer.size() - end);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno, fmt::format("read {}", file_name));
      end += static_cast<size_t>(count);
      return absl::OkStatus();
    }
  }

  bool AtGzipMagic() const {
    return end - begin >= 2 && buffer[begin] == 0x1F && buffer[begin + 1] == 0x8B;
  }

  absl::StatusOr<size_t> ReadPlain(char* out, size_t size) {
    size_t done = 0;
    while (done < size) {
      if (begin == end) {
        FITD_RETURN_IF_ERROR(Fill());
        if (begin == end) break;
      }
      const size_t take = std::min(size - done, end - begin);
      std::memcpy(out + done, buffer.data() + begin, take);
      begin += take;
      done += take;
    }
    return done;
  }

  absl::StatusOr<size_t> ReadGzip(char* out, size_t size) {
    size_t done = 0;
    while (done < size) {
      if (end - begin < 2) FITD_RETURN_IF_ERROR(Fill());
      if (!in_member) {
        if (begin == end) break;
        if (!AtGzipMagic())
          return InvalidArgument(file_name + ": has other bytes after its gzip data");
        inflateReset(&inflater);
        in_member = true;
      }
      if (begin == end) return InvalidArgument(file_name + ": its gzip data ends too early");
      inflater.next_in = buffer.data() + begin;
      inflater.avail_in = static_cast<uInt>(end - begin);
      inflater.next_out = reinterpret_cast<Bytef*>(out + done);
      const size_t room = std::min<size_t>(size - done, 1 << 30);
      inflater.avail_out = static_cast<uInt>(room);
      const int result = inflate(&inflater, Z_NO_FLUSH);
      begin = end - inflater.avail_in;
      done += room - inflater.avail_out;
      if (result == Z_STREAM_END) {
        in_member = false;
      } else if (result == Z_MEM_ERROR) {
        return ResourceExhausted(file_name + ": no memory to undo gzip");
      } else if (result != Z_OK) {
        return InvalidArgument(
            fmt::format("{}: its gzip data is damaged ({})", file_name,
                        inflater.msg != nullptr ? inflater.msg : "unexpected data"));
      }
    }
    return done;
  }
};

absl::StatusOr<ByteSource> ByteSource::Open(const std::string& path, std::string file_name,
                                            std::function<bool()> cancelled) {
  auto state = std::make_unique<State>();
  state->file_name = std::move(file_name);
  state->cancelled = std::move(cancelled);
  state->fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state->fd < 0) return ErrnoStatus(errno, fmt::format("open {}", state->file_name));
  posix_fadvise(state->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  FITD_RETURN_IF_ERROR(state->Fill());
  if (state->AtGzipMagic()) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&state->inflater, kGzipOnly) != Z_OK)
      return ResourceExhausted("no memory to undo gzip");
    state->gzip = true;
  }
  return ByteSource(std::move(state));
}

ByteSource::ByteSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

absl::StatusOr<size_t> ByteSource::Read(void* data, size_t size) {
  char* out = static_cast<char*>(data);
  return state_->gzip ? state_->ReadGzip(out, size) : state_->ReadPlain(out, size);
}

const std::string& ByteSource::file_name() const { return state_->file_name; }

}  // namespace fitd
