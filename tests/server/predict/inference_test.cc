#include "server/predict/inference.h"

#include <cmath>
#include <cstring>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// "m" has one version, "none" has none.
class InferenceTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data")));
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {4, 2})));
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("none", 2, {4, 2})));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(40), "kind"));
    daemon_->scheduler.Start();
    Train("m", "d");
  }

  void Train(const std::string& model, const std::string& dataset) {
    FITD_ASSERT_OK_AND_ASSIGN(const auto response,
                              daemon_->jobs.StartFit(ClassifierFit(model, dataset, 300)));
    FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, response.job().id()));
    ASSERT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.failure().message();
  }

  static void AddInput(inference::ModelInferRequest& request, const std::string& name,
                       const std::vector<double>& values) {
    auto& input = *request.add_inputs();
    input.set_name(name);
    input.set_datatype("FP64");
    input.add_shape(static_cast<int64_t>(values.size()));
    input.add_shape(1);
    input.mutable_contents()->mutable_fp64_contents()->Add(values.begin(), values.end());
  }

  // Typed, by column.
  static inference::ModelInferRequest Points(const std::vector<double>& x,
                                             const std::vector<double>& y) {
    inference::ModelInferRequest request;
    request.set_model_name("m");
    request.set_id("17");
    AddInput(request, "x", x);
    AddInput(request, "y", y);
    return request;
  }

  // Raw, as one tensor.
  static inference::ModelInferRequest PointsTensor(const std::vector<int64_t>& shape,
                                                   const std::vector<float>& values) {
    inference::ModelInferRequest request;
    request.set_model_name("m");
    auto& input = *request.add_inputs();
    input.set_name("input");
    input.set_datatype("FP32");
    input.mutable_shape()->Add(shape.begin(), shape.end());
    request.add_raw_input_contents(RawOf(values));
    return request;
  }

  static std::string RawOf(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
  }

  absl::StatusOr<inference::ModelInferResponse> Infer(const inference::ModelInferRequest& request) {
    inference::ModelInferResponse response;
    const auto done = std::make_shared<std::promise<absl::Status>>();
    daemon_->inference.ModelInfer(
        request, [] { return false; }, response,
        [done](const absl::Status& status) { done->set_value(status); });
    FITD_RETURN_IF_ERROR(done->get_future().get());
    return response;
  }

  static std::vector<float> Floats(const std::string& raw) {
    std::vector<float> values(raw.size() / sizeof(float));
    std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }

  static std::vector<std::string> Texts(const std::string& raw) {
    std::vector<std::string> texts;
    for (size_t at = 0; at < raw.size();) {
      uint32_t length;
      std::memcpy(&length, raw.data() + at, sizeof length);
      texts.push_back(raw.substr(at + sizeof length, length));
      at += sizeof length + length;
    }
    return texts;
  }

  bool Ready(const std::string& name, const std::string& version = "") {
    inference::ModelReadyRequest request;
    request.set_name(name);
    request.set_version(version);
    return daemon_->inference.ModelReady(request).value().ready();
  }

  absl::StatusOr<inference::RepositoryModelLoadResponse> Load(const std::string& name) {
    inference::RepositoryModelLoadRequest request;
    request.set_model_name(name);
    return daemon_->inference.RepositoryModelLoad(request);
  }

  absl::StatusOr<inference::RepositoryModelUnloadResponse> Unload(const std::string& name) {
    inference::RepositoryModelUnloadRequest request;
    request.set_model_name(name);
    return daemon_->inference.RepositoryModelUnload(request);
  }

  // "name version state reason".
  std::vector<std::string> Index(bool ready) {
    inference::RepositoryIndexRequest request;
    request.set_ready(ready);
    std::vector<std::string> lines;
    const inference::RepositoryIndexResponse response =
        daemon_->inference.RepositoryIndex(request).value();
    for (const auto& model : response.models()) {
      lines.push_back(model.name() + " " + model.version() + " " + model.state() + " " +
                      model.reason());
    }
    return lines;
  }

  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
};

