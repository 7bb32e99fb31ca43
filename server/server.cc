#include "server/server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/version.h"
#include "fmt/format.h"
#include "google/protobuf/stubs/logging.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "server/auth/authenticator.h"
#include "server/auth/method_rules.h"
#include "server/config.h"
#include "server/http/http_server.h"
#include "server/http/request_metrics.h"
#include "server/http/state_metrics.h"
#include "server/jobs/datasets.h"
#include "server/jobs/housekeeping.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/maintenance.h"
#include "server/jobs/models.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/searches.h"
#include "server/jobs/server_info.h"
#include "server/jobs/training_jobs.h"
#include "server/log/log.h"
#include "server/machine.h"
#include "server/predict/evaluation.h"
#include "server/predict/inference.h"
#include "server/predict/model_cache.h"
#include "server/predict/prediction.h"
#include "server/predict/prediction_executor.h"
#include "server/rpc/address.h"
#include "server/rpc/credentials.h"
#include "server/rpc/listener.h"
#include "server/rpc/request_interceptor.h"
#include "server/rpc/services.h"
#include "server/rpc/thread_pool.h"
#include "server/store/data_dir.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {
namespace {

// Of each kind of call that reads whole data sets: uploads and evaluations.
constexpr int kSlowThreads = 2;
// Checks and backups, which read all that is stored.
constexpr int kMaintenanceThreads = 1;

// Thousands of watchers take one thread's time at most, and what training leaves of that.
constexpr int kWatchNiceness = 5;

// For watchers to read how their streams ended, before connections are closed.
constexpr std::chrono::milliseconds kTimeToHearTheEnd{50};

std::chrono::microseconds ToDuration(double seconds) {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::duration<double>(seconds));
}

v1::Limits LimitsOf(const v1::ServerConfig& config) {
  v1::Limits limits;
  limits.set_max_message_bytes(config.max_message_bytes());
  limits.set_max_dataset_bytes(config.max_dataset_bytes());
  limits.set_max_parameters(config.max_parameters());
  limits.set_max_predict_rows(kMostPredictRows);
  limits.set_max_memory_bytes(config.max_memory_bytes());
  return limits;
}

void LogFromGrpc(gpr_log_func_args* args) {
  Log(args->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarn : LogLevel::kDebug, "grpc",
      {{"message", args->message}});
}

// What protobuf has to say, such as of a string that is not UTF-8, whoever sent it hears too.
void LogFromProtobuf(google::protobuf::LogLevel /*level*/, const char* /*file*/, int /*line*/,
                     const std::string& message) {
  Log(LogLevel::kDebug, "protobuf", {{"message", message}});
}

void SetUpGrpc() {
  google::protobuf::SetLogHandler(&LogFromProtobuf);
  gpr_set_log_function(&LogFromGrpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // Never undone: the last grpc_shutdown waits 10 s for connections that are still closing.
  grpc_init();
}

// What bounds a hostile or broken peer. A limit on messages alone is checked only after they were
// buffered; compressed ones grow past every quota.
void Harden(grpc::ServerBuilder& builder, const v1::ServerConfig& config) {
  grpc::ResourceQuota quota("fitd");
  quota.Resize(size_t{256} << 20);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(static_cast<int>(config.max_message_bytes()));
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1024);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
}

// Takes microseconds of each call.
void CountRequests(grpc::ServerBuilder& builder, RequestMetrics& metrics) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(MakeRequestCounter(metrics));
  builder.experimental().SetInterceptorCreators(std::move(creators));
}

}  // namespace

