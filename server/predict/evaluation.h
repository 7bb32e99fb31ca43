// What EvaluationService does, without gRPC.

#ifndef FITD_SERVER_PREDICT_EVALUATION_H_
#define FITD_SERVER_PREDICT_EVALUATION_H_

#include <functional>

#include "core/base/status.h"
#include "fitd/v1/evaluation_service.pb.h"
#include "server/predict/model_cache.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Thread-safe. The codes are those of the service's comments.
class Evaluation {
 public:
  Evaluation(Store& store, Tables& tables, ModelCache& models)
      : store_(store), tables_(tables), models_(models) {}

  // Reads all selected rows: takes its time, unless `cancelled`.
  absl::StatusOr<v1::EvaluateResponse> Run(const v1::EvaluateRequest& request,
                                           std::function<bool()> cancelled);

 private:
  Store& store_;
  Tables& tables_;
  ModelCache& models_;
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_EVALUATION_H_
