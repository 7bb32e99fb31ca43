// The C++ client of a fitd daemon: one method per RPC. What a call does and which codes it returns
// is written at the RPC in proto/fitd/v1.
//
// Calls that find the daemon unreachable are tried again for a moment; mutating calls carry a
// request_id, so that a repetition has no second effect. UNAVAILABLE means that the daemon could
// not be reached then, DEADLINE_EXCEEDED that it did not answer. errors.h decodes what an
// INVALID_ARGUMENT holds.

#ifndef FITD_CLIENT_FITD_CLIENT_H_
#define FITD_CLIENT_FITD_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/retry.h"
#include "fitd/v1/dataset_service.pb.h"
#include "fitd/v1/evaluation_service.pb.h"
#include "fitd/v1/job_service.pb.h"
#include "fitd/v1/model_service.pb.h"
#include "fitd/v1/prediction_service.pb.h"
#include "fitd/v1/search_service.pb.h"
#include "fitd/v1/server_service.pb.h"

namespace fitd::client {

// Stands for the certificate authorities that this machine trusts.
inline constexpr char kSystemCa[] = "system";

// Where a daemon is, and what it wants to see.
struct Endpoint {
  std::string address = {};  // "HOST:PORT" or "unix:PATH".
  std::string tls_ca = {};   // PEM file of those who may vouch for it, or kSystemCa; none: no TLS.
  std::string tls_certificate = {};  // PEM files, for a daemon that asks clients for certificates.
  std::string tls_key = {};
  std::string token = {};  // Sent only over TLS, or to an address of this machine.
};

// Thread-safe.
class Client {
 public:
  struct Stubs;  // In stubs.h, for tests.

  struct Options {
    RetryPolicy calls;
    // A watch outlives a restart of the daemon: about 40 s without any message.
    RetryPolicy watches = {.attempts = 25};
    Sleep sleep = absl::SleepFor;
  };

  // Returns at once; the first call connects. INVALID_ARGUMENT for what is no address, for files
  // that cannot be read, and for a token that would leave this machine unencrypted.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const Endpoint& endpoint);

  Client(std::unique_ptr<Stubs> stubs, Options options);
  ~Client();

  absl::StatusOr<v1::CreateModelResponse> CreateModel(v1::CreateModelRequest request);
  absl::StatusOr<v1::GetModelResponse> GetModel(const v1::GetModelRequest& request);
  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request);
  absl::StatusOr<v1::DeleteModelResponse> DeleteModel(v1::DeleteModelRequest request);
  absl::StatusOr<v1::GetModelVersionResponse> GetModelVersion(
      const v1::GetModelVersionRequest& request);
  absl::StatusOr<v1::ListModelVersionsResponse> ListModelVersions(
      const v1::ListModelVersionsRequest& request);
  absl::StatusOr<v1::DeleteModelVersionResponse> DeleteModelVersion(
      v1::DeleteModelVersionRequest request);
  absl::StatusOr<v1::SetModelAliasResponse> SetModelAlias(v1::SetModelAliasRequest request);

  // Sends the files, one per source of the header, whose sha256 is filled in. Reads them twice and
  // holds one chunk at a time. `on_progress` hears of bytes sent and bytes in all. INVALID_ARGUMENT
  // for a file that cannot be read.
  absl::StatusOr<v1::UploadDatasetResponse> UploadDataset(
      v1::UploadHeader header, const std::vector<std::string>& paths,
      const std::function<void(int64_t sent, int64_t total)>& on_progress);
  absl::StatusOr<v1::GetDatasetResponse> GetDataset(const v1::GetDatasetRequest& request);
  absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(const v1::ListDatasetsRequest& request);
  absl::StatusOr<v1::DeleteDatasetResponse> DeleteDataset(v1::DeleteDatasetRequest request);
  absl::StatusOr<v1::PreviewDatasetResponse> PreviewDataset(
      const v1::PreviewDatasetRequest& request);