// In the order of construction; destroyed from the end.
struct Server::Parts {
  Parts(const v1::ServerConfig& server_config, int available_cores,
        std::unique_ptr<Authenticator> token_check, std::unique_ptr<DataDir> data_dir,
        std::unique_ptr<Store> opened_store)
      : config(server_config),
        cores(available_cores),
        authenticator(std::move(token_check)),
        directory(std::move(data_dir)),
        store(std::move(opened_store)),
        tables(*directory),
        housekeeping(*store, {.keep_versions = config.keep_versions(),
                              .keep_finished_jobs = config.keep_finished_jobs()}),
        scheduler(*store, tables, feeds, running_models,
                  {.workers = config.workers(),
                   .cores = cores,
                   .max_memory_bytes = config.max_memory_bytes(),
                   .max_stacked_trials = config.max_stacked_trials(),
                   .checkpoint_interval = ToDuration(config.checkpoint_interval_seconds()),
                   .jobs_ended = [this] { housekeeping.Run(); }}),
        model_cache(*store, running_models),
        models(*store, config.max_parameters()),
        datasets(*store, tables, config.max_dataset_bytes()),
        jobs(*store, tables, feeds, scheduler, config.max_memory_bytes()),
        searches(*store, tables, feeds, scheduler,
                 {.workers = config.workers(),
                  .max_stacked_trials = config.max_stacked_trials(),
                  .max_memory_bytes = config.max_memory_bytes(),
                  .max_parameters = config.max_parameters()}),
        evaluation(*store, tables, model_cache),
        executor(model_cache, {.threads = std::max(2, cores)}),
        prediction(executor),
        inference(*store, model_cache, executor),
        maintenance(*store, scheduler),
        state_metrics(*store, feeds),
        info(*store, cores, config.workers(), LimitsOf(config)),
        pool(std::max(4, 2 * cores)),
        upload_pool(kSlowThreads),
        evaluation_pool(kSlowThreads),
        maintenance_pool(kMaintenanceThreads),
        watch_pool(1, kWatchNiceness) {}

  const v1::ServerConfig config;
  const int cores;
  std::unique_ptr<Authenticator> authenticator;
  std::unique_ptr<DataDir> directory;
  std::unique_ptr<Store> store;
  Tables tables;
  JobFeeds feeds;
  Housekeeping housekeeping;
  RunningModels running_models;
  Scheduler scheduler;
  ModelCache model_cache;
  Models models;
  Datasets datasets;
  TrainingJobs jobs;
  Searches searches;
  Evaluation evaluation;
  PredictionExecutor executor;
  Prediction prediction;
  Inference inference;
  Maintenance maintenance;
  RequestMetrics request_metrics;
  StateMetrics state_metrics;
  ServerInfo info;
  ThreadPool pool;
  // Work of one kind cannot keep another waiting.
  ThreadPool upload_pool;
  ThreadPool evaluation_pool;
  ThreadPool maintenance_pool;
  ThreadPool watch_pool;
  std::vector<NamedService> services;
  std::unique_ptr<Listener> listener;  // None before the start.
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  std::unique_ptr<grpc::Server> grpc_server;
  int port = 0;
  std::atomic<bool> stopping{false};
  std::unique_ptr<HttpServer> http;  // None unless asked for.
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const v1::ServerConfig& config) {
  FITD_ASSIGN_OR_RETURN(
      auto directory,
      DataDir::Open(config.data_dir(), {.min_free_bytes = config.min_free_disk_bytes(),
                                        .allow_network = config.allow_network_disk()}));
  FITD_ASSIGN_OR_RETURN(auto store, Store::Open(*directory));
  FITD_RETURN_IF_ERROR(RecoverJobs(*store));
  const bool by_default = config.tokens() == DefaultTokensPath(config);
  if (!by_default && !std::filesystem::exists(config.tokens())) {
    return absl::NotFoundError(
        fmt::format("tokens: there is no file {}; make one with `fitd token create`, or leave the "
                    "setting out",
                    config.tokens()));
  }
  FITD_ASSIGN_OR_RETURN(auto authenticator, Authenticator::Create(config.tokens()));
  return std::unique_ptr<Server>(new Server(std::make_unique<Parts>(
      config, AvailableCores(), std::move(authenticator), std::move(directory), std::move(store))));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(); }

