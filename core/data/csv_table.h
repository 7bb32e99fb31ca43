// A CSV file in, a stored table out.

#ifndef FITD_CORE_DATA_CSV_TABLE_H_
#define FITD_CORE_DATA_CSV_TABLE_H_

#include <string>

#include "core/base/status.h"
#include "core/data/ingest.h"

namespace fitd {

// Ingest for one csv source, whose spec ValidateSources has accepted.
absl::StatusOr<IngestResult> IngestCsv(const IngestSource& source, const std::string& output_path);

}  // namespace fitd

#endif  // FITD_CORE_DATA_CSV_TABLE_H_