  absl::StatusOr<v1::StartFitResponse> StartFit(v1::StartFitRequest request);
  absl::StatusOr<v1::GetJobResponse> GetJob(const v1::GetJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  // Calls `on_message` for each message until the job's end, or until it returns false. A lost
  // connection is taken up again after the last event seen.
  absl::Status WatchJob(v1::WatchJobRequest request,
                        const std::function<bool(const v1::WatchJobResponse&)>& on_message);
  absl::StatusOr<v1::CancelJobResponse> CancelJob(v1::CancelJobRequest request);
  absl::StatusOr<v1::PauseJobResponse> PauseJob(v1::PauseJobRequest request);
  absl::StatusOr<v1::ResumeJobResponse> ResumeJob(v1::ResumeJobRequest request);
  absl::StatusOr<v1::DeleteJobResponse> DeleteJob(v1::DeleteJobRequest request);

  absl::StatusOr<v1::StartSearchResponse> StartSearch(v1::StartSearchRequest request);
  absl::StatusOr<v1::GetSearchResponse> GetSearch(const v1::GetSearchRequest& request);
  absl::StatusOr<v1::ListSearchesResponse> ListSearches(const v1::ListSearchesRequest& request);
  absl::StatusOr<v1::PauseSearchResponse> PauseSearch(v1::PauseSearchRequest request);
  absl::StatusOr<v1::ResumeSearchResponse> ResumeSearch(v1::ResumeSearchRequest request);
  absl::StatusOr<v1::CancelSearchResponse> CancelSearch(v1::CancelSearchRequest request);
  absl::StatusOr<v1::DeleteSearchResponse> DeleteSearch(v1::DeleteSearchRequest request);
  absl::StatusOr<v1::ListTrialsResponse> ListTrials(const v1::ListTrialsRequest& request);
  // Tells what the search has come to, every half second at least until its end. A lost connection
  // is taken up again. An error of `on_search` ends it and is returned.
  absl::Status WatchSearch(const v1::GetSearchRequest& request,
                           const std::function<absl::Status(const v1::Search&)>& on_search);

  absl::StatusOr<v1::EvaluateResponse> Evaluate(const v1::EvaluateRequest& request);

  absl::StatusOr<v1::PredictResponse> Predict(const v1::PredictRequest& request);
  // Sends what `next` fills in until it returns false, and hands over the answers in the same
  // order. An error of `next` or `on_response` ends the stream and is returned.
  absl::Status PredictStream(
      const std::function<absl::StatusOr<bool>(v1::PredictRequest&)>& next,
      const std::function<absl::Status(const v1::PredictResponse&)>& on_response);

  // Whether the daemon serves, asked once: UNAVAILABLE if it does not. Needs no token.
  absl::Status CheckHealth();
  absl::StatusOr<v1::GetServerInfoResponse> GetServerInfo(const v1::GetServerInfoRequest& request);
  // Hands over what the check finds and gives its summary. INTERNAL when the stream ends before it.
  absl::StatusOr<v1::StoreCheckSummary> CheckStore(
      const v1::CheckStoreRequest& request,
      const std::function<void(const v1::StoreFinding&)>& on_finding);
  // Hands over the parts of a backup; an error of `on_part` ends it and is returned. backup_dir.h
  // makes a directory of them.
  absl::Status BackupStore(
      const v1::BackupStoreRequest& request,
      const std::function<absl::Status(const v1::BackupStoreResponse&)>& on_part);

 private:
  template <typename Stub, typename Method, typename Request>
  auto Call(Stub& stub, Method method, const Request& request, absl::Duration timeout);
  template <typename Stub, typename Method, typename Request>
  auto Mutate(Stub& stub, Method method, Request& request);

  const std::unique_ptr<Stubs> stubs_;
  const Options options_;
};

}  // namespace fitd::client

#endif  // FITD_CLIENT_FITD_CLIENT_H_