TEST_F(InferenceTest, ColumnsGetScoresAndLabels) {
  FITD_ASSERT_OK_AND_ASSIGN(const inference::ModelInferResponse response,
                            Infer(Points({-1, 1, 1}, {-1, 1, 1})));
  EXPECT_EQ(response.model_name(), "m");
  EXPECT_EQ(response.model_version(), "1");
  EXPECT_EQ(response.id(), "17");
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "output");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(3, 2));
  EXPECT_EQ(response.outputs(1).name(), "label");
  EXPECT_EQ(response.outputs(1).datatype(), "BYTES");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(3, 1));
  EXPECT_THAT(Texts(response.raw_output_contents(1)), ElementsAre("low", "high", "high"));

  v1::PredictRequest request;
  request.set_model("m");
  request.mutable_rows()->add_columns("y");
  request.mutable_rows()->add_columns("x");
  v1::Row& row = *request.mutable_rows()->add_rows();
  row.add_values()->set_number(-1);
  row.add_values()->set_number(-1);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse same, Predict(daemon_->prediction, request));
  const std::vector<float> scores = Floats(response.raw_output_contents(0));
  EXPECT_EQ(scores[0], same.scores(0));
  EXPECT_EQ(scores[1], same.scores(1));
}

TEST_F(InferenceTest, ColumnsAreTakenByNameAndMissingNumbersFilled) {
  inference::ModelInferRequest request;
  request.set_model_name("m");
  AddInput(request, "y", {1, std::nan("")});
  AddInput(request, "x", {1, 1});
  FITD_ASSERT_OK_AND_ASSIGN(const auto swapped, Infer(request));
  FITD_ASSERT_OK_AND_ASSIGN(const auto ordered, Infer(Points({1, 1}, {1, std::nan("")})));
  EXPECT_EQ(swapped.raw_output_contents(0), ordered.raw_output_contents(0));
}

TEST_F(InferenceTest, TableOfNumbersIsAlsoTakenAsOneTensor) {
  FITD_ASSERT_OK_AND_ASSIGN(const auto one, Infer(PointsTensor({2, 2}, {-1, -1, 1, 1})));
  FITD_ASSERT_OK_AND_ASSIGN(const auto many, Infer(Points({-1, 1}, {-1, 1})));
  EXPECT_EQ(one.raw_output_contents(0), many.raw_output_contents(0));
}

TEST_F(InferenceTest, ManyRowsOfColumnsAreThoseOfATensor) {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<float> both;
  for (int i = 0; i < 1000; ++i) {
    x.push_back(i / 512.0);
    y.push_back(1 - i / 256.0);
    both.push_back(static_cast<float>(x.back()));
    both.push_back(static_cast<float>(y.back()));
  }
  FITD_ASSERT_OK_AND_ASSIGN(const auto columns, Infer(Points(x, y)));
  FITD_ASSERT_OK_AND_ASSIGN(const auto tensor, Infer(PointsTensor({1000, 2}, both)));
  EXPECT_EQ(columns.raw_output_contents(0), tensor.raw_output_contents(0));
}

TEST_F(InferenceTest, TextColumnsAreBytes) {
  std::string csv = "color,size,kind\n";
  for (int i = 0; i < 40; ++i) csv += i % 2 == 0 ? "red,1,low\n" : "blue,2,high\n";
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "colors", csv, "kind"));
  // Two words and one for unknown ones, and a number.
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("c", 4, {4, 2})));
  Train("c", "colors");
  inference::ModelMetadataRequest metadata;
  metadata.set_name("c");
  FITD_ASSERT_OK_AND_ASSIGN(const auto described, daemon_->inference.ModelMetadata(metadata));
  EXPECT_EQ(described.inputs(0).name(), "color");
  EXPECT_EQ(described.inputs(0).datatype(), "BYTES");

  inference::ModelInferRequest request;
  request.set_model_name("c");
  auto& color = *request.add_inputs();
  color.set_name("color");
  color.set_datatype("BYTES");
  color.add_shape(2);
  color.mutable_contents()->add_bytes_contents("red");
  color.mutable_contents()->add_bytes_contents("blue");
  auto& size = *request.add_inputs();
  size.set_name("size");
  size.set_datatype("INT32");
  size.add_shape(2);
  size.mutable_contents()->add_int_contents(1);
  size.mutable_contents()->add_int_contents(2);
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, Infer(request));
  EXPECT_THAT(Texts(response.raw_output_contents(1)), ElementsAre("low", "high"));

  inference::ModelInferRequest tensor = PointsTensor({1, 4}, {1, 0, 0, 1});
  tensor.set_model_name("c");
  EXPECT_THAT(Infer(tensor), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"color\"")));
}

