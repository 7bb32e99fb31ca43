#include "client/fitd_client.h"

#include <fmt/format.h>

#include <chrono>
#include <random>
#include <utility>

#include "absl/time/clock.h"
#include "client/channel.h"
#include "client/errors.h"
#include "client/file_chunks.h"
#include "client/status_macros.h"
#include "client/stubs.h"
#include "client/upload_files.h"

namespace fitd::client {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(30);
constexpr absl::Duration kHealthTimeout = absl::Seconds(5);
// Passes over data: a pipeline and a network over all rows.
constexpr absl::Duration kDataTimeout = absl::Hours(1);

std::string NewRequestId() {
  std::random_device random;
  std::uniform_int_distribution<uint64_t> bits;
  return fmt::format("{:016x}{:016x}", bits(random), bits(random));
}

// Of a call that was not cancelled here: if it was all the same, then by gRPC in a daemon that is
// stopping.
absl::Status FromUncancelled(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::CANCELLED)
    return absl::UnavailableError("the daemon stopped before it answered");
  return FromGrpc(status);
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallOnce(Stub& stub,
                                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                                  const Request& request, absl::Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromUncancelled(status);
  return response;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const Endpoint& endpoint) {
  FITD_ASSIGN_OR_RETURN(const auto channel, MakeChannel(endpoint));
  auto stubs = std::make_unique<Stubs>(
      Stubs{v1::ModelService::NewStub(channel), v1::DatasetService::NewStub(channel),
            v1::JobService::NewStub(channel), v1::SearchService::NewStub(channel),
            v1::EvaluationService::NewStub(channel), v1::PredictionService::NewStub(channel),
            v1::ServerService::NewStub(channel), grpc::health::v1::Health::NewStub(channel)});
  return std::make_unique<Client>(std::move(stubs), Options());
}

Client::Client(std::unique_ptr<Stubs> stubs, Options options)
    : stubs_(std::move(stubs)), options_(std::move(options)) {}

Client::~Client() = default;

template <typename Stub, typename Method, typename Request>
auto Client::Call(Stub& stub, Method method, const Request& request, absl::Duration timeout) {
  const auto attempt = [&] { return CallOnce(stub, method, request, timeout); };
  using Response = typename decltype(attempt())::value_type;
  return Retry<Response>(options_.calls, options_.sleep, attempt);
}

template <typename Stub, typename Method, typename Request>
auto Client::Mutate(Stub& stub, Method method, Request& request) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call(stub, method, request, kCallTimeout);
}

using Models = v1::ModelService::StubInterface;
using Datasets = v1::DatasetService::StubInterface;
using Jobs = v1::JobService::StubInterface;
using Searches = v1::SearchService::StubInterface;
using Evaluations = v1::EvaluationService::StubInterface;
using Predictions = v1::PredictionService::StubInterface;
using Server = v1::ServerService::StubInterface;

absl::StatusOr<v1::CreateModelResponse> Client::CreateModel(v1::CreateModelRequest request) {
  return Mutate(*stubs_->models, &Models::CreateModel, request);
}

absl::StatusOr<v1::GetModelResponse> Client::GetModel(const v1::GetModelRequest& request) {
  return Call(*stubs_->models, &Models::GetModel, request, kCallTimeout);
}

absl::StatusOr<v1::ListModelsResponse> Client::ListModels(const v1::ListModelsRequest& request) {
  return Call(*stubs_->models, &Models::ListModels, request, kCallTimeout);
}

absl::StatusOr<v1::DeleteModelResponse> Client::DeleteModel(v1::DeleteModelRequest request) {
  return Mutate(*stubs_->models, &Models::DeleteModel, request);
}

absl::StatusOr<v1::GetModelVersionResponse> Client::GetModelVersion(
    const v1::GetModelVersionRequest& request) {
  return Call(*stubs_->models, &Models::GetModelVersion, request, kCallTimeout);
}

