// What users write to name a version: "mnist" (the newest), "mnist@3", "mnist@champion" (an alias),
// "job:fit-7" (the one that the job stored).

#ifndef FITD_SERVER_STORE_MODEL_REFERENCE_H_
#define FITD_SERVER_STORE_MODEL_REFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "fitd/v1/model.pb.h"
#include "server/store/store.h"

namespace fitd {

// `[a-z]([a-z0-9._-]{0,61}[a-z0-9])?`.
bool IsValidAlias(std::string_view alias);

// "fit-7" -> "job:fit-7".
std::string JobReference(std::string_view job_id);
// The number of the job that the reference names; nothing for every other reference.
std::optional<int64_t> ReferencedJob(std::string_view reference);

// INVALID_ARGUMENT (field "model") when it is not a reference; NOT_FOUND for an unknown model,
// version, alias or job, with the nearest name; FAILED_PRECONDITION when model or job has no
// version.
absl::StatusOr<v1::ModelVersion> FindReferencedVersion(Transaction& transaction,
                                                       std::string_view reference);

// NOT_FOUND "unknown model ..." with the nearest of the names there are.
absl::Status UnknownModel(Transaction& transaction, std::string_view name);
absl::Status UnknownDataset(Transaction& transaction, std::string_view name);
absl::Status UnknownVersion(Transaction& transaction, std::string_view model, int64_t version);
absl::Status UnknownAlias(const v1::Model& model, std::string_view alias);
absl::Status UnknownJob(std::string_view id);

}  // namespace fitd

#endif  // FITD_SERVER_STORE_MODEL_REFERENCE_H_
