#include "core/nn/resolve_model.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/base/kinds.h"
#include "core/base/names.h"
#include "core/nn/layer_factory.h"
#include "core/nn/normalization.h"
#include "core/tensor/shape.h"

namespace fitd {
namespace {

constexpr int kMaxAxes = 8;
constexpr int64_t kMaxAxis = 1'048'576;
constexpr int64_t kMaxInputs = int64_t{1} << 30;
constexpr int kMaxLayers = 10'000;
constexpr size_t kMaxNameLength = 64;
// Of the sums that make orthogonal matrices, in a whole model: about ten seconds.
constexpr int64_t kMaxOrthogonalWork = int64_t{1} << 35;

// Longer side * shorter side^2 where the weight starts as an orthogonal matrix, else 0.
int64_t OrthogonalWork(const WeightSpec& weight) {
  if (!weight.initializer.has_orthogonal()) return 0;
  const auto [shorter, longer] = std::minmax(weight.shape.front(), weight.shape.back());
  return SaturatingMultiply(longer, SaturatingMultiply(shorter, shorter));
}

// The input's shape, made valid where it is not, so that the layers can be checked too.
Shape CheckInputShape(const v1::ModelSpec& spec, const std::string& path, Violations& violations) {
  CheckField(spec.input_shape_size() >= 1 && spec.input_shape_size() <= kMaxAxes,
             spec.input_shape_size(), "1 to 8 axes", path, violations);
  Shape shape;
  for (int i = 0; i < std::min(spec.input_shape_size(), kMaxAxes); ++i) {
    const int64_t axis = spec.input_shape(i);
    CheckField(axis >= 1 && axis <= kMaxAxis, axis, "1 to 1,048,576", IndexedPath(path, i),
               violations);
    shape.push_back(std::clamp<int64_t>(axis, 1, kMaxAxis));
  }
  if (shape.empty()) shape.push_back(1);
  if (ElementCount(shape) > kMaxInputs) {
    violations.Add(path,
                   fmt::format("is {}, too many values per row; allowed: 1,073,741,824 at most",
                               ShapeText(shape)));
    shape = {1};
  }
  return shape;
}

bool IsValidLayerName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// Checks the names that users gave and gives the others theirs: "dense", "dense_1", ...
void ResolveNames(v1::ModelSpec& spec, const std::string& path, Violations& violations) {
  std::map<std::string, int> taken;
  for (int i = 0; i < spec.layers_size(); ++i) {
    const std::string& name = spec.layers(i).name();
    if (name.empty()) continue;
    const std::string name_path = IndexedPath(path, i) + ".name";
    if (!IsValidLayerName(name)) {
      violations.Add(name_path,
                     fmt::format("is {}; allowed: 1 to 64 of a-z, 0-9, '_'", Quoted(name)));
    }
    if (const auto [earlier, is_new] = taken.emplace(name, i); !is_new) {
      violations.Add(name_path,
                     fmt::format("is {}, which layers[{}] has too; allowed: a name of its own",
                                 Quoted(name), earlier->second));
    }
  }
  std::map<std::string, int> next;
  for (v1::LayerSpec& layer : *spec.mutable_layers()) {
    if (!layer.name().empty()) continue;
    const std::string kind = KindName(layer);
    std::string name;
    do {
      const int number = next[kind]++;
      name = number == 0 ? kind : fmt::format("{}_{}", kind, number);
    } while (taken.contains(name));
    layer.set_name(name);
  }
}

}  // namespace

ModelShape ResolveModel(v1::ModelSpec& spec, int64_t max_parameters, std::string_view path,
                        Violations& violations) {
  const std::string layers_path = ChildPath(path, "layers");
  Shape shape = CheckInputShape(spec, ChildPath(path, "input_shape"), violations);
  if (spec.layers_size() < 1 || spec.layers_size() > kMaxLayers) {
    violations.Add(layers_path,
                   fmt::format("has {} layers; allowed: 1 to 10,000", spec.layers_size()));
    return {};
  }
  ResolveNames(spec, layers_path, violations);

  ModelShape result;
  result.inputs = ElementCount(shape);
  const std::string* layer_with_weights = nullptr;
  int64_t orthogonal_work = 0;
  for (int i = 0; i < spec.layers_size(); ++i) {
    v1::LayerSpec& layer_spec = *spec.mutable_layers(i);
    const std::string layer_path = IndexedPath(layers_path, i);
    const Shape input =
        std::exchange(shape, ResolveLayer(layer_spec, shape, layer_path, violations));
    if (layer_with_weights != nullptr && layer_spec.has_normalization() &&
        Normalization::IsAdapted(layer_spec.normalization())) {
      violations.Add(
          layer_path + ".normalization",
          fmt::format(
              "is to be adapted to the data but comes after {}, which has weights; allowed: before "
              "it, or with mean and variance given",
              Quoted(*layer_with_weights)));
    }
    v1::LayerSummary summary;
    summary.set_name(layer_spec.name());
    summary.set_kind(KindName(layer_spec));
    summary.mutable_output_shape()->Add(shape.begin(), shape.end());
    if (violations.empty()) {  // Only then can the layer be made.
      const std::unique_ptr<Layer> layer = MakeLayer(layer_spec, i, input);
      for (const WeightSpec& weight : layer->weights()) {
        int64_t& total =
            weight.trainable ? result.trainable_parameters : result.non_trainable_parameters;
        total = SaturatingAdd(total, weight.size());
        summary.set_parameters(SaturatingAdd(summary.parameters(), weight.size()));
        orthogonal_work = SaturatingAdd(orthogonal_work, OrthogonalWork(weight));
        if (OrthogonalWork(weight) > 0 && orthogonal_work > kMaxOrthogonalWork) {
          violations.Add(
              layer_path + ".dense.kernel_initializer.orthogonal",
              fmt::format(
                  "makes longer side * shorter side^2 of the model's orthogonal matrices {} with "
                  "this one of {}; allowed: {} at most",
                  orthogonal_work, ShapeText(weight.shape), kMaxOrthogonalWork));
        }
      }
    }
    if (layer_spec.has_dense() || layer_spec.has_normalization())
      layer_with_weights = &layer_spec.name();
    result.outputs = ElementCount(shape);
    result.largest_layer = std::max(result.largest_layer, result.outputs);
    result.layers.push_back(std::move(summary));
  }
  const int64_t parameters =
      SaturatingAdd(result.trainable_parameters, result.non_trainable_parameters);
  if (parameters > max_parameters) {
    violations.Add(layers_path,
                   fmt::format("have {} weights; allowed: {} at most", parameters, max_parameters));
  }
  return result;
}

}  // namespace fitd