absl::StatusOr<v1::ListModelVersionsResponse> Client::ListModelVersions(
    const v1::ListModelVersionsRequest& request) {
  return Call(*stubs_->models, &Models::ListModelVersions, request, kCallTimeout);
}

absl::StatusOr<v1::DeleteModelVersionResponse> Client::DeleteModelVersion(
    v1::DeleteModelVersionRequest request) {
  return Mutate(*stubs_->models, &Models::DeleteModelVersion, request);
}

absl::StatusOr<v1::SetModelAliasResponse> Client::SetModelAlias(v1::SetModelAliasRequest request) {
  return Mutate(*stubs_->models, &Models::SetModelAlias, request);
}

absl::StatusOr<v1::UploadDatasetResponse> Client::UploadDataset(
    v1::UploadHeader header, const std::vector<std::string>& paths,
    const std::function<void(int64_t sent, int64_t total)>& on_progress) {
  FITD_ASSIGN_OR_RETURN(const UploadDigest digest, DigestFiles(paths));
  header.set_sha256(digest.sha256);
  if (header.request_id().empty()) header.set_request_id(NewRequestId());

  grpc::ClientContext context;
  v1::UploadDatasetResponse response;
  const auto writer = stubs_->datasets->UploadDataset(&context, &response);
  v1::UploadDatasetRequest message;
  *message.mutable_header() = std::move(header);
  bool open = writer->Write(message);
  int64_t sent = 0;
  // A false Write means that the daemon has answered already, well or ill: Finish tells.
  for (size_t i = 0; i < paths.size() && open; ++i) {
    message.mutable_chunk()->set_source(static_cast<int32_t>(i));
    absl::Status read = ForEachChunk(paths[i], [&](std::string_view chunk) {
      message.mutable_chunk()->set_data(chunk.data(), chunk.size());
      open = writer->Write(message);
      sent += static_cast<int64_t>(chunk.size());
      if (open) on_progress(sent, digest.bytes);
      return open;
    });
    if (!read.ok()) {
      context.TryCancel();
      writer->Finish();
      return read;
    }
  }
  if (open) writer->WritesDone();
  FITD_RETURN_IF_ERROR(FromGrpc(writer->Finish()));
  return response;
}

absl::StatusOr<v1::GetDatasetResponse> Client::GetDataset(const v1::GetDatasetRequest& request) {
  return Call(*stubs_->datasets, &Datasets::GetDataset, request, kCallTimeout);
}

absl::StatusOr<v1::ListDatasetsResponse> Client::ListDatasets(
    const v1::ListDatasetsRequest& request) {
  return Call(*stubs_->datasets, &Datasets::ListDatasets, request, kCallTimeout);
}

absl::StatusOr<v1::DeleteDatasetResponse> Client::DeleteDataset(v1::DeleteDatasetRequest request) {
  return Mutate(*stubs_->datasets, &Datasets::DeleteDataset, request);
}

absl::StatusOr<v1::PreviewDatasetResponse> Client::PreviewDataset(
    const v1::PreviewDatasetRequest& request) {
  return Call(*stubs_->datasets, &Datasets::PreviewDataset, request, kCallTimeout);
}

absl::StatusOr<v1::StartFitResponse> Client::StartFit(v1::StartFitRequest request) {
  return Mutate(*stubs_->jobs, &Jobs::StartFit, request);
}

absl::StatusOr<v1::GetJobResponse> Client::GetJob(const v1::GetJobRequest& request) {
  return Call(*stubs_->jobs, &Jobs::GetJob, request, kCallTimeout);
}

absl::StatusOr<v1::ListJobsResponse> Client::ListJobs(const v1::ListJobsRequest& request) {
  return Call(*stubs_->jobs, &Jobs::ListJobs, request, kCallTimeout);
}

