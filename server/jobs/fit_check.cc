#include "server/jobs/fit_check.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include "core/base/canonical_bytes.h"
#include "core/base/names.h"
#include "core/data/pipeline.h"
#include "core/nn/resolve_model.h"
#include "core/train/fit_memory.h"
#include "core/train/resolve_training.h"
#include "core/train/resolve_training_options.h"
#include "fmt/format.h"
#include "server/jobs/request.h"
#include "server/jobs/time.h"
#include "server/jobs/verification.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

constexpr int32_t kMostThreads = 256;
constexpr int32_t kMostPriority = 100;
constexpr int32_t kMostRestarts = 1000;
constexpr int32_t kDefaultRestarts = 5;

// The version's lineage says all but the model and the resources.
void CheckVerification(const v1::FitSpec& spec, Violations& violations) {
  if (spec.verify_version() < 0) {
    violations.Add("spec.verify_version",
                   fmt::format("is {}; allowed: 0 or more", spec.verify_version()));
  }
  const auto check_unset = [&](std::string_view field, bool set) {
    if (set) {
      violations.Add(fmt::format("spec.{}", field),
                     "is set beside spec.verify_version, which says it; allowed: unset");
    }
  };
  check_unset("dataset", !spec.dataset().empty());
  check_unset("validation_dataset", !spec.validation_dataset().empty());
  check_unset("initial_version", spec.initial_version() != 0);
  check_unset("training", spec.has_training());
}

// What a fit names, where it is there.
struct NamedByFit {
  std::optional<v1::Model> model;
  std::optional<v1::Dataset> dataset;
  std::optional<v1::Dataset> validation;
  std::optional<v1::ModelVersion> initial;
};

NamedByFit FindNamed(Transaction& transaction, const v1::FitSpec& spec, Violations& violations) {
  NamedByFit named;
  const auto find_dataset = [&](const char* field, const std::string& name) {
    std::optional<v1::Dataset> found = transaction.datasets.Find(name);
    if (!found) violations.AddUnknown(field, Message(UnknownDataset(transaction, name)));
    return found;
  };
  if (IsValidId(spec.model())) {
    named.model = transaction.models.Find(spec.model());
    if (!named.model) {
      violations.AddUnknown("spec.model", Message(UnknownModel(transaction, spec.model())));
    }
  }
  if (IsValidId(spec.dataset())) named.dataset = find_dataset("spec.dataset", spec.dataset());
  if (IsValidId(spec.validation_dataset())) {
    named.validation = find_dataset("spec.validation_dataset", spec.validation_dataset());
  }
  if (named.model && spec.initial_version() > 0) {
    named.initial = transaction.models.FindVersion(spec.model(), spec.initial_version());
    if (!named.initial) {
      violations.AddUnknown(
          "spec.initial_version",
          Message(UnknownVersion(transaction, spec.model(), spec.initial_version())));
    }
  }
  return named;
}

// A warm start goes on behind the input pipeline that the weights were trained with.
void KeepPipeline(const v1::ModelVersion& version, v1::PipelineSpec& asked,
                  Violations& violations) {
  const v1::PipelineSpec& kept = version.lineage().training().pipeline();
  const auto check = [&](const char* field, bool given, bool value, bool trained) {
    if (given && value != trained) {
      violations.Add(fmt::format("spec.training.pipeline.{}", field),
                     fmt::format("is {}; version {}, whose weights the fit starts from, was "
                                 "trained with {}",
                                 value, version.version(), trained));
    }
  };
  check("standardize_features", asked.has_standardize_features(), asked.standardize_features(),
        kept.standardize_features());
  check("standardize_targets", asked.has_standardize_targets(), asked.standardize_targets(),
        kept.standardize_targets());
  asked = kept;
}

}  // namespace

void CheckFitSpec(const v1::FitSpec& spec, Violations& violations) {
  CheckId("spec.model", spec.model(), violations);
  if (spec.verify_version() == 0) {
    CheckId("spec.dataset", spec.dataset(), violations);
  } else {
    CheckVerification(spec, violations);
  }
  if (!spec.validation_dataset().empty()) {
    CheckId("spec.validation_dataset", spec.validation_dataset(), violations);
    if (spec.training().validation_split() != 0) {
      violations.Add("spec.validation_dataset",
                     "is set beside spec.training.validation_split; allowed: one of them");
    }
    if (spec.training().has_fold()) {
      violations.Add("spec.validation_dataset",
                     "is set beside spec.training.fold; allowed: one of them");
    }
  }
  if (spec.initial_version() < 0) {
    violations.Add("spec.initial_version",
                   fmt::format("is {}; allowed: 0 or more", spec.initial_version()));
  }
  const v1::ResourceSpec& resources = spec.resources();
  if (resources.threads() < 0 || resources.threads() > kMostThreads) {
    violations.Add("spec.resources.threads",
                   fmt::format("is {}; allowed: 1 to {}, or 0: the daemon chooses",
                               resources.threads(), kMostThreads));
  }
  if (resources.max_restarts() < 0 || resources.max_restarts() > kMostRestarts) {
    violations.Add("spec.resources.max_restarts",
                   fmt::format("is {}; allowed: 0 to {}", resources.max_restarts(), kMostRestarts));
  }
  if (std::abs(int64_t{resources.priority()}) > kMostPriority) {
    violations.Add("spec.resources.priority",
                   fmt::format("is {}; allowed: {} to {}", resources.priority(), -kMostPriority,
                               kMostPriority));
  }
}

