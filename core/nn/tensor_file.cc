#include "core/nn/tensor_file.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "core/tensor/shape.h"
#include "fmt/format.h"

namespace fitd {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr size_t kMagicSize = 8;
constexpr int64_t kPrefixSize = 16;  // Magic and header length.
constexpr int64_t kDigestSize = 64;
constexpr int64_t kAlignment = 64;

int64_t AlignUp(int64_t position) { return (position + kAlignment - 1) / kAlignment * kAlignment; }

int64_t ByteSize(std::span<const int64_t> shape) {
  return SaturatingMultiply(ElementCount(shape), sizeof(float));
}

void AddEntries(std::span<const TensorView> tensors, v1::WeightsHeader& header) {
  int64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    v1::WeightEntry& entry = *header.add_weights();
    entry.set_name(tensor.name);
    entry.mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
    entry.set_offset(offset);
    entry.set_trainable(tensor.trainable);
    offset = AlignUp(offset + ByteSize(tensor.shape));
  }
}

// Writes to a file and hashes what it writes.
class HashingWriter {
 public:
  explicit HashingWriter(AtomicFile& file) : file_(file) {}

  absl::Status Append(const void* data, size_t size) {
    digest_.Update(data, size);
    return file_.Append(data, size);
  }
  absl::Status Pad(int64_t to) {
    const std::string zeros(static_cast<size_t>(to - file_.size()), '\0');
    return Append(zeros.data(), zeros.size());
  }
  std::string HexDigest() { return digest_.HexDigest(); }

 private:
  AtomicFile& file_;
  Sha256 digest_;
};

// Reads a file of known size and hashes what it reads.
class HashingReader {
 public:
  HashingReader(const std::string& path, int64_t size)
      : file_(path, std::ios::binary), left_(size) {}

  bool is_open() const { return file_.is_open(); }
  int64_t left() const { return left_; }
  bool Read(void* data, int64_t size) {
    if (!ReadUnhashed(data, size)) return false;
    digest_.Update(data, static_cast<size_t>(size));
    return true;
  }
  bool ReadUnhashed(void* data, int64_t size) {
    if (size > left_) return false;
    left_ -= size;
    return static_cast<bool>(file_.read(static_cast<char*>(data), size));
  }
  // Reads up to the position, which must hold zeros.
  bool Skip(int64_t from, int64_t to) {
    std::string padding(static_cast<size_t>(to - from), '\0');
    return Read(padding.data(), to - from) && padding.find_first_not_of('\0') == std::string::npos;
  }
  std::string HexDigest() { return digest_.HexDigest(); }

 private:
  std::ifstream file_;
  Sha256 digest_;
  int64_t left_;
};

// Errors reach clients, and where the data directory is does not concern them.
std::string FileName(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

absl::Status SaveTensorFile(const std::string& path, const TensorFileKind& kind,
                            v1::WeightsHeader header_message, std::span<const TensorView> tensors) {
  AddEntries(tensors, header_message);
  const std::string header = header_message.SerializeAsString();
  const uint64_t header_size = header.size();
  FITD_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  HashingWriter writer(file);
  FITD_RETURN_IF_ERROR(writer.Append(kind.magic, kMagicSize));
  FITD_RETURN_IF_ERROR(writer.Append(&header_size, sizeof(header_size)));
  FITD_RETURN_IF_ERROR(writer.Append(header.data(), header.size()));
  FITD_RETURN_IF_ERROR(writer.Pad(AlignUp(file.size())));
  for (const TensorView& tensor : tensors) {
    FITD_RETURN_IF_ERROR(writer.Append(tensor.values.data(), tensor.values.size_bytes()));
    FITD_RETURN_IF_ERROR(writer.Pad(AlignUp(file.size())));
  }
  FITD_RETURN_IF_ERROR(file.Append(writer.HexDigest()));
  return file.Commit();
}

absl::StatusOr<TensorFile> LoadTensorFile(const std::string& path, const TensorFileKind& kind) {
  const auto damaged = [&](std::string_view what) {
    return DataLoss(fmt::format("{} {} is damaged: {}", kind.name, FileName(path), what));
  };
  TensorFile file;
  std::error_code error;
  const auto size_on_disk = std::filesystem::file_size(path, error);
  if (error)
    return ErrnoStatus(error.value(), fmt::format("read the {} {}", kind.name, FileName(path)));
  HashingReader reader(path, static_cast<int64_t>(size_on_disk));
  if (!reader.is_open())
    return ErrnoStatus(errno, fmt::format("read the {} {}", kind.name, FileName(path)));

  char magic[kMagicSize];
  uint64_t header_size;
  if (!reader.Read(magic, sizeof(magic)) || std::string_view(magic, sizeof(magic)) != kind.magic ||
      !reader.Read(&header_size, sizeof(header_size))) {
    return damaged("it does not begin like one");
  }
  if (header_size > static_cast<uint64_t>(reader.left()))
    return damaged("its header is longer than the file");
  std::string header_bytes(header_size, '\0');
  const int64_t header_end = kPrefixSize + static_cast<int64_t>(header_size);
  if (!reader.Read(header_bytes.data(), static_cast<int64_t>(header_size)) ||
      !file.header.ParseFromString(header_bytes) ||
      AlignUp(header_end) - header_end > reader.left() ||
      !reader.Skip(header_end, AlignUp(header_end))) {
    return damaged("its header cannot be read");
  }

  int64_t position = 0;
  for (const v1::WeightEntry& entry : file.header.weights()) {
    Weight weight = {.name = entry.name(),
                     .shape = {entry.shape().begin(), entry.shape().end()},
                     .trainable = entry.trainable(),
                     .values = {}};
    const bool negative = std::any_of(weight.shape.begin(), weight.shape.end(),
                                      [](int64_t axis) { return axis < 0; });
    if (negative || entry.offset() != position || ByteSize(weight.shape) > reader.left()) {
      return damaged(fmt::format("the place or shape of {} is wrong", entry.name()));
    }
    const int64_t size = ByteSize(weight.shape);
    weight.values.resize(static_cast<size_t>(size) / sizeof(float));
    if (!reader.Read(weight.values.data(), size) ||
        !reader.Skip(position + size, AlignUp(position + size))) {
      return damaged(fmt::format("the values of {} are cut off", entry.name()));
    }
    position = AlignUp(position + size);
    file.tensors.push_back(std::move(weight));
  }
  const std::string expected = reader.HexDigest();
  char digest[kDigestSize];
  if (reader.left() != kDigestSize || !reader.ReadUnhashed(digest, kDigestSize))
    return damaged("its length is wrong");
  if (std::string_view(digest, kDigestSize) != expected)
    return damaged("its SHA-256 does not match");
  return file;
}

}  // namespace fitd