absl::Status Client::WatchJob(v1::WatchJobRequest request,
                              const std::function<bool(const v1::WatchJobResponse&)>& on_message) {
  Backoff backoff(options_.watches);
  for (;;) {
    grpc::ClientContext context;
    const auto reader = stubs_->jobs->WatchJob(&context, request);
    v1::WatchJobResponse message;
    while (reader->Read(&message)) {
      backoff.Reset();
      if (message.has_event()) request.set_from_event(message.event().number() + 1);
      if (!on_message(message)) {
        context.TryCancel();
        reader->Finish();
        return absl::OkStatus();
      }
    }
    const absl::Status status = FromUncancelled(reader->Finish());
    if (!absl::IsUnavailable(status)) return status;
    const std::optional<absl::Duration> pause = backoff.Next();
    if (!pause.has_value()) return status;
    options_.sleep(*pause);
  }
}

absl::StatusOr<v1::CancelJobResponse> Client::CancelJob(v1::CancelJobRequest request) {
  return Mutate(*stubs_->jobs, &Jobs::CancelJob, request);
}

absl::StatusOr<v1::PauseJobResponse> Client::PauseJob(v1::PauseJobRequest request) {
  return Mutate(*stubs_->jobs, &Jobs::PauseJob, request);
}

absl::StatusOr<v1::ResumeJobResponse> Client::ResumeJob(v1::ResumeJobRequest request) {
  return Mutate(*stubs_->jobs, &Jobs::ResumeJob, request);
}

absl::StatusOr<v1::DeleteJobResponse> Client::DeleteJob(v1::DeleteJobRequest request) {
  return Mutate(*stubs_->jobs, &Jobs::DeleteJob, request);
}

absl::StatusOr<v1::StartSearchResponse> Client::StartSearch(v1::StartSearchRequest request) {
  return Mutate(*stubs_->searches, &Searches::StartSearch, request);
}

absl::StatusOr<v1::GetSearchResponse> Client::GetSearch(const v1::GetSearchRequest& request) {
  return Call(*stubs_->searches, &Searches::GetSearch, request, kCallTimeout);
}

absl::StatusOr<v1::ListSearchesResponse> Client::ListSearches(
    const v1::ListSearchesRequest& request) {
  return Call(*stubs_->searches, &Searches::ListSearches, request, kCallTimeout);
}

absl::StatusOr<v1::PauseSearchResponse> Client::PauseSearch(v1::PauseSearchRequest request) {
  return Mutate(*stubs_->searches, &Searches::PauseSearch, request);
}

absl::StatusOr<v1::ResumeSearchResponse> Client::ResumeSearch(v1::ResumeSearchRequest request) {
  return Mutate(*stubs_->searches, &Searches::ResumeSearch, request);
}

absl::StatusOr<v1::CancelSearchResponse> Client::CancelSearch(v1::CancelSearchRequest request) {
  return Mutate(*stubs_->searches, &Searches::CancelSearch, request);
}

absl::StatusOr<v1::DeleteSearchResponse> Client::DeleteSearch(v1::DeleteSearchRequest request) {
  return Mutate(*stubs_->searches, &Searches::DeleteSearch, request);
}

absl::StatusOr<v1::ListTrialsResponse> Client::ListTrials(const v1::ListTrialsRequest& request) {
  return Call(*stubs_->searches, &Searches::ListTrials, request, kCallTimeout);
}

absl::Status Client::WatchSearch(const v1::GetSearchRequest& request,
                                 const std::function<absl::Status(const v1::Search&)>& on_search) {
  // A tenth of what it has taken so far: nobody notices that the end is told a little late.
  constexpr absl::Duration kShortest = absl::Milliseconds(20);
  constexpr absl::Duration kLongest = absl::Milliseconds(500);
  const absl::Time start = absl::Now();
  Backoff backoff(options_.watches);
  for (;;) {
    absl::Duration pause = std::clamp((absl::Now() - start) / 10, kShortest, kLongest);
    const absl::StatusOr<v1::GetSearchResponse> response =
        CallOnce(*stubs_->searches, &Searches::GetSearch, request, kCallTimeout);
    if (response.ok()) {
      backoff.Reset();
      FITD_RETURN_IF_ERROR(on_search(response->search()));
      if (response->search().has_end_time()) return absl::OkStatus();
    } else {
      const std::optional<absl::Duration> retry = backoff.Next();
      if (!absl::IsUnavailable(response.status()) || !retry) return response.status();
      pause = *retry;
    }
    options_.sleep(pause);
  }
}

