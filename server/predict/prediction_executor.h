// Raw rows in, scores and labels out, by a trained version.

#ifndef FITD_SERVER_PREDICT_PREDICTION_EXECUTOR_H_
#define FITD_SERVER_PREDICT_PREDICTION_EXECUTOR_H_

#include <cstdint>
#include <functional>

#include "core/base/status.h"
#include "fitd/v1/prediction_service.pb.h"
#include "server/predict/model_cache.h"

namespace fitd {

// Of one Predict.
inline constexpr int64_t kMostPredictRows = 65536;

// Thread-safe. The codes are those of PredictionService.Predict.
class PredictionExecutor {
 public:
  explicit PredictionExecutor(ModelCache& models) : models_(models) {}

  // Nobody waits for an answer to a call that is `cancelled`: it ends soon.
  absl::StatusOr<v1::PredictResponse> Predict(const v1::PredictRequest& request,
                                              const std::function<bool()>& cancelled);

 private:
  ModelCache& models_;
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_PREDICTION_EXECUTOR_H_