TEST_F(InferenceTest, OutputsAreThoseThatWereAskedFor) {
  inference::ModelInferRequest request = Points({-1}, {-1});
  request.add_outputs()->set_name("label");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, Infer(request));
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_THAT(Texts(response.raw_output_contents(0)), ElementsAre("low"));
  request.add_outputs()->set_name("label");
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("outputs[1].name: \"label\" is there twice")));
}

TEST_F(InferenceTest, ClassificationGivesScoreIndexAndLabel) {
  inference::ModelInferRequest request = Points({-1, 1}, {-1, 1});
  auto& output = *request.add_outputs();
  output.set_name("output");
  (*output.mutable_parameters())["classification"].set_int64_param(5);
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, Infer(request));
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 2));
  EXPECT_THAT(Texts(response.raw_output_contents(0)),
              ElementsAre(testing::MatchesRegex("0\\.[5-9][0-9]{5}:1:low"),
                          testing::MatchesRegex("0\\.[0-4][0-9]{5}:0:high"),
                          testing::MatchesRegex("0\\.[5-9][0-9]{5}:0:high"),
                          testing::MatchesRegex("0\\.[0-4][0-9]{5}:1:low")));
  (*request.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(-1);
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("outputs[0].parameters.classification")));
}

TEST_F(InferenceTest, TextsOfAClassificationAreBounded) {
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("wide", 2, {100})));
  Train("wide", "d");
  inference::ModelInferRequest request =
      PointsTensor({42000, 2}, std::vector<float>(size_t{2} * 42000));
  request.set_model_name("wide");
  auto& output = *request.add_outputs();
  output.set_name("output");
  (*output.mutable_parameters())["classification"].set_int64_param(1000);
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("makes 100 texts for each of 42000 rows")));
  (*output.mutable_parameters())["classification"].set_int64_param(2);
  FITD_EXPECT_OK(Infer(request));
}

TEST_F(InferenceTest, EveryFaultOfARequestIsNamed) {
  inference::ModelInferRequest request = Points({1}, {1});
  request.mutable_inputs(0)->set_name("z");
  (*request.mutable_inputs(1)->mutable_parameters())["shared_memory_region"].set_string_param("r");
  request.add_outputs()->set_name("outputs");
  (*request.mutable_parameters())["triton_magic"].set_bool_param(true);
  EXPECT_THAT(
      Infer(request),
      StatusIs(absl::StatusCode::kInvalidArgument,
               testing::AllOf(HasSubstr("inputs[0].name: unexpected inference input"),
                              HasSubstr("inputs: lacks the input \"x\""),
                              HasSubstr("inputs[1].parameters: has \"shared_memory_region\""),
                              HasSubstr("did you mean \"output\""), HasSubstr("triton_magic"))));
}

TEST_F(InferenceTest, RawAndTypedValuesDoNotMix) {
  inference::ModelInferRequest request = Points({1}, {1});
  request.add_raw_input_contents(std::string(8, '\0'));
  EXPECT_THAT(Infer(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::AllOf(HasSubstr("has 1 entries for 2 inputs"),
                                      HasSubstr("contents field must not be specified when using "
                                                "raw_input_contents for \"x\" for model 'm'"))));
}

