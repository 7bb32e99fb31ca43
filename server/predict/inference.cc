#include "server/predict/inference.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/names.h"
#include "core/base/version.h"
#include "core/base/violations.h"
#include "fmt/format.h"
#include "server/predict/inference_call.h"
#include "server/predict/inference_tensor.h"
#include "server/predict/model_signature.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

constexpr char kPlatform[] = "fitd";
constexpr char kReady[] = "READY";
constexpr char kUnavailable[] = "UNAVAILABLE";

// "mnist" and "3" -> "mnist@3".
absl::StatusOr<std::string> ReferenceOf(const std::string& name, const std::string& version) {
  if (version.empty()) return name;
  if (name.find('@') != name.npos || ReferencedJob(name)) {
    return InvalidArgument(
        fmt::format("the version is {}; allowed: none, as the name {} stands for a version",
                    Quoted(version), Quoted(name)));
  }
  if (version.front() == '0' || !std::all_of(version.begin(), version.end(), [](char digit) {
        return digit >= '0' && digit <= '9';
      })) {
    return InvalidArgument(
        fmt::format("failed to get model version from specified version string {}: version should "
                    "be an integral value > 0; an alias goes into the name: \"{}@champion\"",
                    Quoted(version), name));
  }
  return name + "@" + version;
}

// The protocol knows no models without versions, and has its own words for unknown ones.
absl::Status InWordsOfTheProtocol(const absl::Status& status, const std::string& name,
                                  const std::string& version) {
  const std::string request = fmt::format("Request for unknown model: '{}'", name);
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return NotFound(version.empty() ? fmt::format("{} is not found: {}", request, Message(status))
                                      : fmt::format("{} version {} is not found: {}", request,
                                                    version, Message(status)));
    case absl::StatusCode::kFailedPrecondition:
      return NotFound(fmt::format("{} has no available versions: {}", request, Message(status)));
    default:
      return status;
  }
}

void Set(const Tally& tally, inference::StatisticDuration& duration) {
  duration.set_count(static_cast<uint64_t>(tally.count));
  duration.set_ns(static_cast<uint64_t>(tally.time.count()));
}

void Set(const VersionStatistics& from, inference::ModelStatistics& to) {
  to.set_last_inference(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(from.last_batch.time_since_epoch())
          .count()));
  to.set_inference_count(static_cast<uint64_t>(from.rows));
  to.set_execution_count(static_cast<uint64_t>(from.batches));
  inference::InferStatistics& calls = *to.mutable_inference_stats();
  Set(from.success, *calls.mutable_success());
  Set(from.fail, *calls.mutable_fail());
  Set(from.queue, *calls.mutable_queue());
  Set(from.stages.input, *calls.mutable_compute_input());
  Set(from.stages.infer, *calls.mutable_compute_infer());
  Set(from.stages.output, *calls.mutable_compute_output());
  for (const auto& [rows, tallies] : from.by_rows) {
    inference::InferBatchStatistics& batches = *to.add_batch_stats();
    batches.set_batch_size(static_cast<uint64_t>(rows));
    Set(tallies.input, *batches.mutable_compute_input());
    Set(tallies.infer, *batches.mutable_compute_infer());
    Set(tallies.output, *batches.mutable_compute_output());
  }
}

void Set(const TensorSignature& from, inference::ModelMetadataResponse::TensorMetadata& to) {
  to.set_name(from.name);
  to.set_datatype(from.datatype);
  to.add_shape(-1);
  to.mutable_shape()->Add(from.dims.begin(), from.dims.end());
}

template <typename Tensor>  // ModelInput or ModelOutput.
void SetConfig(const TensorSignature& from, Tensor& to) {
  to.set_name(from.name);
  to.set_data_type(FindDatatype(from.datatype)->config);
  to.mutable_dims()->Add(from.dims.begin(), from.dims.end());
}

// Without a version or an alias.
std::string_view NameIn(std::string_view reference) {
  return reference.substr(0, reference.find('@'));
}

// Tells a model from one of the same name that was deleted.
std::pair<int64_t, int32_t> CreateTime(const v1::Model& model) {
  return {model.create_time().seconds(), model.create_time().nanos()};
}

// The model that a load or an unload means, in either dialect.
template <typename Request>
absl::StatusOr<std::string> ModelOf(const Request& request) {
  if (request.model_name().empty()) return request.repository_name();
  if (request.repository_name().empty()) return request.model_name();
  return absl::UnimplementedError("'repository_name' specification is not supported");
}

}  // namespace

