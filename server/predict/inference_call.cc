#include "server/predict/inference_call.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/cord.h"
#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/data/values.h"
#include "core/tensor/shape.h"
#include "fmt/format.h"
#include "google/rpc/error_details.pb.h"
#include "server/predict/classes.h"
#include "server/predict/inference_tensor.h"

namespace fitd {
namespace {

using Parameters = google::protobuf::Map<std::string, inference::InferParameter>;

constexpr char kClassification[] = "classification";
// Of one answer's classification: each is a text of some 20 bytes.
constexpr int64_t kMostClassTexts = int64_t{1} << 22;
// Rows of columns that are turned into features at a time: as messages they take many times their
// size.
constexpr int64_t kRowsAtATime = 256;

int64_t RowsOf(const inference::ModelInferRequest& request) {
  return request.inputs_size() > 0 && request.inputs(0).shape_size() > 0
             ? request.inputs(0).shape(0)
             : 0;
}

std::string InputPath(int input) { return IndexedPath("inputs", static_cast<size_t>(input)); }

std::vector<std::string> Names(const std::vector<TensorSignature>& tensors) {
  std::vector<std::string> names;
  for (const TensorSignature& tensor : tensors) names.push_back(tensor.name);
  return names;
}

void CheckParameters(const Parameters& parameters, const std::string& path,
                     Violations& violations) {
  for (const auto& [name, unused] : parameters) {
    if (name.starts_with("shared_memory_")) {
      violations.Add(path + ".parameters",
                     "has " + Quoted(name) + ": shared memory is not supported; send the values");
    }
  }
}

// 0 when it is not asked for; an int64 or, as some clients send it, a uint64.
int64_t Classification(const Parameters& parameters) {
  const auto found = parameters.find(kClassification);
  if (found == parameters.end()) return 0;
  const inference::InferParameter& parameter = found->second;
  if (parameter.has_uint64_param()) {
    return static_cast<int64_t>(std::min<uint64_t>(parameter.uint64_param(), INT64_MAX));
  }
  return parameter.has_int64_param() ? parameter.int64_param() : -1;
}

// What the pipeline calls rows and tensors are inputs here.
absl::Status InWordsOfTheRequest(const absl::Status& status, int64_t first_row) {
  google::rpc::BadRequest faults;
  const auto payload = status.GetPayload(kBadRequestTypeUrl);
  if (!payload.has_value() || !faults.ParseFromString(std::string(*payload))) return status;
  constexpr std::string_view kTensor = "tensor.";
  Violations violations;
  for (const auto& fault : faults.field_violations()) {
    long long row = 0;
    int input = 0;
    std::string field = fault.field();
    if (std::sscanf(field.c_str(), "rows.rows[%lld].values[%d]", &row, &input) == 2) {
      field = fmt::format("{}.contents[{}]", InputPath(input), first_row + row);
    } else if (field.starts_with(kTensor)) {
      field = InputPath(0) + "." + field.substr(kTensor.size());
    }
    violations.Add(std::move(field), fault.description());
  }
  return violations.ToStatus();
}

// The values of one column.
struct Column {
  std::optional<v1::Tensor> numbers;
  std::vector<std::string_view> texts;

  int64_t size() const {
    if (!numbers) return static_cast<int64_t>(texts.size());
    return static_cast<int64_t>(numbers->data().size()) / DataTypeSize(numbers->dtype());
  }