TEST_F(InferenceTest, ShapesAndValuesThatDoNotFitAreNamed) {
  inference::ModelInferRequest request = Points({1, 2}, {1, 2});
  request.mutable_inputs(1)->set_shape(0, 3);
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("inputs[1].shape: is [3, 1]; expected")));
  request = Points({1, 2}, {1});
  request.mutable_inputs(1)->set_shape(0, 2);
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("inputs[1]: has 1 values; the shape makes 2")));
  std::vector<double> x(300, 1);
  x[299] = std::numeric_limits<double>::infinity();
  EXPECT_THAT(Infer(Points(x, x)), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("inputs[0].contents[299]: is infinite")));
  EXPECT_THAT(
      Infer(PointsTensor({1, 3}, {1, 2, 3})),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("inputs[0].shape: is [1, 3]")));
  EXPECT_THAT(Infer(PointsTensor({1, 2}, {1, std::nanf("")})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("inputs[0].data[0, 1]")));
  EXPECT_THAT(Infer(PointsTensor({65537, 2}, {1})),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("65536")));
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{}, {-1, 2}, {0, 2}, {int64_t{1} << 60, 2}}) {
    EXPECT_FALSE(Infer(PointsTensor(shape, {1, 2})).ok());
  }
  EXPECT_THAT(Infer({}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(InferenceTest, ModelsAreFoundByNameVersionAndReference) {
  EXPECT_TRUE(Ready("m"));
  EXPECT_TRUE(Ready("m", "1"));
  EXPECT_TRUE(Ready("m@1"));
  EXPECT_FALSE(Ready("m", "2"));
  EXPECT_FALSE(Ready("none"));
  EXPECT_FALSE(Ready("unknown"));
  inference::ModelInferRequest request = Points({1}, {1});
  request.set_model_version("1");
  EXPECT_EQ(Infer(request)->model_version(), "1");
  request.set_model_version("2");
  EXPECT_THAT(Infer(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'m' version 2 is not found")));
  request.set_model_version("champion");
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("version should be an integral value > 0")));
  request.set_model_version("");
  request.set_model_name("mm");
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kNotFound,
                                       HasSubstr("Request for unknown model: 'mm' is not found: "
                                                 "unknown model \"mm\"; did you mean \"m\"")));
  request.set_model_name("none");
  EXPECT_THAT(Infer(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("has no available versions")));
}

TEST_F(InferenceTest, JobStandsForItsNewestEpochWhileItTrains) {
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 1'000'000)));
  while (!Ready("job:fit-2")) std::this_thread::yield();
  inference::ModelInferRequest request = Points({1}, {1});
  request.set_model_name("job:fit-2");
  FITD_ASSERT_OK_AND_ASSIGN(const inference::ModelInferResponse answer, Infer(request));
  EXPECT_EQ(answer.model_name(), "job:fit-2");
  EXPECT_THAT(answer.model_version(), StartsWith("epoch-"));
  EXPECT_EQ(answer.outputs_size(), 2);

  inference::ModelMetadataRequest describe;
  describe.set_name("job:fit-2");
  FITD_ASSERT_OK_AND_ASSIGN(const auto metadata, daemon_->inference.ModelMetadata(describe));
  EXPECT_EQ(metadata.name(), "job:fit-2");
  EXPECT_THAT(metadata.versions(), ElementsAre(StartsWith("epoch-")));
  EXPECT_THAT(metadata.properties().at("version"), StartsWith("epoch-"));
  EXPECT_EQ(metadata.inputs_size(), 2);
  inference::ModelConfigRequest configure;
  configure.set_name("job:fit-2");
  FITD_ASSERT_OK_AND_ASSIGN(const auto config, daemon_->inference.ModelConfig(configure));
  EXPECT_EQ(config.config().name(), "job:fit-2");

  inference::ModelStatisticsRequest count;
  count.set_name("job:fit-2");
  FITD_ASSERT_OK_AND_ASSIGN(const auto statistics, daemon_->inference.ModelStatistics(count));
  ASSERT_EQ(statistics.model_stats_size(), 1);
  EXPECT_EQ(statistics.model_stats(0).name(), "job:fit-2");
  EXPECT_EQ(statistics.model_stats(0).inference_count(), 1U);

  request.set_model_version("1");
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("allowed: none, as the name \"job:fit-2\"")));
  request.clear_model_version();

  v1::CancelJobRequest cancel;
  cancel.set_id("fit-2");
  FITD_ASSERT_OK(daemon_->jobs.Cancel(cancel));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  absl::StatusOr<inference::ModelInferResponse> ended = Infer(request);
  while (ended.ok() && ended->model_name() != "m") ended = Infer(request);
  FITD_ASSERT_OK(ended);
  EXPECT_EQ(ended->model_version(), "2");
  count.set_name("job:fit-2");
  EXPECT_EQ(daemon_->inference.ModelStatistics(count)->model_stats(0).version(), "2");
}