inference::ServerMetadataResponse Inference::ServerMetadata() {
  inference::ServerMetadataResponse response;
  response.set_name(kPlatform);
  response.set_version(kVersion);
  for (const char* extension :
       {"classification", "model_repository", "model_repository(unload_dependents)",
        "model_configuration", "binary_tensor_data", "parameters", "statistics"}) {
    response.add_extensions(extension);
  }
  return response;
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> Inference::Find(const std::string& name,
                                                                   const std::string& version) {
  FITD_ASSIGN_OR_RETURN(const std::string reference, ReferenceOf(name, version));
  FITD_RETURN_IF_ERROR(CheckLoaded(name));
  absl::StatusOr<std::shared_ptr<const LoadedModel>> model = models_.Get(reference);
  if (!model.ok()) return InWordsOfTheProtocol(model.status(), name, version);
  return model;
}

absl::Status Inference::CheckLoaded(const std::string& name) {
  std::string model(NameIn(name));
  const std::optional<int64_t> job = ReferencedJob(name);
  {
    MutexLock lock(mutex_);
    if (job ? unloaded_.empty() : !unloaded_.contains(model)) return absl::OkStatus();
  }
  return store_.InTransaction([&](Transaction& transaction) {
    if (job) {
      if (const std::optional<v1::Job> stored = transaction.jobs.Find(*job); stored)
        model = stored->spec().model();
    }
    if (!IsUnloaded(transaction, model)) return absl::OkStatus();
    return Error(
        absl::StatusCode::kUnavailable,
        fmt::format("Request for unknown model: '{}' is not at ready state: it was unloaded",
                    model));
  });
}

bool Inference::IsUnloaded(Transaction& transaction, const std::string& model) {
  const std::optional<v1::Model> stored = transaction.models.Find(model);
  MutexLock lock(mutex_);
  const auto found = unloaded_.find(model);
  return found != unloaded_.end() && stored && found->second == CreateTime(*stored);
}

absl::StatusOr<inference::ModelReadyResponse> Inference::ModelReady(
    const inference::ModelReadyRequest& request) {
  FITD_RETURN_IF_ERROR(ReferenceOf(request.name(), request.version()).status());
  inference::ModelReadyResponse response;
  response.set_ready(Find(request.name(), request.version()).ok());
  return response;
}

absl::StatusOr<inference::ModelMetadataResponse> Inference::ModelMetadata(
    const inference::ModelMetadataRequest& request) {
  FITD_ASSIGN_OR_RETURN(const auto model, Find(request.name(), request.version()));
  inference::ModelMetadataResponse response;
  response.set_name(NameOf(*model));
  response.set_platform(kPlatform);
  const ModelSignature signature = SignatureOf(*model);
  for (const TensorSignature& input : signature.inputs) Set(input, *response.add_inputs());
  for (const TensorSignature& output : signature.outputs) Set(output, *response.add_outputs());
  auto& properties = *response.mutable_properties();
  properties["version"] = VersionOf(*model);
  if (model->is_epoch()) {
    response.add_versions(VersionOf(*model));
    return response;
  }
  properties["weights_sha256"] = model->version.weights_sha256();
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) {
    for (const auto& key : transaction.models.VersionKeys(response.name())) {
      response.add_versions(std::to_string(key.version));
    }
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<inference::ModelConfigResponse> Inference::ModelConfig(
    const inference::ModelConfigRequest& request) {
  FITD_ASSIGN_OR_RETURN(const auto model, Find(request.name(), request.version()));
  inference::ModelConfigResponse response;
  inference::ModelConfig& config = *response.mutable_config();
  config.set_name(NameOf(*model));
  config.set_platform(kPlatform);
  config.set_backend(kPlatform);
  config.mutable_version_policy()->mutable_all();
  config.set_max_batch_size(static_cast<int32_t>(kMostPredictRows));
  const ModelSignature signature = SignatureOf(*model);
  for (const TensorSignature& input : signature.inputs) SetConfig(input, *config.add_input());
  for (const TensorSignature& output : signature.outputs) SetConfig(output, *config.add_output());
  config.mutable_dynamic_batching();
  config.mutable_model_transaction_policy()->set_decoupled(false);
  return response;
}

absl::StatusOr<inference::ModelStatisticsResponse> Inference::ModelStatistics(
    const inference::ModelStatisticsRequest& request) {
  std::string version = request.version();
  std::vector<std::string> names;
  if (!request.name().empty()) {
    FITD_ASSIGN_OR_RETURN(const auto model, Find(request.name(), request.version()));
    if (model->is_epoch()) {
      inference::ModelStatisticsResponse response;
      inference::ModelStatistics& statistics = *response.add_model_stats();
      statistics.set_name(NameOf(*model));
      statistics.set_version(VersionOf(*model));
      Set(executor_.statistics().Get(model->id), statistics);
      return response;
    }
    names.push_back(model->version.model());
    if (request.name() != model->version.model()) version = VersionOf(*model);
  } else if (!version.empty()) {
    return InvalidArgument(
        fmt::format("the version is {}; allowed: none without a name", Quoted(version)));
  }
  inference::ModelStatisticsResponse response;
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) {
    if (names.empty()) names = transaction.models.Names();
    for (const std::string& name : names) {
      for (const auto& key : transaction.models.VersionKeys(name)) {
        const std::string number = std::to_string(key.version);
        if (!version.empty() && version != number) continue;
        inference::ModelStatistics& statistics = *response.add_model_stats();
        statistics.set_name(name);
        statistics.set_version(number);
        Set(executor_.statistics().Get(key.id), statistics);
      }
    }
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<inference::RepositoryIndexResponse> Inference::RepositoryIndex(
    const inference::RepositoryIndexRequest& request) {
  if (!request.repository_name().empty()) {
    return absl::UnimplementedError("'repository_name' specification is not supported");
  }
  inference::RepositoryIndexResponse response;
  const auto add = [&](const std::string& name, const std::string& version,
                       const std::string& reason) {
    if (request.ready() && !reason.empty()) return;
    auto& model = *response.add_models();
    model.set_name(name);
    model.set_version(version);
    model.set_state(reason.empty() ? kReady : kUnavailable);
    model.set_reason(reason);
  };
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) {
    for (const std::string& name : transaction.models.Names()) {
      const auto keys = transaction.models.VersionKeys(name);
      if (keys.empty()) add(name, "", "no version yet: train it first");
      const std::string reason = IsUnloaded(transaction, name) ? "unloaded" : "";
      for (const auto& key : keys) add(name, std::to_string(key.version), reason);
    }
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<inference::RepositoryModelLoadResponse> Inference::RepositoryModelLoad(
    const inference::RepositoryModelLoadRequest& request) {
  FITD_ASSIGN_OR_RETURN(const std::string name, ModelOf(request));
  if (!request.parameters().empty()) {
    return InvalidArgument(
        fmt::format("parameters: has {}; allowed: none, as models come from training",
                    Quoted(request.parameters().begin()->first)));
  }
  const auto loaded = models_.Get(name);
  if (!loaded.ok()) return InWordsOfTheProtocol(loaded.status(), name, "");
  {
    MutexLock lock(mutex_);
    unloaded_.erase((*loaded)->version.model());
  }
  inference::RepositoryModelLoadResponse response;
  response.set_model_name(name);
  response.set_is_loaded(true);
  return response;
}

absl::StatusOr<inference::RepositoryModelUnloadResponse> Inference::RepositoryModelUnload(
    const inference::RepositoryModelUnloadRequest& request) {
  FITD_ASSIGN_OR_RETURN(const std::string name, ModelOf(request));
  for (const auto& [parameter, unused] : request.parameters()) {
    if (parameter != "unload_dependents") {
      return InvalidArgument(
          fmt::format("parameters: has {}; allowed: unload_dependents", Quoted(parameter)));
    }
  }
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) {
    const std::optional<v1::Model> model = transaction.models.Find(name);
    if (!model) return InWordsOfTheProtocol(UnknownModel(transaction, name), name, "");
    MutexLock lock(mutex_);
    unloaded_[name] = CreateTime(*model);
    return absl::OkStatus();
  }));
  models_.Forget(name);
  inference::RepositoryModelUnloadResponse response;
  response.set_model_name(name);
  response.set_is_unloaded(true);
  return response;
}

void Inference::ModelInfer(const inference::ModelInferRequest& request,
                           std::function<bool()> cancelled, inference::ModelInferResponse& response,
                           std::function<void(const absl::Status&)> done) {
  absl::StatusOr<std::string> reference =
      ReferenceOf(request.model_name(), request.model_version());
  absl::Status status = reference.status();
  if (status.ok()) status = CheckLoaded(request.model_name());
  if (!status.ok()) return done(status);
  executor_.Submit(std::make_unique<InferenceCall>(
      *std::move(reference), request, std::move(cancelled), response,
      [&request, done = std::move(done)](const absl::Status& answered) {
        done(InWordsOfTheProtocol(answered, request.model_name(), request.model_version()));
      }));
}

}  // namespace fitd
