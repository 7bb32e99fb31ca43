#include "tests/testing/use_cases.h"

#include <algorithm>
#include <functional>
#include <future>
#include <utility>

#include "fmt/format.h"
#include "server/jobs/job_moves.h"
#include "server/log/log.h"

namespace fitd {

absl::StatusOr<std::unique_ptr<UseCases>> UseCases::Open(const std::string& path,
                                                         const Options& options) {
  ConfigureLog("error", "text");
  FITD_ASSIGN_OR_RETURN(auto directory,
                        DataDir::Open(path, {.min_free_bytes = options.min_free_disk_bytes}));
  FITD_ASSIGN_OR_RETURN(auto store, Store::Open(*directory, options.clock));
  FITD_RETURN_IF_ERROR(RecoverJobs(*store));
  return std::unique_ptr<UseCases>(new UseCases(std::move(directory), std::move(store), options));
}

UseCases::UseCases(std::unique_ptr<DataDir> data_dir, std::unique_ptr<Store> opened_store,
                   const Options& options)
    : directory(std::move(data_dir)),
      store(std::move(opened_store)),
      tables(*directory),
      running_models(options.steady_clock),
      scheduler(*store, tables, feeds, running_models,
                {.workers = options.workers,
                 .cores = 2,
                 .max_memory_bytes = options.max_memory_bytes,
                 .max_stacked_trials = options.max_stacked_trials,
                 .checkpoint_interval = options.checkpoint_interval}),
      model_cache(*store, running_models),
      models(*store, /*max_parameters=*/1'000'000),
      datasets(*store, tables, options.max_dataset_bytes),
      jobs(*store, tables, feeds, scheduler, options.max_memory_bytes),
      searches(*store, tables, feeds, scheduler,
               {.workers = options.workers,
                .max_stacked_trials = options.max_stacked_trials,
                .max_memory_bytes = options.max_memory_bytes,
                .max_parameters = 1'000'000}),
      evaluation(*store, tables, model_cache),
      executor(model_cache, {.threads = 2}),
      prediction(executor),
      inference(*store, model_cache, executor) {}

v1::CreateModelRequest DenseModel(const std::string& name, int64_t inputs,
                                  const std::vector<int64_t>& units) {
  v1::CreateModelRequest request;
  request.set_name(name);
  request.mutable_spec()->add_input_shape(inputs);
  for (size_t i = 0; i < units.size(); ++i) {
    v1::DenseSpec& dense = *request.mutable_spec()->add_layers()->mutable_dense();
    dense.set_units(units[i]);
    if (i + 1 < units.size()) {
      dense.mutable_activation()->mutable_relu();
    } else {
      dense.mutable_activation()->mutable_softmax();
    }
  }
  return request;
}

std::string TwoClusters(int rows) {
  std::string csv = "x,y,kind\n";
  for (int i = 0; i < rows; ++i) {
    const double center = i % 2 == 0 ? -1 : 1;
    const double spread = (i * 37 % 100) / 200.0 - 0.25;
    csv += fmt::format("{:.3f},{:.3f},{}\n", center + spread, center - spread,
                       i % 2 == 0 ? "low" : "high");
  }
  return csv;
}

v1::UploadHeader CsvHeader(const std::string& name, const std::string& label) {
  v1::UploadHeader header;
  header.set_name(name);
  v1::SourceSpec& source = *header.add_sources();
  source.set_file_name(name + ".csv");
  source.mutable_csv()->add_label_columns(label);
  return header;
}

absl::StatusOr<v1::Dataset> UploadCsv(Datasets& datasets, const std::string& name,
                                      const std::string& csv, const std::string& label) {
  constexpr size_t kChunk = 1 << 20;
  const std::unique_ptr<DatasetUpload> upload = datasets.NewUpload();
  v1::UploadDatasetRequest part;
  *part.mutable_header() = CsvHeader(name, label);
  FITD_RETURN_IF_ERROR(upload->Add(part).status());
  for (size_t begin = 0; begin < csv.size(); begin += kChunk) {
    part.mutable_chunk()->set_data(csv.substr(begin, kChunk));
    FITD_RETURN_IF_ERROR(upload->Add(part).status());
  }
  FITD_ASSIGN_OR_RETURN(v1::UploadDatasetResponse response, upload->Complete([] { return false; }));
  return response.dataset();
}

v1::StartFitRequest ClassifierFit(const std::string& model, const std::string& dataset,
                                  int64_t epochs) {
  v1::StartFitRequest request;
  v1::FitSpec& spec = *request.mutable_spec();
  spec.set_model(model);
  spec.set_dataset(dataset);
  spec.mutable_training()->mutable_loss()->mutable_sparse_categorical_crossentropy();
  spec.mutable_training()->mutable_optimizer()->mutable_adam();
  spec.mutable_training()->add_metrics()->mutable_accuracy();
  spec.mutable_training()->set_epochs(epochs);
  spec.mutable_training()->set_batch_size(8);
  spec.mutable_training()->set_seed(7);
  return request;
}

absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(TrainingJobs& jobs, const std::string& id,
                                                     int64_t from, size_t most) {
  v1::WatchJobRequest request;
  request.set_id(id);
  request.set_from_event(from);
  StreamReader<v1::WatchJobResponse> reader;
  FITD_ASSIGN_OR_RETURN(const auto source, jobs.Watch(request, reader.wake()));
  std::vector<v1::JobEvent> events;
  while (events.size() < most) {
    absl::StatusOr<v1::WatchJobResponse> response = reader.Next(*source);
    if (absl::IsOutOfRange(response.status())) break;
    if (!response.ok()) return response.status();
    events.push_back(response->event());
  }
  return events;
}

absl::StatusOr<v1::PredictResponse> Predict(Prediction& prediction,
                                            const v1::PredictRequest& request,
                                            const std::function<bool()>& cancelled) {
  v1::PredictResponse response;
  const auto done = std::make_shared<std::promise<absl::Status>>();
  prediction.Predict(request, cancelled, response,
                     [done](const absl::Status& status) { done->set_value(status); });
  FITD_RETURN_IF_ERROR(done->get_future().get());
  return response;
}

absl::StatusOr<v1::Job> AwaitEnd(TrainingJobs& jobs, const std::string& id) {
  FITD_RETURN_IF_ERROR(ReadEvents(jobs, id).status());
  v1::GetJobRequest request;
  request.set_id(id);
  FITD_ASSIGN_OR_RETURN(v1::GetJobResponse response, jobs.Get(request));
  return response.job();
}

}  // namespace fitd
