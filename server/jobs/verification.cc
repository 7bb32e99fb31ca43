#include "server/jobs/verification.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/cord.h"
#include "core/base/version.h"
#include "core/kernels/kernels.h"
#include "core/nn/compare_weights.h"
#include "core/train/fit.h"
#include "fitd/v1/job.pb.h"
#include "fmt/format.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

std::string NameOf(const v1::ModelVersion& version) {
  return fmt::format("{}@{}", version.model(), version.version());
}

// The name of a data set with the content that the version was trained, or validated, on.
absl::StatusOr<std::string> FindData(Transaction& transaction, const v1::ModelVersion& version,
                                     std::string_view name, std::string_view sha256) {
  const std::optional<v1::Dataset> dataset = transaction.datasets.FindByContent(sha256, name);
  if (!dataset) {
    return FailedPrecondition(fmt::format(
        "{} was made with data set {}, and no data set has that content (sha256 {}) any "
        "more; upload the same files again",
        NameOf(version), name, sha256));
  }
  return dataset->name();
}

}  // namespace

absl::StatusOr<v1::FitSpec> FitToVerify(Transaction& transaction, const v1::FitSpec& asked) {
  if (!transaction.models.Find(asked.model())) return UnknownModel(transaction, asked.model());
  const auto version = transaction.models.FindVersion(asked.model(), asked.verify_version());
  if (!version) return UnknownVersion(transaction, asked.model(), asked.verify_version());
  FITD_RETURN_IF_ERROR(CheckEngine(*version));

  const v1::Lineage& lineage = version->lineage();
  v1::FitSpec spec = asked;
  *spec.mutable_training() = lineage.training();
  FITD_ASSIGN_OR_RETURN(*spec.mutable_dataset(), FindData(transaction, *version, lineage.dataset(),
                                                          lineage.dataset_sha256()));
  if (!lineage.validation_dataset().empty()) {
    FITD_ASSIGN_OR_RETURN(*spec.mutable_validation_dataset(),
                          FindData(transaction, *version, lineage.validation_dataset(),
                                   lineage.validation_dataset_sha256()));
  }
  if (!lineage.initial_weights_sha256().empty()) {
    const auto initial =
        transaction.models.FindVersionByWeights(asked.model(), lineage.initial_weights_sha256());
    if (!initial) {
      return FailedPrecondition(
          fmt::format("{} started from a version that is gone (weights_sha256 {})",
                      NameOf(*version), lineage.initial_weights_sha256()));
    }
    spec.set_initial_version(initial->version());
  }
  return spec;
}

absl::Status CheckEngine(const v1::ModelVersion& version) {
  const v1::Lineage& lineage = version.lineage();
  if (lineage.engine_version() != kVersion) {
    return FailedPrecondition(
        fmt::format("{} was trained by fitd {}, this is {}; verify it with that one",
                    NameOf(version), lineage.engine_version(), kVersion));
  }
  const std::string_view isa = ActiveKernels().isa;
  if (lineage.isa() != isa) {
    return FailedPrecondition(
        fmt::format("{} was trained on {}, this daemon runs on {}, which gives other bits",
                    NameOf(version), lineage.isa(), isa));
  }
  return absl::OkStatus();
}

absl::Status CheckReproduced(const v1::ModelVersion& version, const Weights& stored,
                             const Weights& trained) {
  const std::optional<v1::WeightsDifference> difference = CompareWeights(stored, trained);
  if (!difference) return absl::OkStatus();
  v1::JobFailure failure;
  failure.set_message(fmt::format(
      "{} was not reproduced: {} is the first tensor that differs, at index {}: {} is stored, {} "
      "was trained; {} of {} tensors differ",
      NameOf(version), difference->tensor(), difference->index(), difference->stored(),
      difference->trained(), difference->differing_tensors(), difference->tensors()));
  *failure.mutable_difference() = *difference;
  absl::Status status = Internal(failure.message());
  status.SetPayload(kJobFailureTypeUrl, absl::Cord(failure.SerializeAsString()));
  return status;
}

}  // namespace fitd
