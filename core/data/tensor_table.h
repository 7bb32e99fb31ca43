// A features file and a labels file in, a stored table out.

#ifndef FITD_CORE_DATA_TENSOR_TABLE_H_
#define FITD_CORE_DATA_TENSOR_TABLE_H_

#include <string>

#include "core/base/status.h"
#include "core/data/ingest.h"

namespace fitd {

// Ingest for tensor sources, whose specs ValidateSources has accepted.
absl::StatusOr<IngestResult> IngestTensors(const IngestSource& features, const IngestSource& labels,
                                           const IngestOptions& options,
                                           const std::string& output_path);

}  // namespace fitd

#endif  // FITD_CORE_DATA_TENSOR_TABLE_H_
