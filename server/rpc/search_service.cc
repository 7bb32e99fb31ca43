#include "fitd/v1/search_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace fitd {
namespace {

class SearchServiceRpc final : public v1::SearchService::CallbackService {
 public:
  SearchServiceRpc(Searches& searches, ThreadPool& pool) : searches_(searches), pool_(pool) {}

  grpc::ServerUnaryReactor* StartSearch(grpc::CallbackServerContext* context,
                                        const v1::StartSearchRequest* request,
                                        v1::StartSearchResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.Start(*request); }, response);
  }

  grpc::ServerUnaryReactor* GetSearch(grpc::CallbackServerContext* context,
                                      const v1::GetSearchRequest* request,
                                      v1::GetSearchResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.Get(*request); }, response);
  }

  grpc::ServerUnaryReactor* ListSearches(grpc::CallbackServerContext* context,
                                         const v1::ListSearchesRequest* request,
                                         v1::ListSearchesResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.List(*request); }, response);
  }

  grpc::ServerUnaryReactor* PauseSearch(grpc::CallbackServerContext* context,
                                        const v1::PauseSearchRequest* request,
                                        v1::PauseSearchResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.Pause(*request); }, response);
  }

  grpc::ServerUnaryReactor* ResumeSearch(grpc::CallbackServerContext* context,
                                         const v1::ResumeSearchRequest* request,
                                         v1::ResumeSearchResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.Resume(*request); }, response);
  }

  grpc::ServerUnaryReactor* CancelSearch(grpc::CallbackServerContext* context,
                                         const v1::CancelSearchRequest* request,
                                         v1::CancelSearchResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.Cancel(*request); }, response);
  }

  grpc::ServerUnaryReactor* DeleteSearch(grpc::CallbackServerContext* context,
                                         const v1::DeleteSearchRequest* request,
                                         v1::DeleteSearchResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.Delete(*request); }, response);
  }

  grpc::ServerUnaryReactor* ListTrials(grpc::CallbackServerContext* context,
                                       const v1::ListTrialsRequest* request,
                                       v1::ListTrialsResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return searches_.ListTrials(*request); },
        response);
  }

 private:
  Searches& searches_;
  ThreadPool& pool_;
};

}  // namespace

NamedService MakeSearchService(Searches& searches, ThreadPool& pool) {
  return {v1::SearchService::service_full_name(),
          std::make_unique<SearchServiceRpc>(searches, pool)};
}

}  // namespace fitd
