// How the outputs of a version that tells classes apart are to be read.

#ifndef FITD_SERVER_PREDICT_CLASSES_H_
#define FITD_SERVER_PREDICT_CLASSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/predict/model_cache.h"

namespace fitd {

// The model must outlive it. For a version that does not classify, each output is a class without a
// name.
class Classes {
 public:
  explicit Classes(const LoadedModel& model);

  // One output tells two classes apart.
  int64_t count() const { return binary_ ? 2 : outputs_; }
  bool HasLabel(int64_t index) const { return index < target_->label_names_size(); }
  // Its number when it has no name.
  std::string Label(int64_t index) const;
  // Scores by class: for one output, its own is the second's.
  std::vector<float> Scores(const float* row) const;
  int64_t Likeliest(const float* row) const;
  // The k classes of the highest scores, by falling score; equal ones by index.
  static std::vector<int64_t> Top(const std::vector<float>& scores, int64_t k);

 private:
  const v1::ClassTarget* target_;
  int64_t outputs_;
  bool binary_;
  bool logits_;
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_CLASSES_H_
