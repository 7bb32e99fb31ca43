// A trained network ready to predict.

#ifndef FITD_SERVER_PREDICT_LOADED_MODEL_H_
#define FITD_SERVER_PREDICT_LOADED_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/data/pipeline.h"
#include "core/nn/weights.h"
#include "core/plan/predictor.h"
#include "fitd/v1/model.pb.h"

namespace fitd {

// Constant once made.
struct LoadedModel {
  // Of the version, as ModelTable::VersionId; for a job that still trains the negative of its
  // number.
  int64_t id;
  // Without number and hash when it is a job's newest epoch.
  v1::ModelVersion version;
  Pipeline pipeline;
  std::unique_ptr<const Predictor> predictor;

  bool is_epoch() const { return version.version() == 0; }
};

// DATA_LOSS when the weights are another network's.
absl::StatusOr<std::shared_ptr<const LoadedModel>> LoadModel(int64_t id, v1::ModelVersion version,
                                                             const Weights& weights);

// What answers call it: "mnist" and "3", or "job:fit-7" and "epoch-12".
std::string NameOf(const LoadedModel& model);
std::string VersionOf(const LoadedModel& model);

// For a response that has fields for either.
template <typename Response>
void SetServedBy(const LoadedModel& model, Response& response) {
  response.set_model(model.version.model());
  response.set_version(model.version.version());
  if (!model.is_epoch()) return;
  response.set_job_id(model.version.lineage().job_id());
  response.set_epoch(model.version.lineage().epoch());
}

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_LOADED_MODEL_H_
