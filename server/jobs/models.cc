#include "server/jobs/models.h"

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/nn/resolve_model.h"
#include "fmt/format.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/jobs/housekeeping.h"
#include "server/jobs/paging.h"
#include "server/jobs/request.h"
#include "server/jobs/search_trials.h"
#include "server/jobs/time.h"
#include "server/log/log.h"
#include "server/store/model_reference.h"

namespace fitd {

absl::StatusOr<v1::CreateModelResponse> Models::Create(const v1::CreateModelRequest& request) {
  Violations violations;
  CheckId("name", request.name(), violations);
  v1::Model model;
  model.set_name(request.name());
  if (request.has_spec()) {
    *model.mutable_spec() = request.spec();
    const ModelShape shape =
        ResolveModel(*model.mutable_spec(), max_parameters_, "spec", violations);
    *model.mutable_layers() = {shape.layers.begin(), shape.layers.end()};
    model.set_trainable_parameters(shape.trainable_parameters);
    model.set_non_trainable_parameters(shape.non_trainable_parameters);
  } else {
    violations.Add("spec", "is required");
  }
  CheckRequestId("request_id", request.request_id(), violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());

  const auto create = [&](Transaction& transaction) -> absl::StatusOr<v1::CreateModelResponse> {
    v1::CreateModelResponse response;
    if (const std::optional<v1::Model> known = transaction.models.Find(request.name())) {
      if (!google::protobuf::util::MessageDifferencer::Equals(known->spec(), model.spec())) {
        return absl::AlreadyExistsError(
            fmt::format("model {} exists with another architecture; delete it or take another name",
                        request.name()));
      }
      *response.mutable_model() = *known;
      return response;
    }
    *model.mutable_create_time() = ToTimestamp(transaction.now());
    if (!request.validate_only()) {
      transaction.models.Insert(model);
      transaction.ModelsChanged();
      Log(LogLevel::kInfo, "model_created",
          {{"model", model.name()}, {"parameters", model.trainable_parameters()}});
    }
    *response.mutable_model() = model;
    return response;
  };
  return request.validate_only() ? store_.InTransaction(create)
                                 : OncePerRequestId(store_, request, create);
}

absl::StatusOr<v1::GetModelResponse> Models::Get(const v1::GetModelRequest& request) {
  Violations violations;
  CheckId("name", request.name(), violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::GetModelResponse> {
        std::optional<v1::Model> model = transaction.models.Find(request.name());
        if (!model) return UnknownModel(transaction, request.name());
        v1::GetModelResponse response;
        *response.mutable_model() = *std::move(model);
        return response;
      });
}

absl::StatusOr<v1::ListModelsResponse> Models::List(const v1::ListModelsRequest& request) {
  constexpr char kScope[] = "models";
  Violations violations;
  const Page page = ResolvePage(request.page_size(), request.page_token(), kScope, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::ListModelsResponse> {
        v1::ListModelsResponse response;
        PageRoom room(page);
        for (v1::Model& model : transaction.models.List(page.cursor, page.size + 1)) {
          if (!room.Take(model)) {
            response.set_next_page_token(MakePageToken(kScope, response.models().rbegin()->name()));
            break;
          }
          *response.add_models() = std::move(model);
        }
        return response;
      });
}

absl::StatusOr<v1::DeleteModelResponse> Models::Delete(const v1::DeleteModelRequest& request) {
  Violations violations;
  CheckId("name", request.name(), violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return OncePerRequestId(
      store_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::DeleteModelResponse> {
        if (!transaction.models.Find(request.name()))
          return UnknownModel(transaction, request.name());
        if (const auto job = transaction.jobs.ActiveJobOfModel(request.name())) {
          return FailedPrecondition(fmt::format(
              "model {} is being trained by job {}; cancel it first", request.name(), *job));
        }
        const v1::Search* const search = transaction.searches.Get(request.name());
        if (search != nullptr && !IsFinal(search->state())) {
          return FailedPrecondition(
              fmt::format("model {0} is trained by search {0}; cancel it first", request.name()));
        }
        const std::vector<v1::ModelVersion> versions =
            transaction.models.ListVersions(request.name(), std::numeric_limits<int64_t>::max(),
                                            std::numeric_limits<int64_t>::max());
        for (const v1::ModelVersion& version : versions)
          RemoveVersion(transaction, store_.directory(), version);
        transaction.models.Delete(request.name());
        transaction.ModelsChanged();
        Log(LogLevel::kInfo, "model_deleted", {{"model", request.name()}});
        return v1::DeleteModelResponse();
      });
}

absl::StatusOr<v1::GetModelVersionResponse> Models::GetVersion(
    const v1::GetModelVersionRequest& request) {
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::GetModelVersionResponse> {
        v1::GetModelVersionResponse response;
        FITD_ASSIGN_OR_RETURN(*response.mutable_version(),
                              FindReferencedVersion(transaction, request.model()));
        return response;
      });
}

absl::StatusOr<v1::ListModelVersionsResponse> Models::ListVersions(
    const v1::ListModelVersionsRequest& request) {
  Violations violations;
  CheckId("model", request.model(), violations);
  const std::string scope = "versions of " + request.model();
  const Page page = ResolvePage(request.page_size(), request.page_token(), scope, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  int64_t before = std::numeric_limits<int64_t>::max();
  std::from_chars(page.cursor.data(), page.cursor.data() + page.cursor.size(), before);
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::ListModelVersionsResponse> {
        if (!transaction.models.Find(request.model()))
          return UnknownModel(transaction, request.model());
        v1::ListModelVersionsResponse response;
        PageRoom room(page);
        for (v1::ModelVersion& version :
             transaction.models.ListVersions(request.model(), before, page.size + 1)) {
          if (!room.Take(version)) {
            response.set_next_page_token(
                MakePageToken(scope, std::to_string(response.versions().rbegin()->version())));
            break;
          }
          *response.add_versions() = std::move(version);
        }
        return response;
      });
}

absl::StatusOr<v1::DeleteModelVersionResponse> Models::DeleteVersion(
    const v1::DeleteModelVersionRequest& request) {
  Violations violations;
  CheckId("model", request.model(), violations);
  if (request.version() < 1) {
    violations.Add("version", fmt::format("is {}; allowed: 1 or more", request.version()));
  }
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return OncePerRequestId(
      store_, request,
      [&](Transaction& transaction) -> absl::StatusOr<v1::DeleteModelVersionResponse> {
        const std::optional<v1::Model> model = transaction.models.Find(request.model());
        if (!model) return UnknownModel(transaction, request.model());
        const auto version = transaction.models.FindVersion(request.model(), request.version());
        if (!version) return UnknownVersion(transaction, request.model(), request.version());
        for (const auto& [alias, target] : model->aliases()) {
          if (target == request.version()) {
            return FailedPrecondition(fmt::format("alias {} stands for {}@{}; move it first", alias,
                                                  request.model(), request.version()));
          }
        }
        if (const auto job =
                transaction.jobs.ActiveJobWithVersion(request.model(), request.version())) {
          return FailedPrecondition(fmt::format("job {} needs {}@{}; cancel it first", *job,
                                                request.model(), request.version()));
        }
        if (const auto trial =
                transaction.searches.ActiveTrialWithVersion(request.model(), request.version())) {
          return FailedPrecondition(
              fmt::format("trial {} of search {} needs {}@{}; cancel it first", *trial,
                          request.model(), request.model(), request.version()));
        }
        RemoveVersion(transaction, store_.directory(), *version);
        Log(LogLevel::kInfo, "version_deleted",
            {{"model", request.model()}, {"version", request.version()}});
        return v1::DeleteModelVersionResponse();
      });
}

absl::StatusOr<v1::SetModelAliasResponse> Models::SetAlias(
    const v1::SetModelAliasRequest& request) {
  Violations violations;
  CheckId("model", request.model(), violations);
  if (!IsValidAlias(request.alias())) {
    violations.Add("alias", fmt::format("is {}; allowed: {}, beginning with a letter",
                                        Quoted(request.alias()), kIdRule));
  }
  if (request.version() < 0) {
    violations.Add("version", fmt::format("is {}; allowed: 1 or more, or 0 to remove the alias",
                                          request.version()));
  }
  if (request.expected_version() < 0) {
    violations.Add("expected_version",
                   fmt::format("is {}; allowed: 0 or more", request.expected_version()));
  }
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return OncePerRequestId(
      store_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::SetModelAliasResponse> {
        const std::optional<v1::Model> model = transaction.models.Find(request.model());
        if (!model) return UnknownModel(transaction, request.model());
        if (request.version() != 0 &&
            !transaction.models.FindVersion(request.model(), request.version())) {
          return UnknownVersion(transaction, request.model(), request.version());
        }
        const int64_t current = transaction.models.FindAlias(request.model(), request.alias());
        if (request.has_expected_version() && request.expected_version() != current) {
          return absl::AbortedError(
              current == 0
                  ? fmt::format("alias {} does not exist; expected it to stand for {}@{}",
                                request.alias(), request.model(), request.expected_version())
                  : fmt::format("alias {} stands for version {}, not {}", request.alias(), current,
                                request.expected_version()));
        }
        if (request.version() == 0 && current == 0) return UnknownAlias(*model, request.alias());
        transaction.models.SetAlias(request.model(), request.alias(), request.version());
        transaction.ModelsChanged();
        Log(LogLevel::kInfo, "alias_set",
            {{"model", request.model()},
             {"alias", request.alias()},
             {"version", request.version()},
             {"before", current}});
        v1::SetModelAliasResponse response;
        *response.mutable_model() = *transaction.models.Find(request.model());
        return response;
      });
}

}  // namespace fitd