absl::Status Server::Start() {
  static std::once_flag once;
  std::call_once(once, SetUpGrpc);

  Parts& parts = *parts_;
  parts.services.push_back(MakeModelService(parts.models, parts.pool));
  parts.services.push_back(MakeDatasetService(parts.datasets, parts.pool, parts.upload_pool,
                                              ToDuration(parts.config.upload_idle_seconds())));
  parts.services.push_back(
      MakeJobService(parts.jobs, parts.pool, parts.watch_pool, parts.config.max_watchers()));
  parts.services.push_back(MakeSearchService(parts.searches, parts.pool));
  parts.services.push_back(MakeEvaluationService(parts.evaluation, parts.evaluation_pool));
  parts.services.push_back(MakePredictionService(parts.prediction));
  parts.services.push_back(MakeInferenceService(parts.inference, parts.pool, parts.stopping));
  parts.services.push_back(
      MakeServerService(parts.info, parts.maintenance, parts.pool, parts.maintenance_pool));

  for (const NamedService& named : parts.services) {
    for (const std::string& method : MethodsWithoutRule(named.name))
      return Internal(fmt::format("{} has no rule: who may call it?", method));
  }

  grpc::ServerBuilder builder;
  Harden(builder, parts.config);
  if (!parts.config.http_listen().empty()) CountRequests(builder, parts.request_metrics);
  const std::string& address = parts.config.listen();
  FITD_ASSIGN_OR_RETURN(const auto credentials,
                        MakeServerCredentials(parts.config, *parts.authenticator));
  FITD_ASSIGN_OR_RETURN(parts.listener, Listener::Create(address));
  parts.port = parts.listener->port();
  parts.acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  for (const NamedService& named : parts.services) builder.RegisterService(named.service.get());
  parts.grpc_server = builder.BuildAndStart();
  if (parts.grpc_server == nullptr) return Internal("gRPC cannot serve");
  parts.listener->Start([&parts](int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = fd;
    parts.acceptor->HandleNewConnection(&connection);
  });
  if (!parts.config.http_listen().empty()) {
    const Address http = ParseAddress(parts.config.http_listen()).value();
    const auto ready = [&parts] {
      if (parts.stopping) return absl::UnavailableError("the daemon is stopping");
      return parts.store->InTransaction([](Transaction&) { return absl::OkStatus(); });
    };
    FITD_ASSIGN_OR_RETURN(
        parts.http, HttpServer::Start(http.host, http.port,
                                      {.metrics = {&parts.request_metrics, &parts.state_metrics},
                                       .ready = ready}));
  }
  if (!parts.config.port_file().empty()) {
    FITD_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(parts.config.port_file()));
    FITD_RETURN_IF_ERROR(file.Append(fmt::format("{}\n", parts.port)));
    FITD_RETURN_IF_ERROR(file.Commit());
  }
  parts.housekeeping.Run();
  parts.scheduler.Start();
  parts.searches.Run();
  for (const NamedService& named : parts.services) {
    parts.grpc_server->GetHealthCheckService()->SetServingStatus(named.name, true);
  }
  Log(LogLevel::kInfo, "serving",
      {{"version", kVersion}, {"listen", parts.config.listen()}, {"port", int64_t{parts.port}}});
  return absl::OkStatus();
}

int Server::port() const { return parts_->port; }

int Server::http_port() const { return parts_->http == nullptr ? 0 : parts_->http->port(); }

void Server::Stop() {
  if (parts_ == nullptr) return;
  Parts& parts = *parts_;
  const bool started = parts.grpc_server != nullptr;
  parts.stopping = true;
  const auto deadline =
      std::chrono::system_clock::now() + ToDuration(parts.config.shutdown_grace_seconds());
  if (started) {
    Log(LogLevel::kInfo, "stopping");
    parts.grpc_server->GetHealthCheckService()->SetServingStatus(false);
  }
  parts.searches.Stop();
  parts.scheduler.Stop();
  // A connection that closes with bytes unread is reset, and its peer loses what it was sent last.
  if (parts.feeds.Stop()) std::this_thread::sleep_for(kTimeToHearTheEnd);
  if (parts.listener != nullptr) parts.listener->Stop();
  if (started) {
    parts.grpc_server->Shutdown(deadline);
    parts.grpc_server->Wait();
  }
  parts.executor.Stop();
  for (ThreadPool* pool : {&parts.pool, &parts.upload_pool, &parts.evaluation_pool,
                           &parts.maintenance_pool, &parts.watch_pool}) {
    pool->Stop();
  }
  parts.http.reset();
  parts.grpc_server.reset();
  parts_.reset();
  if (started) Log(LogLevel::kInfo, "stopped");
}

}  // namespace fitd
