// Uploaded files in, a stored table out. Two passes over the files (guess and measure, then write);
// memory stays flat whatever their size.

#ifndef FITD_CORE_DATA_INGEST_H_
#define FITD_CORE_DATA_INGEST_H_

#include <functional>
#include <span>
#include <string>

#include "core/base/status.h"
#include "fitd/v1/dataset.pb.h"

namespace fitd {

struct IngestSource {
  v1::SourceSpec spec;
  std::string path;                      // The uploaded bytes, as sent (perhaps gzipped).
  std::function<bool()> cancelled = {};  // Asked while the bytes are read.
  std::string field = {};                // Path of `spec`, for faults of what it names.
};

struct IngestOptions {
  bool allow_missing = false;  // Accept NaN in float tensors as missing.
};

struct IngestResult {
  v1::TableHeader header;
  std::string sha256;  // Of the stored file, lower-case hex.
  int64_t bytes = 0;   // Of the stored file.
};

// Checks the specs alone, before any byte is read. Field paths start with `path`: "header.sources".
absl::Status ValidateSources(std::span<const v1::SourceSpec> sources, std::string_view path);
// Whether they say what is to be predicted. Without it the bytes can be read all the same.
absl::Status ValidateLabels(std::span<const v1::SourceSpec> sources, std::string_view path);

// Reads the sources and writes the table to `output_path`, atomically. INVALID_ARGUMENT with
// file:line:column for bad content, FAILED_PRECONDITION for no rows, RESOURCE_EXHAUSTED for a full
// disk, CANCELLED.
absl::StatusOr<IngestResult> Ingest(std::span<const IngestSource> sources,
                                    const IngestOptions& options, const std::string& output_path);

}  // namespace fitd

#endif  // FITD_CORE_DATA_INGEST_H_
