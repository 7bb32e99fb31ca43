// The bytes of an uploaded file, with gzip undone on the way.

#ifndef FITD_CORE_DATA_BYTE_SOURCE_H_
#define FITD_CORE_DATA_BYTE_SOURCE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/base/status.h"

namespace fitd {

// Single-thread. Memory is constant, whatever the file's size or compression.
class ByteSource {
 public:
  // gzip is recognised by its first bytes; members that follow each other read as one. `file_name`
  // is for messages. `cancelled` is asked whenever the file is read.
  static absl::StatusOr<ByteSource> Open(const std::string& path, std::string file_name,
                                         std::function<bool()> cancelled = {});
  ByteSource(ByteSource&&) noexcept;
  ~ByteSource();

  // Fills `data`; fewer bytes than asked for only at the end. INVALID_ARGUMENT for damaged gzip,
  // CANCELLED.
  absl::StatusOr<size_t> Read(void* data, size_t size);

  const std::string& file_name() const;

 private:
  struct State;
  explicit ByteSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_BYTE_SOURCE_H_
