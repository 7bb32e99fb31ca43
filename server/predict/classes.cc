#include "server/predict/classes.h"

#include <algorithm>
#include <numeric>

#include "fitd/v1/loss.pb.h"

namespace fitd {

Classes::Classes(const LoadedModel& model)
    : target_(&model.pipeline.state().target().classes()),
      outputs_(model.predictor->outputs()),
      binary_(model.pipeline.state().target().has_classes() && outputs_ == 1),
      logits_(model.version.lineage().training().loss().binary_crossentropy().from_logits()) {}

std::string Classes::Label(int64_t index) const {
  return HasLabel(index) ? target_->label_names(static_cast<int>(index)) : std::to_string(index);
}

std::vector<float> Classes::Scores(const float* row) const {
  if (!binary_) return {row, row + outputs_};
  return {logits_ ? -*row : 1 - *row, *row};
}

int64_t Classes::Likeliest(const float* row) const {
  if (binary_) return *row > (logits_ ? 0.0f : 0.5f) ? 1 : 0;
  return std::max_element(row, row + outputs_) - row;
}

std::vector<int64_t> Classes::Top(const std::vector<float>& scores, int64_t k) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  order.resize(static_cast<size_t>(k));
  return order;
}

}  // namespace fitd
