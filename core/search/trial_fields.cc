#include "core/search/trial_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "core/base/kinds.h"
#include "core/base/names.h"
#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"

namespace fitd {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

constexpr std::string_view kRepeat = "repeat";
constexpr std::string_view kLayersPath = "model.layers[";
constexpr int64_t kMostCopies = 1000;

// One step of a path: "layers[0-1]" is layers with the indices 0 and 1.
struct Step {
  std::string name;
  std::optional<int> first;
  std::optional<int> last;
};

std::optional<int> ParseIndex(std::string_view text) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

absl::StatusOr<std::vector<Step>> ParsePath(std::string_view path) {
  std::vector<Step> steps;
  while (true) {
    const size_t dot = path.find('.');
    std::string_view text = path.substr(0, dot);
    Step step;
    if (const size_t bracket = text.find('['); bracket != text.npos) {
      const std::string_view index = text.substr(bracket + 1, text.size() - bracket - 2);
      const size_t dash = index.find('-');
      step.first = ParseIndex(index.substr(0, dash));
      step.last = dash == index.npos ? step.first : ParseIndex(index.substr(dash + 1));
      if (!text.ends_with(']') || !step.first || !step.last || *step.last < *step.first) {
        return InvalidArgument(
            fmt::format("{} is no element of a list; allowed: NAME[INDEX], the first index is 0",
                        Quoted(text)));
      }
      text = text.substr(0, bracket);
    }
    step.name = text;
    steps.push_back(std::move(step));
    if (dot == path.npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

// The one path with these steps: "[00]" and "[0-0]" are "[0]".
std::string PathOf(const std::vector<Step>& steps) {
  std::string path;
  for (const Step& step : steps) {
    path += (path.empty() ? "" : ".") + step.name;
    if (!step.first || !step.last) continue;
    path += fmt::format("[{}", *step.first);
    if (*step.first != *step.last) path += fmt::format("-{}", *step.last);
    path += ']';
  }
  return path;
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::string NoSuchElement(const Step& step, int size) {
  return fmt::format("{} has {} elements; the last index is {}", step.name, size, size - 1);
}

// What a whole path leads to.
struct Place {
  const google::protobuf::Message* parent = nullptr;  // Null: nothing is set there yet.
  const FieldDescriptor* field = nullptr;
};

// Follows the path through the descriptors, and through the message as far as that is there.
absl::StatusOr<Place> Follow(const std::vector<Step>& steps,
                             const google::protobuf::Message& root) {
  const Descriptor* type = root.GetDescriptor();
  Place place{.parent = &root};
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    place.field = type->FindFieldByName(step.name);
    if (place.field == nullptr)
      return InvalidArgument(UnknownName("field", step.name, FieldNames(*type)));
    const bool message = place.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (place.field->is_map()) {
      return InvalidArgument(fmt::format("{} is a map, which no axis can set", step.name));
    }
    if (place.field->is_repeated() != step.first.has_value()) {
      return InvalidArgument(place.field->is_repeated()
                                 ? fmt::format("{0} is a list; allowed: {0}[INDEX]", step.name)
                                 : fmt::format("{0} is no list; allowed: {0}", step.name));
    }
    if (step.first) {
      const int size = place.parent == nullptr
                           ? 0
                           : place.parent->GetReflection()->FieldSize(*place.parent, place.field);
      if (*step.last >= size) {
        return InvalidArgument(NoSuchElement(step, size));
      }
    }
    if (i + 1 == steps.size()) return place;
    if (i == 1 && steps.size() == 3 && steps[0].name == "model" && step.name == "layers" &&
        steps[2].name == kRepeat) {
      return place;
    }
    if (!message) {
      return InvalidArgument(
          fmt::format("{} is a value and has no field {}", step.name, steps[i + 1].name));
    }
    if (step.first && *step.first != *step.last) {
      return InvalidArgument(
          fmt::format("several elements of {} can only be followed by \"{}\"", step.name, kRepeat));
    }
    type = place.field->message_type();
    if (place.parent == nullptr) continue;
    const Reflection& reflection = *place.parent->GetReflection();
    if (step.first) {
      place.parent = &reflection.GetRepeatedMessage(*place.parent, place.field, *step.first);
    } else {
      place.parent = reflection.HasField(*place.parent, place.field)
                         ? &reflection.GetMessage(*place.parent, place.field)
                         : nullptr;
    }
  }
  return InvalidArgument("is empty");
}

// The layers of which a repeat is the number of copies.
Step RepeatedBlock(std::string_view field) { return ParsePath(field)->at(1); }

std::string LayerPath(int layer) { return fmt::format("{}{}]", kLayersPath, layer); }

std::vector<int> DenseLayers(const v1::ModelSpec& model) {
  std::vector<int> layers;
  for (int i = 0; i < model.layers_size(); ++i) {
    if (model.layers(i).has_dense()) layers.push_back(i);
  }
  return layers;
}

// The first part of a path, which ends before a dot or a bracket.
std::string_view FirstWord(std::string_view path) {
  return path.substr(0, path.find_first_of(".["));
}

bool HasField(const Descriptor& type, std::string_view name) {
  return type.FindFieldByName(std::string(name)) != nullptr;
}

// Whether that kind of the family has such a field.
bool KindHasField(const Descriptor& family, const std::string& kind, std::string_view name) {
  if (kind.empty()) return false;
  const Descriptor* type = family.FindFieldByName(kind)->message_type();
  return type != nullptr && HasField(*type, name);
}

bool IsStrength(std::string_view path) { return path == "l1" || path == "l2"; }

// The strengths of the penalties on the kernels of dense layers, where they are; where no layer has
// a penalty, those of new ones on all but the last.
std::vector<std::string> Strengths(std::string_view path, const std::vector<int>& dense,
                                   const v1::ModelSpec& model) {
  const auto strength = [&](int layer, std::string_view kind) {
    return fmt::format("{}.dense.kernel_regularizer.{}.{}", LayerPath(layer), kind, path);
  };
  std::vector<std::string> there;
  std::vector<std::string> made;
  bool none = true;
  for (const int layer : dense) {
    const std::string kind = KindName(model.layers(layer).dense().kernel_regularizer());
    none = none && kind.empty();
    if (KindHasField(*v1::RegularizerSpec::descriptor(), kind, path))
      there.push_back(strength(layer, kind));
    if (layer != dense.back()) made.push_back(strength(layer, "l1_l2"));
  }
  return none ? made : there;
}

// The whole paths that a short one may stand for; empty for no short name.
std::vector<std::string> Expand(std::string_view path, const v1::TrialSpec& base) {
  const std::string_view word = FirstWord(path);
  const bool alone = word.size() == path.size();
  const std::vector<int> dense = DenseLayers(base.model());
  if (path == "learning_rate") return {"training.optimizer.learning_rate.constant"};
  if (path == "layers" && dense.size() > 1) {
    return {fmt::format("{}{}-{}].{}", kLayersPath, dense[0], dense[1] - 1, kRepeat)};
  }
  if (path == "dropout") {
    std::vector<std::string> paths;
    for (int i = 0; i < base.model().layers_size(); ++i) {
      if (base.model().layers(i).has_dropout()) paths.push_back(LayerPath(i) + ".dropout.rate");
    }
    return paths;
  }
  if (IsStrength(path)) return Strengths(path, dense, base.model());
  if (HasField(*v1::TrainingSpec::descriptor(), word)) return {fmt::format("training.{}", path)};
  if (!alone && HasField(*v1::ModelSpec::descriptor(), word))
    return {fmt::format("model.{}", path)};
  for (int i = 0; !alone && i < base.model().layers_size(); ++i) {
    const v1::LayerSpec& layer = base.model().layers(i);
    if (layer.name() != word) continue;
    const std::string_view rest = path.substr(word.size() + 1);
    if (rest == kRepeat) return {fmt::format("{}.{}", LayerPath(i), rest)};
    return {fmt::format("{}.{}.{}", LayerPath(i), KindName(layer), rest)};
  }
  if (HasField(*v1::DenseSpec::descriptor(), word) && dense.size() > 1) {
    std::vector<std::string> paths;
    for (size_t i = 0; i + 1 < dense.size(); ++i)
      paths.push_back(fmt::format("{}.dense.{}", LayerPath(dense[i]), path));
    return paths;
  }
  const Descriptor& optimizers = *v1::OptimizerSpec::descriptor();
  const std::string optimizer = KindName(base.training().optimizer());
  if (KindHasField(optimizers, optimizer, word))
    return {fmt::format("training.optimizer.{}.{}", optimizer, path)};
  if (HasField(optimizers, word)) return {fmt::format("training.optimizer.{}", path)};
  const std::string loss = KindName(base.training().loss());
  if (KindHasField(*v1::LossSpec::descriptor(), loss, word))
    return {fmt::format("training.loss.{}.{}", loss, path)};
  if (HasField(*v1::PipelineSpec::descriptor(), word))
    return {fmt::format("training.pipeline.{}", path)};
  return {};
}

// The kinds of the family that have such a field.
std::vector<std::string> KindsWith(const Descriptor& family, std::string_view field) {
  std::vector<std::string> kinds = KindNames(family);
  std::erase_if(kinds, [&](const auto& kind) { return !KindHasField(family, kind, field); });
  return kinds;
}

// All that may stand alone, whatever the kinds of the base.
std::vector<std::string> ShortNames() {
  std::vector<std::string> names = {"learning_rate", "layers", "dropout", "l1", "l2"};
  const auto add = [&](const Descriptor& type) {
    for (std::string& name : FieldNames(type)) {
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(std::move(name));
    }
  };
  add(*v1::DenseSpec::descriptor());
  add(*v1::TrainingSpec::descriptor());
  for (const Descriptor* family : {v1::OptimizerSpec::descriptor(), v1::LossSpec::descriptor()}) {
    for (const std::string& kind : KindNames(*family))
      add(*family->FindFieldByName(kind)->message_type());
  }
  add(*v1::PipelineSpec::descriptor());
  return names;
}

// Why a short name stands for nothing, and what may have been meant.
absl::Status UnknownSetting(std::string_view path, const v1::TrialSpec& base) {
  // What other programs call them.
  constexpr auto kOtherNames = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"lr", "learning_rate"},
      {"rate", "dropout"},
      {"dropout_rate", "dropout"},
      {"hidden_units", "units"},
      {"neurons", "units"},
      {"depth", "layers"},
      {"n_layers", "layers"},
      {"num_layers", "layers"},
      {"batch", "batch_size"},
  });
  const std::string_view word = FirstWord(path);
  if (word.size() < path.size()) {
    std::vector<std::string> names;
    for (const v1::LayerSpec& layer : base.model().layers()) names.push_back(layer.name());
    for (const Descriptor* type : {v1::TrainingSpec::descriptor(), v1::ModelSpec::descriptor()}) {
      for (std::string& name : FieldNames(*type)) names.push_back(std::move(name));
    }
    return InvalidArgument(UnknownName("layer or setting", word, names));
  }
  for (const auto& [other, name] : kOtherNames) {
    if (word == other) {
      return InvalidArgument(
          fmt::format("unknown setting {}; did you mean {}?", Quoted(word), Quoted(name)));
    }
  }
  for (const v1::LayerSpec& layer : base.model().layers()) {
    if (word == layer.name()) {
      return InvalidArgument(
          fmt::format("{0} is a whole layer; allowed: {0}.FIELD or {0}.{1}", word, kRepeat));
    }
  }
  const auto of_another_kind = [&](std::string_view family, const google::protobuf::Message& spec) {
    const std::vector<std::string> kinds = KindsWith(*spec.GetDescriptor(), word);
    if (kinds.empty()) return absl::OkStatus();
    const std::string kind = KindName(spec);
    return InvalidArgument(
        fmt::format("{0} is a field of {1}, but the {2} is {3}; allowed: another {2}, or an axis "
                    "inside the choice of one",
                    word, fmt::join(kinds, " and "), family, kind.empty() ? "not set" : kind));
  };
  FITD_RETURN_IF_ERROR(of_another_kind("optimizer", base.training().optimizer()));
  FITD_RETURN_IF_ERROR(of_another_kind("loss", base.training().loss()));
  return InvalidArgument(UnknownName("setting", word, ShortNames()));
}

// Follows the steps but the last, making messages on the way; a kind is never changed for another.
absl::StatusOr<google::protobuf::Message*> Enter(std::string_view path,
                                                 google::protobuf::Message& root) {
  FITD_ASSIGN_OR_RETURN(const std::vector<Step> steps, ParsePath(path));
  google::protobuf::Message* message = &root;
  for (size_t i = 0; i < steps.size(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(steps[i].name);
    const Reflection& reflection = *message->GetReflection();
    if (const auto* oneof = field->real_containing_oneof()) {
      const FieldDescriptor* set = reflection.GetOneofFieldDescriptor(*message, oneof);
      if (set != nullptr && set != field) {
        return InvalidArgument(
            fmt::format("{0} is a field of {1}, but here is {2}; allowed: among the axes of a "
                        "choice of {1}",
                        path, field->name(), set->name()));
      }
    }
    if (steps[i].first) {
      const int size = reflection.FieldSize(*message, field);
      if (*steps[i].last >= size) {
        return InvalidArgument(fmt::format("{}: {}", path, NoSuchElement(steps[i], size)));
      }
    }
    if (i + 1 == steps.size() || steps[i + 1].name == kRepeat) return message;
    message = steps[i].first ? reflection.MutableRepeatedMessage(message, field, *steps[i].first)
                             : reflection.MutableMessage(message, field);
  }
  return message;
}

std::string Allowed(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_STRING:
      return "a text";
    case FieldDescriptor::CPPTYPE_ENUM: {
      std::vector<std::string> names;
      for (int i = 1; i < field.enum_type()->value_count(); ++i)
        names.push_back(field.enum_type()->value(i)->name());
      return fmt::format("{}", fmt::join(names, ", "));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "the message as JSON";
    default:
      return "a whole number";
  }
}

// The message as JSON, or the name of a kind.
absl::Status PutMessage(std::string_view value, const FieldDescriptor& field,
                        google::protobuf::Message& message) {
  const Descriptor& family = *field.message_type();
  const bool has_kinds = family.FindOneofByName("kind") != nullptr;
  const Reflection& reflection = *message.GetReflection();
  if (value.starts_with('{')) {
    const std::unique_ptr<google::protobuf::Message> given(message.New());
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(std::string(value), given.get());
    if (!parsed.ok()) {
      return InvalidArgument(fmt::format("is {}: {}", Quoted(value), parsed.message().ToString()));
    }
    // What stands beside a kind stays: an optimizer's learning rate.
    std::vector<const FieldDescriptor*> replaced;
    reflection.ListFields(has_kinds ? *given : message, &replaced);
    for (const FieldDescriptor* part : replaced) reflection.ClearField(&message, part);
    message.MergeFrom(*given);
    return absl::OkStatus();
  }
  if (!has_kinds) {
    return InvalidArgument(fmt::format("is {}; allowed: {}", Quoted(value), Allowed(field)));
  }
  const std::vector<std::string> kinds = KindNames(family);
  if (std::find(kinds.begin(), kinds.end(), value) == kinds.end())
    return InvalidArgument(UnknownName(field.name(), value, kinds));
  const FieldDescriptor* kind = family.FindFieldByName(std::string(value));
  if (kind->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
    return InvalidArgument(fmt::format("is {}, which needs a value", Quoted(value)));
  reflection.MutableMessage(&message, kind);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FindFields(std::string_view path,
                                                    const v1::TrialSpec& base) {
  const std::string_view word = FirstWord(path);
  std::vector<std::string> fields = {std::string(path)};
  if (word != "model" && word != "training") fields = Expand(path, base);
  if (fields.empty() && path == "dropout")
    return InvalidArgument("the model has no dropout layer; allowed: a model with one");
  if (fields.empty() && (path == "layers" || HasField(*v1::DenseSpec::descriptor(), word))) {
    return InvalidArgument(
        fmt::format("{} means all dense layers but the last; the model has one at most; allowed: "
                    "LAYER.FIELD, a whole path, or a model with more",
                    path));
  }
  if (fields.empty() && IsStrength(path)) {
    return InvalidArgument(fmt::format(
        "{0} means the strength in the kernel_regularizer of the dense layers that have "
        "it, or of new ones in all but the last where none has a kernel_regularizer; "
        "no layer is meant here; allowed: kernel_regularizer, or a whole path, as "
        "model.layers[0].dense.kernel_regularizer.{0}.{0}",
        path));
  }
  if (fields.empty()) return UnknownSetting(path, base);
  for (std::string& field : fields) {
    FITD_ASSIGN_OR_RETURN(const std::vector<Step> steps, ParsePath(field));
    field = PathOf(steps);
    const bool repeat = IsRepeat(field);
    FITD_ASSIGN_OR_RETURN(const Place place, Follow(steps, base));
    if (steps.back().first && (place.field->message_type() != nullptr) && !repeat) {
      return InvalidArgument(
          fmt::format("a whole element of {} cannot be set; allowed: one of its fields, or \"{}\"",
                      steps.back().name, kRepeat));
    }
  }
  return fields;
}

FieldType TypeOfField(std::string_view field, const v1::TrialSpec& base) {
  if (IsRepeat(field)) return FieldType::kInteger;
  switch (Follow(*ParsePath(field), base)->field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FieldType::kReal;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return FieldType::kInteger;
    default:
      return FieldType::kOther;
  }
}

absl::Status PutValue(std::string_view path, std::string_view value, v1::TrialSpec& trial) {
  FITD_ASSIGN_OR_RETURN(google::protobuf::Message * parent, Enter(path, trial));
  const Step last = ParsePath(path)->back();
  const FieldDescriptor& field = *parent->GetDescriptor()->FindFieldByName(last.name);
  const Reflection& reflection = *parent->GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
    return PutMessage(value, field, *reflection.MutableMessage(parent, &field));
  if (last.first)
    return InvalidArgument(fmt::format("{}: single values of a list cannot be set", path));
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection.SetString(parent, &field, std::string(value));
    return absl::OkStatus();
  }
  // Silent: what it would log says less.
  class Ignore final : public google::protobuf::io::ErrorCollector {
    void AddError(int /*line*/, int /*column*/, const std::string& /*message*/) override {}
  } ignore;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&ignore);
  if (!parser.ParseFieldValueFromString(std::string(value), &field, parent))
    return InvalidArgument(fmt::format("is {}; allowed: {}", Quoted(value), Allowed(field)));
  return absl::OkStatus();
}

absl::Status CheckThere(std::string_view field, const v1::TrialSpec& trial) {
  v1::TrialSpec entered = trial;
  return Enter(field, entered).status();
}

bool IsRepeat(std::string_view field) {
  return field.starts_with(kLayersPath) && field.ends_with(fmt::format("].{}", kRepeat));
}

bool RepeatsMeet(std::string_view a, std::string_view b) {
  if (!IsRepeat(a) || !IsRepeat(b)) return false;
  const Step block = RepeatedBlock(a);
  const Step other = RepeatedBlock(b);
  return block.first <= other.last && other.first <= block.last;
}

absl::StatusOr<int> ParseCopies(std::string_view value) {
  const std::optional<int> copies = ParseIndex(value);
  if (copies && *copies <= kMostCopies) return *copies;
  return InvalidArgument(
      fmt::format("is {}; allowed: 0 to {} copies of layers", Quoted(value), kMostCopies));
}

absl::Status PutRepeat(std::string_view field, std::string_view value, v1::TrialSpec& trial) {
  FITD_RETURN_IF_ERROR(ParsePath(field).status());
  FITD_ASSIGN_OR_RETURN(const int copies, ParseCopies(value));
  const Step block = RepeatedBlock(field);
  const int first = block.first.value();
  const int last = block.last.value();
  if (last >= trial.model().layers_size())
    return InvalidArgument(
        fmt::format("{}: {}", field, NoSuchElement(block, trial.model().layers_size())));
  v1::ModelSpec model = trial.model();
  model.clear_layers();
  for (int i = 0; i < first; ++i) *model.add_layers() = trial.model().layers(i);
  for (int copy = 0; copy < copies; ++copy) {
    for (int i = first; i <= last; ++i) {
      *model.add_layers() = trial.model().layers(i);
      if (copy > 0) model.mutable_layers()->rbegin()->clear_name();
    }
  }
  for (int i = last + 1; i < trial.model().layers_size(); ++i)
    *model.add_layers() = trial.model().layers(i);
  *trial.mutable_model() = std::move(model);
  return absl::OkStatus();
}

absl::Status PutAll(const std::vector<FieldValue>& values, v1::TrialSpec& trial) {
  std::vector<std::pair<int, const FieldValue*>> repeats;
  std::vector<std::pair<int64_t, size_t>> settings;
  for (size_t i = 0; i < values.size(); ++i) {
    const FieldValue& value = values[i];
    if (IsRepeat(value.field)) {
      repeats.emplace_back(RepeatedBlock(value.field).first.value(), &value);
    } else {
      settings.emplace_back(std::count(value.field.begin(), value.field.end(), '.'), i);
    }
  }
  std::sort(settings.begin(), settings.end());
  for (const auto& [depth, i] : settings)
    FITD_RETURN_IF_ERROR(PutValue(values[i].field, values[i].value, trial));
  std::sort(repeats.begin(), repeats.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  for (size_t i = 0; i < repeats.size(); ++i) {
    const FieldValue& repeat = *repeats[i].second;
    if (i > 0 && RepeatsMeet(repeat.field, repeats[i - 1].second->field)) {
      return InvalidArgument(fmt::format("{} and {} have layers in common", repeat.field,
                                         repeats[i - 1].second->field));
    }
    FITD_RETURN_IF_ERROR(PutRepeat(repeat.field, repeat.value, trial));
  }
  return absl::OkStatus();
}

}  // namespace fitd
