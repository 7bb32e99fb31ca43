#include "server/auth/method_rules.h"

#include <algorithm>

#include "google/protobuf/descriptor.h"

namespace fitd {

const std::vector<MethodRule>& MethodRules() {
  static const auto* const rules = [] {
    auto* table = new std::vector<MethodRule>{
        // Probes bring no token.
        {"grpc.health.v1.Health/Check", Role::kAnybody},
        {"grpc.health.v1.Health/Watch", Role::kAnybody},
        {"grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Role::kPredictor},
        {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role::kPredictor},

        {"fitd.v1.PredictionService/Predict", Role::kPredictor},
        {"fitd.v1.PredictionService/PredictStream", Role::kPredictor},
        {"inference.GRPCInferenceService/ModelConfig", Role::kPredictor},
        {"inference.GRPCInferenceService/ModelInfer", Role::kPredictor},
        {"inference.GRPCInferenceService/ModelMetadata", Role::kPredictor},
        {"inference.GRPCInferenceService/ModelReady", Role::kPredictor},
        {"inference.GRPCInferenceService/ModelStatistics", Role::kPredictor},
        {"inference.GRPCInferenceService/ModelStreamInfer", Role::kPredictor},
        {"inference.GRPCInferenceService/RepositoryIndex", Role::kPredictor},
        {"inference.GRPCInferenceService/ServerLive", Role::kPredictor},
        {"inference.GRPCInferenceService/ServerMetadata", Role::kPredictor},
        {"inference.GRPCInferenceService/ServerReady", Role::kPredictor},
        {"fitd.v1.ModelService/GetModel", Role::kPredictor},
        {"fitd.v1.ModelService/GetModelVersion", Role::kPredictor},
        {"fitd.v1.ModelService/ListModels", Role::kPredictor},
        {"fitd.v1.ModelService/ListModelVersions", Role::kPredictor},
        {"fitd.v1.ServerService/GetServerInfo", Role::kPredictor},

        {"fitd.v1.ModelService/CreateModel", Role::kTrainer},
        {"fitd.v1.ModelService/DeleteModel", Role::kTrainer},
        {"fitd.v1.ModelService/DeleteModelVersion", Role::kTrainer},
        {"fitd.v1.ModelService/SetModelAlias", Role::kTrainer},
        {"fitd.v1.DatasetService/DeleteDataset", Role::kTrainer},
        {"fitd.v1.DatasetService/GetDataset", Role::kTrainer},
        {"fitd.v1.DatasetService/ListDatasets", Role::kTrainer},
        {"fitd.v1.DatasetService/PreviewDataset", Role::kTrainer},
        {"fitd.v1.DatasetService/UploadDataset", Role::kTrainer},
        {"fitd.v1.EvaluationService/Evaluate", Role::kTrainer},
        {"fitd.v1.JobService/CancelJob", Role::kTrainer},
        {"fitd.v1.JobService/DeleteJob", Role::kTrainer},
        {"fitd.v1.JobService/GetJob", Role::kTrainer},
        {"fitd.v1.JobService/ListJobs", Role::kTrainer},
        {"fitd.v1.JobService/PauseJob", Role::kTrainer},
        {"fitd.v1.JobService/ResumeJob", Role::kTrainer},
        {"fitd.v1.JobService/StartFit", Role::kTrainer},
        {"fitd.v1.JobService/WatchJob", Role::kTrainer},
        {"fitd.v1.SearchService/CancelSearch", Role::kTrainer},
        {"fitd.v1.SearchService/DeleteSearch", Role::kTrainer},
        {"fitd.v1.SearchService/GetSearch", Role::kTrainer},
        {"fitd.v1.SearchService/ListSearches", Role::kTrainer},
        {"fitd.v1.SearchService/ListTrials", Role::kTrainer},
        {"fitd.v1.SearchService/PauseSearch", Role::kTrainer},
        {"fitd.v1.SearchService/ResumeSearch", Role::kTrainer},
        {"fitd.v1.SearchService/StartSearch", Role::kTrainer},
        // They take a model away from others.
        {"inference.GRPCInferenceService/RepositoryModelLoad", Role::kTrainer},
        {"inference.GRPCInferenceService/RepositoryModelUnload", Role::kTrainer},

        // They read all that is stored.
        {"fitd.v1.ServerService/BackupStore", Role::kAdmin},
        {"fitd.v1.ServerService/CheckStore", Role::kAdmin},
    };
    std::sort(table->begin(), table->end(),
              [](const MethodRule& a, const MethodRule& b) { return a.method < b.method; });
    return table;
  }();
  return *rules;
}

std::optional<Role> LeastRole(std::string_view method) {
  const std::vector<MethodRule>& rules = MethodRules();
  const auto rule =
      std::lower_bound(rules.begin(), rules.end(), method,
                       [](const MethodRule& a, std::string_view b) { return a.method < b; });
  if (rule == rules.end() || rule->method != method) return std::nullopt;
  return rule->role;
}

std::vector<std::string> MethodsWithoutRule(const std::string& service) {
  std::vector<std::string> missing;
  const google::protobuf::ServiceDescriptor* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  if (descriptor == nullptr) return {service};
  for (int i = 0; i < descriptor->method_count(); ++i) {
    std::string method = service + "/" + descriptor->method(i)->name();
    if (!LeastRole(method)) missing.push_back(std::move(method));
  }
  return missing;
}

}  // namespace fitd