std::vector<std::shared_ptr<const Table>> FitCheck::KeepOpen(Transaction& transaction,
                                                             const v1::SearchSpec& search) const {
  std::vector<std::shared_ptr<const Table>> tables;
  for (const std::string& name : {search.dataset(), search.validation_dataset()}) {
    if (const auto found = transaction.datasets.Find(name))
      tables.push_back(tables_.Open(found->sha256()).value_or(nullptr));
  }
  return tables;
}

absl::StatusOr<v1::Job> FitCheck::Check(Transaction& transaction, v1::FitSpec asked,
                                        const v1::ModelSpec* architecture,
                                        Violations& violations) const {
  std::optional<v1::ModelVersion> verified;
  if (asked.verify_version() != 0) {
    FITD_RETURN_IF_ERROR(violations.ToStatus());
    FITD_ASSIGN_OR_RETURN(asked, FitToVerify(transaction, asked));
    verified = transaction.models.FindVersion(asked.model(), asked.verify_version());
    architecture = &verified->spec();
  }
  v1::Job job;
  *job.mutable_spec() = asked;
  v1::ResourceSpec& resources = *job.mutable_spec()->mutable_resources();
  if (!resources.has_max_restarts()) resources.set_max_restarts(kDefaultRestarts);
  v1::TrainingSpec& training = *job.mutable_spec()->mutable_training();

  const NamedByFit named = FindNamed(transaction, asked, violations);
  if (named.initial) {
    KeepPipeline(*named.initial, *training.mutable_pipeline(), violations);
    architecture = &named.initial->spec();
  }
  const bool all_there =
      named.model && named.dataset && (named.validation || asked.validation_dataset().empty());
  if (!all_there) {
    ResolveTrainingOptions(
        "spec.training",
        /*validates=*/!asked.validation_dataset().empty() || HoldsOutRows(training),
        /*shapes=*/nullptr, training, violations);
    return violations.ToStatus();
  }
  FITD_ASSIGN_OR_RETURN(const auto table, tables_.Open(named.dataset->sha256()));
  std::shared_ptr<const Table> validation_table;
  if (named.validation) {
    FITD_ASSIGN_OR_RETURN(validation_table, tables_.Open(named.validation->sha256()));
  }
  v1::ModelSpec model = architecture != nullptr ? *architecture : named.model->spec();
  const ModelShape shape = ResolveModel(model, options_.max_parameters, "model.spec", violations);
  ResolveTraining(model, shape, table->header(),
                  validation_table ? &validation_table->header() : nullptr, "spec.training",
                  training, violations);
  if (named.initial) {
    // Its pipeline knows other columns and labels than these data may have.
    FITD_ASSIGN_OR_RETURN(const Pipeline pipeline, Pipeline::Load(named.initial->pipeline()));
    absl::Status fits = pipeline.Bind(table, /*with_targets=*/true).status();
    if (!fits.ok() && !absl::IsInvalidArgument(fits)) return fits;
    violations.Add(fits);
  }
  FITD_RETURN_IF_ERROR(violations.ToStatus());

  if (CanonicalBytes(model) != CanonicalBytes(named.model->spec()))
    *job.mutable_architecture() = model;
  job.set_trainable_parameters(shape.trainable_parameters);
  const FitMemory estimate =
      EstimateFitMemory({.model = model,
                         .training = training,
                         .train = table->header(),
                         .validation = validation_table ? &validation_table->header() : nullptr,
                         .warm_start = asked.initial_version() != 0,
                         .threads = scheduler_.MostThreads(job)});
  // Mapped values that do not fit slow a fit down; they do not stop it.
  if (estimate.allocated > options_.max_memory_bytes) {
    return ResourceExhausted(
        fmt::format("the fit needs {} bytes of memory beside its data; the daemon may use {}",
                    estimate.allocated, options_.max_memory_bytes));
  }
  job.set_memory_bytes(estimate.total());
  job.set_state(v1::JOB_STATE_QUEUED);
  *job.mutable_create_time() = ToTimestamp(transaction.now());
  job.mutable_progress()->set_epochs(training.epochs());
  return job;
}

}  // namespace fitd