  void Store(int64_t row, v1::Value& value) const {
    if (!numbers) {
      value.set_text(std::string(texts[static_cast<size_t>(row)]));
      return;
    }
    value.set_number(VisitDataType(numbers->dtype(), [&](auto zero) {
      using T = decltype(zero);
      return static_cast<double>(
          LoadValue<T>(numbers->data().data() + row * static_cast<int64_t>(sizeof(T))));
    }));
  }
};

}  // namespace

InferenceCall::InferenceCall(std::string reference, const inference::ModelInferRequest& request,
                             std::function<bool()> cancelled,
                             inference::ModelInferResponse& response,
                             std::function<void(const absl::Status&)> done)
    : PredictionCall(std::move(reference), RowsOf(request),
                     static_cast<int64_t>(request.ByteSizeLong())),
      request_(request),
      cancelled_(std::move(cancelled)),
      response_(response),
      done_(std::move(done)) {}

const std::string* InferenceCall::Raw(int input) const {
  return request_.raw_input_contents().empty() ? nullptr : &request_.raw_input_contents(input);
}

absl::StatusOr<std::vector<float>> InferenceCall::Features(const LoadedModel& model) {
  const ModelSignature signature = SignatureOf(model);
  FITD_RETURN_IF_ERROR(Check(model, signature));
  return IsTensor(signature) ? TensorFeatures(model) : ColumnFeatures(model);
}

bool InferenceCall::IsTensor(const ModelSignature& signature) const {
  if (!signature.by_column) return true;
  const std::vector<std::string> columns = Names(signature.inputs);
  return request_.inputs_size() == 1 && request_.inputs(0).name() == kTensorInput &&
         std::find(columns.begin(), columns.end(), kTensorInput) == columns.end();
}

absl::Status InferenceCall::Check(const LoadedModel& model, const ModelSignature& signature) const {
  Violations violations;
  const std::string name = NameOf(model);
  for (const auto& [parameter, unused] : request_.parameters()) {
    if (parameter.starts_with("triton_") && parameter != "triton_enable_empty_final_response") {
      violations.Add("parameters", "has " + Quoted(parameter) +
                                       ": parameter names that begin with 'triton_' are reserved");
    }
  }

  const int raw = request_.raw_input_contents_size();
  if (raw > 0 && raw != request_.inputs_size()) {
    violations.Add("raw_input_contents", fmt::format("has {} entries for {} inputs; expected one "
                                                     "for each",
                                                     raw, request_.inputs_size()));
  }
  std::vector<std::string> known = Names(signature.inputs);
  std::set<std::string> missing(known.begin(), known.end());
  if (IsTensor(signature)) missing = {kTensorInput};
  std::set<std::string> given;
  for (int i = 0; i < request_.inputs_size(); ++i) {
    const InputTensor& input = request_.inputs(i);
    CheckParameters(input.parameters(), InputPath(i), violations);
    if (raw > 0 && input.contents().ByteSizeLong() > 0) {
      violations.Add(InputPath(i) + ".contents",
                     fmt::format("contents field must not be specified when using "
                                 "raw_input_contents for {} for model '{}'",
                                 Quoted(input.name()), name));
    }
    if (missing.erase(input.name()) > 0) {
      given.insert(input.name());
    } else if (given.contains(input.name())) {
      violations.Add(InputPath(i) + ".name",
                     fmt::format("{} is there twice", Quoted(input.name())));
    } else {
      violations.Add(InputPath(i) + ".name",
                     "unexpected inference input: " + UnknownName("input", input.name(), known));
    }
  }
  for (const std::string& input : missing) {
    violations.Add("inputs", fmt::format("lacks the input {} of model '{}'", Quoted(input), name));
  }

  known = Names(signature.outputs);
  std::set<std::string> wanted;
  for (int i = 0; i < request_.outputs_size(); ++i) {
    const auto& output = request_.outputs(i);
    const std::string path = IndexedPath("outputs", static_cast<size_t>(i));
    CheckParameters(output.parameters(), path, violations);
    if (std::find(known.begin(), known.end(), output.name()) == known.end()) {
      violations.Add(path + ".name",
                     "unexpected inference output: " + UnknownName("output", output.name(), known));
    } else if (!wanted.insert(output.name()).second) {
      violations.Add(path + ".name", fmt::format("{} is there twice", Quoted(output.name())));
    }
    const int64_t classification = Classification(output.parameters());
    const int64_t classes = std::min(classification, Classes(model).count());
    if (classes > 0 && rows() > kMostClassTexts / classes) {
      violations.Add(path + ".parameters.classification",
                     fmt::format("makes {} texts for each of {} rows; allowed: {} texts at most",
                                 classes, rows(), kMostClassTexts));
    }
    if (classification < 0 || (classification > 0 && output.name() != kScoresOutput)) {
      violations.Add(
          path + ".parameters.classification",
          fmt::format("allowed: an integer from 1 on, for the output '{}'", kScoresOutput));
    }
  }
  return violations.ToStatus();
}

absl::StatusOr<std::vector<float>> InferenceCall::TensorFeatures(const LoadedModel& model) const {
  const absl::StatusOr<v1::Tensor> tensor = NumbersOf(request_.inputs(0), Raw(0));
  if (!tensor.ok()) {
    Violations violations;
    violations.Add(InputPath(0), Message(tensor.status()));
    return violations.ToStatus();
  }
  absl::StatusOr<std::vector<float>> features = model.pipeline.Transform(*tensor);
  if (!features.ok()) return InWordsOfTheRequest(features.status(), 0);
  return features;
}

absl::StatusOr<std::vector<float>> InferenceCall::ColumnFeatures(const LoadedModel& model) const {
  Violations violations;
  const int64_t rows = this->rows();
  std::vector<Column> columns(static_cast<size_t>(request_.inputs_size()));
  v1::RowBatch batch;
  for (int i = 0; i < request_.inputs_size(); ++i) {
    const InputTensor& input = request_.inputs(i);
    const auto shape = Axes(input.shape());
    batch.add_columns(input.name());
    if (rows < 1 || shape.empty() || shape.size() > 2 || shape[0] != rows ||
        (shape.size() == 2 && shape[1] != 1)) {
      violations.Add(InputPath(i) + ".shape",
                     fmt::format("is {}; expected [rows, 1] or [rows], with the same rows, at "
                                 "least one, for each input",
                                 ShapeText(shape.first(std::min<size_t>(shape.size(), 8)))));
      continue;
    }
    Column& column = columns[static_cast<size_t>(i)];
    absl::Status status;
    if (input.datatype() == kBytesDatatype) {
      auto texts = TextsOf(input, Raw(i));
      status = texts.status();
      if (texts.ok()) column.texts = *std::move(texts);
    } else {
      auto numbers = NumbersOf(input, Raw(i));
      status = numbers.status();
      if (numbers.ok()) column.numbers = *std::move(numbers);
    }
    if (!status.ok()) {
      violations.Add(InputPath(i), Message(status));
    } else if (column.size() != rows) {
      violations.Add(InputPath(i),
                     fmt::format("has {} values; the shape makes {}", column.size(), rows));
    }
  }
  FITD_RETURN_IF_ERROR(violations.ToStatus());

  std::vector<float> features;
  features.reserve(static_cast<size_t>(rows * model.predictor->inputs()));
  for (int64_t begin = 0; begin < rows; begin += kRowsAtATime) {
    batch.clear_rows();
    for (int64_t row = begin; row < std::min(rows, begin + kRowsAtATime); ++row) {
      v1::Row& values = *batch.add_rows();
      for (const Column& column : columns) column.Store(row, *values.add_values());
    }
    const absl::StatusOr<std::vector<float>> some = model.pipeline.Transform(batch);
    if (!some.ok()) return InWordsOfTheRequest(some.status(), begin);
    features.insert(features.end(), some->begin(), some->end());
  }
  return features;
}

absl::Status InferenceCall::Answer(const LoadedModel& model, std::span<const float> scores) {
  response_.set_model_name(NameOf(model));
  response_.set_model_version(VersionOf(model));
  response_.set_id(request_.id());
  for (const auto& output : request_.outputs()) {
    AddOutput(model, output.name(), Classification(output.parameters()), scores);
  }
  if (request_.outputs().empty()) {
    for (const TensorSignature& output : SignatureOf(model).outputs) {
      AddOutput(model, output.name, 0, scores);
    }
  }
  return absl::OkStatus();
}

void InferenceCall::AddOutput(const LoadedModel& model, const std::string& name,
                              int64_t classification, std::span<const float> scores) {
  const int64_t outputs = model.predictor->outputs();
  const int64_t rows = static_cast<int64_t>(scores.size()) / outputs;
  auto& tensor = *response_.add_outputs();
  tensor.set_name(name);
  tensor.add_shape(rows);
  std::string& raw = *response_.add_raw_output_contents();
  if (name == kScoresOutput && classification == 0) {
    tensor.set_datatype(kScoresDatatype);
    tensor.add_shape(outputs);
    raw = RawScores(scores);
    return;
  }
  const Classes classes(model);
  const int64_t k = std::min(classification, classes.count());
  tensor.set_datatype(kBytesDatatype);
  tensor.add_shape(name == kLabelOutput ? 1 : k);
  for (const float* row = scores.data(); row < scores.data() + scores.size(); row += outputs) {
    if (name == kLabelOutput) {
      AppendRawText(classes.Label(classes.Likeliest(row)), raw);
      continue;
    }
    const std::vector<float> by_class = classes.Scores(row);
    for (const int64_t index : Classes::Top(by_class, k)) {
      std::string text = fmt::format("{:f}:{}", by_class[static_cast<size_t>(index)], index);
      if (classes.HasLabel(index)) text += ":" + classes.Label(index);
      AppendRawText(text, raw);
    }
  }
}

}  // namespace fitd