absl::StatusOr<v1::EvaluateResponse> Client::Evaluate(const v1::EvaluateRequest& request) {
  return Call(*stubs_->evaluations, &Evaluations::Evaluate, request, kDataTimeout);
}

absl::StatusOr<v1::PredictResponse> Client::Predict(const v1::PredictRequest& request) {
  return Call(*stubs_->predictions, &Predictions::Predict, request, kCallTimeout);
}

absl::Status Client::PredictStream(
    const std::function<absl::StatusOr<bool>(v1::PredictRequest&)>& next,
    const std::function<absl::Status(const v1::PredictResponse&)>& on_response) {
  grpc::ClientContext context;
  const auto stream = stubs_->predictions->PredictStream(&context);
  v1::PredictStreamRequest request;
  v1::PredictStreamResponse response;
  // One at a time: sending ahead without reading would stop both sides once the flow-control
  // windows are full.
  absl::Status status;
  bool answered = true;
  for (;;) {
    request.Clear();
    const absl::StatusOr<bool> more = next(*request.mutable_request());
    status = more.status();
    if (!status.ok() || !*more) break;
    answered = stream->Write(request) && stream->Read(&response);
    if (!answered) break;
    status = on_response(response.response());
    if (!status.ok()) break;
  }
  if (status.ok()) {
    stream->WritesDone();
  } else {
    context.TryCancel();
  }
  absl::Status end = FromGrpc(stream->Finish());
  if (!status.ok()) return status;
  if (end.ok() && !answered) return absl::InternalError("the daemon left rows without an answer");
  return end;
}

absl::Status Client::CheckHealth() {
  using Health = grpc::health::v1::Health::StubInterface;
  grpc::health::v1::HealthCheckRequest request;
  FITD_ASSIGN_OR_RETURN(const grpc::health::v1::HealthCheckResponse response,
                        CallOnce(*stubs_->health, &Health::Check, request, kHealthTimeout));
  if (response.status() == grpc::health::v1::HealthCheckResponse::SERVING) return absl::OkStatus();
  return absl::UnavailableError("the daemon does not serve");
}

absl::StatusOr<v1::GetServerInfoResponse> Client::GetServerInfo(
    const v1::GetServerInfoRequest& request) {
  return Call(*stubs_->server, &Server::GetServerInfo, request, kCallTimeout);
}

absl::StatusOr<v1::StoreCheckSummary> Client::CheckStore(
    const v1::CheckStoreRequest& request,
    const std::function<void(const v1::StoreFinding&)>& on_finding) {
  grpc::ClientContext context;
  const auto reader = stubs_->server->CheckStore(&context, request);
  std::optional<v1::StoreCheckSummary> summary;
  v1::CheckStoreResponse message;
  while (reader->Read(&message)) {
    if (message.has_finding()) on_finding(message.finding());
    if (message.has_summary()) summary = message.summary();
  }
  FITD_RETURN_IF_ERROR(FromGrpc(reader->Finish()));
  if (!summary) return absl::InternalError("the daemon ended the check without a summary");
  return *summary;
}

absl::Status Client::BackupStore(
    const v1::BackupStoreRequest& request,
    const std::function<absl::Status(const v1::BackupStoreResponse&)>& on_part) {
  grpc::ClientContext context;
  const auto reader = stubs_->server->BackupStore(&context, request);
  v1::BackupStoreResponse part;
  while (reader->Read(&part)) {
    if (const absl::Status status = on_part(part); !status.ok()) {
      context.TryCancel();
      reader->Finish();
      return status;
    }
  }
  return FromGrpc(reader->Finish());
}

}  // namespace fitd::client
