#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/base/mutex.h"
#include "fitd/v1/dataset_service.grpc.pb.h"
#include "fmt/format.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/idle_timer.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

// Takes chunks one at a time, then stores the data set. Owns itself until OnDone.
class UploadReactor final : public grpc::ServerReadReactor<v1::UploadDatasetRequest> {
 public:
  UploadReactor(Datasets& datasets, ThreadPool& pool, ThreadPool& upload_pool,
                std::chrono::microseconds idle, grpc::CallbackServerContext* context,
                v1::UploadDatasetResponse* response)
      : pool_(pool),
        upload_pool_(upload_pool),
        context_(context),
        response_(response),
        timer_(std::make_shared<IdleTimer>(idle)),
        upload_(datasets.NewUpload()) {
    Read();
  }

  void OnReadDone(bool ok) override {
    if (!timer_->Stop()) return;  // Too late: the call is being ended.
    const bool posted =
        ok ? pool_.Post([this] { Add(); }) : upload_pool_.Post([this] { Complete(); });
    if (!posted) Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the daemon is stopping"));
  }

  void OnDone() override { delete this; }

 private:
  void Read() {
    timer_->Start([this] {
      if (!pool_.Post([this] { End(IdleError()); })) {
        Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the daemon is stopping"));
      }
    });
    StartRead(&request_);
  }

  absl::Status IdleError() const {
    return Error(absl::StatusCode::kDeadlineExceeded,
                 fmt::format("the upload sent nothing for {} s (upload_idle_seconds)",
                             std::chrono::duration<double>(timer_->limit()).count()));
  }

  // That of the header, which is the first message.
  std::string RequestId() {
    MutexLock lock(mutex_);
    if (request_.has_header()) request_id_ = request_.header().request_id();
    return request_id_;
  }

  void Add() {
    const std::string request_id = RequestId();
    const CallScope scope(*context_, MethodOf<v1::UploadDatasetResponse>(), request_id);
    absl::StatusOr<std::optional<v1::UploadDatasetResponse>> known = Guarded([this] {
      MutexLock lock(mutex_);
      return upload_->Add(request_);
    });
    if (known.ok() && !*known) {
      Read();
    } else {
      End(known.ok() ? absl::StatusOr<v1::UploadDatasetResponse>(**std::move(known))
                     : known.status());
    }
  }

  // A read fails at the end of the stream, and also when the client is gone.
  void Complete() {
    const std::string request_id = RequestId();
    const CallScope scope(*context_, MethodOf<v1::UploadDatasetResponse>(), request_id);
    End(Guarded([this] {
      MutexLock lock(mutex_);
      return upload_->Complete([this] { return context_->IsCancelled(); });
    }));
  }

  void End(absl::StatusOr<v1::UploadDatasetResponse> response) {
    {
      MutexLock lock(mutex_);
      upload_.reset();  // Its files are gone before the client hears of it.
    }
    const grpc::Status status = ToGrpcStatus(response.status());
    if (status.ok()) *response_ = *std::move(response);
    Finish(status);
  }

  ThreadPool& pool_;
  ThreadPool& upload_pool_;
  grpc::CallbackServerContext* const context_;
  v1::UploadDatasetResponse* const response_;
  const std::shared_ptr<IdleTimer> timer_;  // Of the read under way.
  v1::UploadDatasetRequest request_;
  // gRPC calls us one at a time; the lock shows that to ThreadSanitizer, which cannot see into
  // gRPC.
  Mutex mutex_;
  std::unique_ptr<DatasetUpload> upload_ ABSL_GUARDED_BY(mutex_);
  std::string request_id_ ABSL_GUARDED_BY(mutex_);
};

class DatasetServiceRpc final : public v1::DatasetService::CallbackService {
 public:
  DatasetServiceRpc(Datasets& datasets, ThreadPool& pool, ThreadPool& upload_pool,
                    std::chrono::microseconds upload_idle)
      : datasets_(datasets), pool_(pool), upload_pool_(upload_pool), upload_idle_(upload_idle) {}

  grpc::ServerUnaryReactor* GetDataset(grpc::CallbackServerContext* context,
                                       const v1::GetDatasetRequest* request,
                                       v1::GetDatasetResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return datasets_.Get(*request); }, response);
  }

  grpc::ServerUnaryReactor* ListDatasets(grpc::CallbackServerContext* context,
                                         const v1::ListDatasetsRequest* request,
                                         v1::ListDatasetsResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return datasets_.List(*request); }, response);
  }

  grpc::ServerUnaryReactor* DeleteDataset(grpc::CallbackServerContext* context,
                                          const v1::DeleteDatasetRequest* request,
                                          v1::DeleteDatasetResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return datasets_.Delete(*request); }, response);
  }

  grpc::ServerUnaryReactor* PreviewDataset(grpc::CallbackServerContext* context,
                                           const v1::PreviewDatasetRequest* request,
                                           v1::PreviewDatasetResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return datasets_.Preview(*request); }, response);
  }

  grpc::ServerReadReactor<v1::UploadDatasetRequest>* UploadDataset(
      grpc::CallbackServerContext* context, v1::UploadDatasetResponse* response) override {
    return new UploadReactor(datasets_, pool_, upload_pool_, upload_idle_, context, response);
  }

 private:
  Datasets& datasets_;
  ThreadPool& pool_;
  ThreadPool& upload_pool_;
  const std::chrono::microseconds upload_idle_;
};

}  // namespace

NamedService MakeDatasetService(Datasets& datasets, ThreadPool& pool, ThreadPool& upload_pool,
                                std::chrono::microseconds upload_idle) {
  return {v1::DatasetService::service_full_name(),
          std::make_unique<DatasetServiceRpc>(datasets, pool, upload_pool, upload_idle)};
}

}  // namespace fitd