TEST_F(InferenceTest, JobWithoutEpochsHasNoVersions) {
  v1::StartFitRequest fails = ClassifierFit("m", "d", 5);
  fails.mutable_spec()
      ->mutable_training()
      ->mutable_optimizer()
      ->mutable_learning_rate()
      ->set_constant(1e37F);
  FITD_ASSERT_OK(daemon_->jobs.StartFit(fails));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  EXPECT_FALSE(Ready("job:fit-2"));
  inference::ModelInferRequest request = Points({1}, {1});
  request.set_model_name("job:fit-2");
  EXPECT_THAT(Infer(request),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("has no available versions: job fit-2 is FAILED")));
  request.set_model_name("job:fit-3");
  EXPECT_THAT(Infer(request), StatusIs(absl::StatusCode::kNotFound, HasSubstr("is not found")));
}

TEST_F(InferenceTest, MetadataAndConfigDescribeTheTensors) {
  inference::ModelMetadataRequest request;
  request.set_name("m");
  FITD_ASSERT_OK_AND_ASSIGN(const auto metadata, daemon_->inference.ModelMetadata(request));
  EXPECT_EQ(metadata.name(), "m");
  EXPECT_THAT(metadata.versions(), ElementsAre("1"));
  ASSERT_EQ(metadata.inputs_size(), 2);
  EXPECT_EQ(metadata.inputs(1).name(), "y");
  EXPECT_EQ(metadata.inputs(1).datatype(), "FP64");
  EXPECT_THAT(metadata.inputs(1).shape(), ElementsAre(-1, 1));
  ASSERT_EQ(metadata.outputs_size(), 2);
  EXPECT_THAT(metadata.outputs(0).shape(), ElementsAre(-1, 2));

  inference::ModelConfigRequest config_request;
  config_request.set_name("m");
  config_request.set_version("1");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, daemon_->inference.ModelConfig(config_request));
  EXPECT_EQ(response.config().max_batch_size(), 65536);
  EXPECT_EQ(response.config().input(0).data_type(), inference::TYPE_FP64);
  EXPECT_THAT(response.config().input(0).dims(), ElementsAre(1));
  EXPECT_EQ(response.config().output(1).data_type(), inference::TYPE_STRING);
  EXPECT_TRUE(response.config().has_dynamic_batching());
}

TEST_F(InferenceTest, StatisticsCountRowsBatchesAndFailures) {
  FITD_ASSERT_OK(Infer(Points({1, 2, 3}, {1, 2, 3})));
  FITD_ASSERT_OK(Infer(Points({1}, {1})));
  EXPECT_FALSE(Infer(Points({1}, {})).ok());
  inference::ModelStatisticsRequest request;
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, daemon_->inference.ModelStatistics(request));
  ASSERT_EQ(response.model_stats_size(), 1);
  const inference::ModelStatistics& statistics = response.model_stats(0);
  EXPECT_EQ(statistics.name(), "m");
  EXPECT_EQ(statistics.version(), "1");
  EXPECT_EQ(statistics.inference_count(), 4U);
  EXPECT_EQ(statistics.execution_count(), 2U);
  EXPECT_GT(statistics.last_inference(), 1'700'000'000'000U);
  EXPECT_EQ(statistics.inference_stats().success().count(), 2U);
  EXPECT_GT(statistics.inference_stats().success().ns(), 0U);
  EXPECT_EQ(statistics.inference_stats().fail().count(), 1U);
  EXPECT_EQ(statistics.batch_stats_size(), 2);

  for (const auto& [name, version] : std::map<std::string, std::string>{{"m", "1"}, {"m@1", ""}}) {
    request.set_name(name);
    request.set_version(version);
    EXPECT_EQ(daemon_->inference.ModelStatistics(request)->model_stats_size(), 1) << name;
  }
  request.set_name("");
  request.set_version("1");
  EXPECT_THAT(daemon_->inference.ModelStatistics(request),
              StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_name("unknown");
  EXPECT_THAT(daemon_->inference.ModelStatistics(request), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(InferenceTest, UnloadedModelAnswersNoMoreUntilItIsLoaded) {
  EXPECT_THAT(Index(false),
              ElementsAre("m 1 READY ", "none  UNAVAILABLE no version yet: train it first"));
  const std::weak_ptr<const LoadedModel> loaded_before = daemon_->model_cache.Get("m").value();
  EXPECT_FALSE(loaded_before.expired());
  FITD_ASSERT_OK(Unload("m"));
  EXPECT_TRUE(loaded_before.expired());
  EXPECT_FALSE(Ready("m"));
  inference::ModelInferRequest request = Points({1}, {1});
  for (const char* name : {"m", "m@1", "job:fit-1"}) {
    request.set_model_name(name);
    EXPECT_THAT(Infer(request),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not at ready state")))
        << name;
  }
  EXPECT_THAT(Index(false), testing::Contains("m 1 UNAVAILABLE unloaded"));
  EXPECT_THAT(Index(true), IsEmpty());
  FITD_ASSERT_OK_AND_ASSIGN(const auto loaded, Load("m"));
  EXPECT_TRUE(loaded.is_loaded());
  EXPECT_TRUE(Ready("m"));
  FITD_EXPECT_OK(Infer(Points({1}, {1})));
  EXPECT_THAT(Index(true), ElementsAre("m 1 READY "));
}

TEST_F(InferenceTest, AModelOfTheSameNameIsAnotherOne) {
  FITD_ASSERT_OK(Unload("m"));
  FITD_ASSERT_OK_AND_ASSIGN(const auto jobs, daemon_->jobs.List({}));
  for (const v1::Job& job : jobs.jobs()) {
    v1::DeleteJobRequest remove;
    remove.set_id(job.id());
    FITD_ASSERT_OK(daemon_->jobs.Delete(remove));
  }
  v1::DeleteModelRequest remove;
  remove.set_name("m");
  FITD_ASSERT_OK(daemon_->models.Delete(remove));
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {4, 2})));
  Train("m", "d");
  EXPECT_TRUE(Ready("m"));
  EXPECT_THAT(Index(true), testing::Contains("m 2 READY "));
}

