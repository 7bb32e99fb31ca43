// What PredictionService does, without gRPC: raw rows in, scores and labels out.

#ifndef FITD_SERVER_PREDICT_PREDICTION_H_
#define FITD_SERVER_PREDICT_PREDICTION_H_

#include <functional>

#include "core/base/status.h"
#include "fitd/v1/prediction_service.pb.h"
#include "server/predict/prediction_executor.h"

namespace fitd {

// Thread-safe. The codes are those of PredictionService.Predict.
class Prediction {
 public:
  explicit Prediction(PredictionExecutor& executor) : executor_(executor) {}

  // Returns at once; calls `done` when the response is complete, or with an error. Nobody waits for
  // an answer to a call that is `cancelled`. Request and response live until then.
  void Predict(const v1::PredictRequest& request, std::function<bool()> cancelled,
               v1::PredictResponse& response, std::function<void(const absl::Status&)> done);

 private:
  PredictionExecutor& executor_;
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_PREDICTION_H_
