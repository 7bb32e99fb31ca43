#include "server/predict/loaded_model.h"

#include <utility>

#include "fmt/format.h"
#include "server/store/model_reference.h"

namespace fitd {

absl::StatusOr<std::shared_ptr<const LoadedModel>> LoadModel(int64_t id, v1::ModelVersion version,
                                                             const Weights& weights) {
  FITD_ASSIGN_OR_RETURN(Pipeline pipeline, Pipeline::Load(version.pipeline()));
  FITD_ASSIGN_OR_RETURN(auto predictor,
                        Predictor::Create(version.spec(), weights, version.pipeline().target()));
  return std::make_shared<const LoadedModel>(id, std::move(version), std::move(pipeline),
                                             std::move(predictor));
}

std::string NameOf(const LoadedModel& model) {
  return model.is_epoch() ? JobReference(model.version.lineage().job_id()) : model.version.model();
}

std::string VersionOf(const LoadedModel& model) {
  return model.is_epoch() ? fmt::format("epoch-{}", model.version.lineage().epoch())
                          : std::to_string(model.version.version());
}

}  // namespace fitd
