#include "server/predict/evaluation.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/metric/resolve_metrics.h"
#include "core/train/evaluate.h"
#include "fmt/format.h"
#include "server/store/model_reference.h"

namespace fitd {

absl::StatusOr<v1::EvaluateResponse> Evaluation::Run(const v1::EvaluateRequest& request,
                                                     std::function<bool()> cancelled) {
  Violations violations;
  if (!IsValidId(request.dataset())) {
    violations.Add("dataset",
                   fmt::format("is {}; allowed: {}", Quoted(request.dataset()), kIdRule));
  }
  if (!v1::RowSelection_IsValid(request.rows())) {
    violations.Add("rows",
                   fmt::format("is {}; allowed: a RowSelection", static_cast<int>(request.rows())));
  }
  const absl::StatusOr<std::shared_ptr<const LoadedModel>> loaded = models_.Get(request.model());
  if (absl::IsNotFound(loaded.status())) violations.AddUnknown("model", Message(loaded.status()));
  if (absl::IsInvalidArgument(loaded.status())) violations.Add(loaded.status());
  std::optional<v1::Dataset> dataset;
  if (IsValidId(request.dataset())) {
    FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) {
      dataset = transaction.datasets.Find(request.dataset());
      if (!dataset) {
        violations.AddUnknown("dataset", Message(UnknownDataset(transaction, request.dataset())));
      }
      return absl::OkStatus();
    }));
  }
  const bool all_there = loaded.ok() && dataset;
  if (!all_there) {
    auto metrics = request.metrics();
    ResolveMetrics(metrics, /*shapes=*/nullptr, "metrics", violations);
  }
  if (!all_there || !violations.empty()) {
    FITD_RETURN_IF_ERROR(violations.ToStatus());
    return loaded.status();
  }
  const std::shared_ptr<const LoadedModel>& model = *loaded;
  EvaluationInput input;
  input.version = &model->version;
  input.predictor = model->predictor.get();
  FITD_ASSIGN_OR_RETURN(input.table, tables_.OpenChecked(dataset->sha256()));
  input.table_sha256 = dataset->sha256();
  input.rows = request.rows();
  input.metrics = {request.metrics().begin(), request.metrics().end()};
  input.validate_only = request.validate_only();
  input.cancelled = std::move(cancelled);
  FITD_ASSIGN_OR_RETURN(v1::EvaluateResponse response, Evaluate(input));
  if (request.validate_only()) return response;
  SetServedBy(*model, response);
  return response;
}

}  // namespace fitd