TEST_F(InferenceTest, LoadingAVersionLoadsItsModel) {
  FITD_ASSERT_OK(Unload("m"));
  EXPECT_FALSE(Ready("m"));
  FITD_ASSERT_OK(Load("m@1"));
  EXPECT_TRUE(Ready("m"));
  FITD_ASSERT_OK(Unload("m"));
  FITD_ASSERT_OK(Load("job:fit-1"));
  EXPECT_TRUE(Ready("m"));
}

TEST_F(InferenceTest, LoadAndUnloadAreRefusedWhatTheyCannotDo) {
  EXPECT_THAT(Load("unknown"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Load("none"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Unload("unknown"), StatusIs(absl::StatusCode::kNotFound));
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("m");
  (*load.mutable_parameters())["config"].set_string_param("{}");
  EXPECT_THAT(daemon_->inference.RepositoryModelLoad(load),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"config\"")));
  load.clear_parameters();
  load.set_repository_name("other");
  EXPECT_THAT(daemon_->inference.RepositoryModelLoad(load),
              StatusIs(absl::StatusCode::kUnimplemented));
  inference::RepositoryIndexRequest index;
  index.set_repository_name("other");
  EXPECT_THAT(daemon_->inference.RepositoryIndex(index),
              StatusIs(absl::StatusCode::kUnimplemented));
}

// KServe's dialect has the model's name where Triton's has the repository's.
TEST_F(InferenceTest, ClientsOfTheOtherDialectLoadAndUnload) {
  inference::RepositoryModelUnloadRequest unload;
  unload.set_repository_name("m");
  FITD_ASSERT_OK_AND_ASSIGN(const auto unloaded, daemon_->inference.RepositoryModelUnload(unload));
  EXPECT_TRUE(unloaded.is_unloaded());
  EXPECT_EQ(unloaded.model_name(), "m");
  inference::RepositoryModelLoadRequest load;
  load.set_repository_name("m");
  FITD_EXPECT_OK(daemon_->inference.RepositoryModelLoad(load));
}

TEST_F(InferenceTest, ServerNamesOnlyTheExtensionsItHas) {
  const inference::ServerMetadataResponse metadata = Inference::ServerMetadata();
  EXPECT_EQ(metadata.name(), "fitd");
  EXPECT_THAT(metadata.extensions(),
              UnorderedElementsAre("classification", "model_repository",
                                   "model_repository(unload_dependents)", "model_configuration",
                                   "binary_tensor_data", "parameters", "statistics"));
}

}  // namespace
}  // namespace fitd
