// Training a version again, to see that the same bits come of it.

#ifndef FITD_SERVER_JOBS_VERIFICATION_H_
#define FITD_SERVER_JOBS_VERIFICATION_H_

#include "core/base/status.h"
#include "core/nn/weights.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"
#include "server/store/store.h"

namespace fitd {

// `asked` with all that the lineage of its verify_version says. NOT_FOUND; FAILED_PRECONDITION when
// this daemon cannot train that version again.
absl::StatusOr<v1::FitSpec> FitToVerify(Transaction& transaction, const v1::FitSpec& asked);

// FAILED_PRECONDITION unless this daemon's engine, on this processor, is the one that trained the
// version.
absl::Status CheckEngine(const v1::ModelVersion& version);

// INTERNAL, with a v1::JobFailure payload (kJobFailureTypeUrl) that says where they differ.
absl::Status CheckReproduced(const v1::ModelVersion& version, const Weights& stored,
                             const Weights& trained);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_VERIFICATION_H_
