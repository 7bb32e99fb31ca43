#include "core/train/evaluate.h"

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Optional;

class EvaluateTest : public FitFixture {
 protected:
  // A version as a job would store it.
  struct Trained {
    v1::ModelVersion version;
    std::unique_ptr<Predictor> predictor;
    std::vector<v1::MetricValue> metrics;
  };

  Trained Train(const std::string& model, const Data& data, const std::string& training,
                const Data& validation = {}) {
    const FitInput input = Input(model, data, training, validation);
    const FitResult result = Run(input);
    Trained trained;
    trained.version.set_version(3);
    *trained.version.mutable_spec() = input.model;
    *trained.version.mutable_pipeline() = result.pipeline;
    v1::Lineage& lineage = *trained.version.mutable_lineage();
    *lineage.mutable_training() = input.training;
    lineage.set_dataset("train");
    lineage.set_dataset_sha256(data.sha256);
    lineage.set_validation_dataset_sha256(validation.sha256);
    auto predictor = Predictor::Create(input.model, result.weights, result.pipeline.target());
    EXPECT_THAT(predictor, IsOk());
    trained.predictor = *std::move(predictor);
    trained.metrics = result.metrics;
    return trained;
  }

  absl::StatusOr<v1::EvaluateResponse> On(const Trained& trained, const Data& data,
                                          v1::RowSelection rows = v1::ROW_SELECTION_UNSPECIFIED,
                                          const std::vector<std::string>& metrics = {}) {
    EvaluationInput input{.version = &trained.version,
                          .predictor = trained.predictor.get(),
                          .table = data.table,
                          .table_sha256 = data.sha256,
                          .rows = rows,
                          .metrics = {}};
    for (const std::string& text : metrics) input.metrics.push_back(Parse<v1::MetricSpec>(text));
    return Evaluate(input);
  }
};

TEST_F(EvaluateTest, RepeatsTheSplitAndTheValidationsFigures) {
  const Data iris = Iris();
  const Trained trained =
      Train(kIrisModel, iris, kClassification + "epochs: 5 validation_split: 0.2");
  FITD_ASSERT_OK_AND_ASSIGN(const auto validation, On(trained, iris, v1::ROW_SELECTION_VALIDATION));
  EXPECT_EQ(validation.rows(), 30);
  EXPECT_THAT(Find(validation.metrics(), "loss"),
              Optional(DoubleNear(*Find(trained.metrics, "val_loss"), 1e-6)));
  EXPECT_EQ(Find(validation.metrics(), "accuracy"), Find(trained.metrics, "val_accuracy"));
  FITD_ASSERT_OK_AND_ASSIGN(const auto training, On(trained, iris, v1::ROW_SELECTION_TRAINING));
  EXPECT_EQ(training.rows(), 120);
  FITD_ASSERT_OK_AND_ASSIGN(const auto all, On(trained, iris));
  EXPECT_EQ(all.rows(), 150);
  EXPECT_NEAR(*Find(all.metrics(), "loss"),
              0.2 * *Find(validation.metrics(), "loss") + 0.8 * *Find(training.metrics(), "loss"),
              1e-9);
}

// As Keras's evaluate does: those on weights once, those on outputs by row.
TEST_F(EvaluateTest, AddsTheLayersPenaltiesToTheLoss) {
  const Data iris = Iris();
  const Trained trained = Train(
      "input_shape: 4 layers { dense { units: 8 activation { relu {} } kernel_regularizer { "
      "l2 { l2: 0.05 } } bias_regularizer { l1 { l1: 0.01 } } activity_regularizer { l1_l2 { "
      "l1: 0.01 l2: 0.02 } } } } layers { dense { units: 3 activation { softmax {} } } }",
      iris, kClassification + "epochs: 3 validation_split: 0.2");
  FITD_ASSERT_OK_AND_ASSIGN(const auto validation, On(trained, iris, v1::ROW_SELECTION_VALIDATION));
  EXPECT_GT(trained.predictor->weight_penalty(), 0.1);
  EXPECT_THAT(Find(validation.metrics(), "loss"),
              Optional(DoubleNear(*Find(trained.metrics, "val_loss"), 1e-6)));
}

TEST_F(EvaluateTest, AddsThePenaltiesOfARegressionInTheTargetsUnit) {
  const Data diabetes = Diabetes();
  const Trained trained =
      Train("input_shape: 10 layers { dense { units: 1 kernel_regularizer { l2 { l2: 0.1 } } } }",
            diabetes, kRegression + "epochs: 3 validation_split: 0.2");
  FITD_ASSERT_OK_AND_ASSIGN(const auto validation,
                            On(trained, diabetes, v1::ROW_SELECTION_VALIDATION));
  const double fitted = *Find(trained.metrics, "val_loss");
  EXPECT_THAT(Find(validation.metrics(), "loss"), Optional(DoubleNear(fitted, 1e-6 * fitted)));
}

TEST_F(EvaluateTest, RefusesMetricsOfClassesForAmountsBesideAMissingColumn) {
  const Data diabetes = Diabetes();
  const Trained trained =
      Train("input_shape: 10 layers { dense { units: 1 } }", diabetes, kRegression + "epochs: 1");
  EXPECT_THAT(On(trained, diabetes, v1::ROW_SELECTION_UNSPECIFIED, {"accuracy {}"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("compares classes")));
  EXPECT_THAT(On(trained, Iris(), v1::ROW_SELECTION_UNSPECIFIED, {"precision { threshold: 4 }"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("metrics[0].precision.threshold: is 4"),
                             HasSubstr("lacks column"))));
}

TEST_F(EvaluateTest, CountsConfusionsByName) {
  const Data iris = Iris();
  const Trained trained = Train(kIrisModel, iris, kClassification + "epochs: 40");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, On(trained, iris));
  EXPECT_THAT(response.confusion().label_names(), ElementsAre("setosa", "versicolor", "virginica"));
  const auto& counts = response.confusion().counts();
  ASSERT_EQ(counts.size(), 9);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), int64_t{0}), 150);
  EXPECT_EQ(counts[0], 50);  // Setosa stands apart.
  EXPECT_NEAR(static_cast<double>(counts[0] + counts[4] + counts[8]) / 150,
              *Find(response.metrics(), "accuracy"), 1e-9);
  ASSERT_EQ(response.classes_size(), 3);
  const v1::ClassReport& versicolor = response.classes(1);
  EXPECT_EQ(versicolor.label(), "versicolor");
  EXPECT_EQ(versicolor.support(), 50);
  const double precision =
      static_cast<double>(counts[4]) / static_cast<double>(counts[1] + counts[4] + counts[7]);
  const double recall = static_cast<double>(counts[4]) / 50;
  EXPECT_NEAR(versicolor.precision(), precision, 1e-9);
  EXPECT_NEAR(versicolor.recall(), recall, 1e-9);
  EXPECT_NEAR(versicolor.f1(), 2 * precision * recall / (precision + recall), 1e-9);
}

// As the metrics and Keras do.
TEST_F(EvaluateTest, AnOutputAtTheThresholdIsOfTheFirstClass) {
  const Trained trained = Train(
      "input_shape: 1 layers { dense { units: 1 activation { sigmoid {} } "
      "kernel_initializer { zeros {} } } }",
      Csv("x,y\n1,a\n2,b\n"),
      "loss { binary_crossentropy {} } optimizer { sgd {} learning_rate { constant: 1e-30 } } "
      "metrics { accuracy {} }");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, On(trained, Csv("x,y\n1,a\n2,a\n3,b\n")));
  EXPECT_THAT(response.confusion().counts(), ElementsAre(2, 0, 1, 0));
  EXPECT_THAT(Find(response.metrics(), "accuracy"), Optional(DoubleNear(2.0 / 3, 1e-9)));
}

TEST_F(EvaluateTest, LeavesOutWhatIsUndefined) {
  const Trained trained = Train(kIrisModel, Iris(), kClassification + "epochs: 40");
  const Data setosa = Csv(
      "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,y\n5.1,3.5,1.4,0.2,setosa\n");
  v1::ModelVersion version = trained.version;
  version.mutable_pipeline()->mutable_target()->set_columns(0, "y");
  const EvaluationInput input{.version = &version,
                              .predictor = trained.predictor.get(),
                              .table = setosa.table,
                              .table_sha256 = setosa.sha256,
                              .rows = v1::ROW_SELECTION_UNSPECIFIED,
                              .metrics = {}};
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, Evaluate(input));
  EXPECT_EQ(response.classes(0).precision(), 1);
  EXPECT_FALSE(response.classes(1).has_precision());
  EXPECT_FALSE(response.classes(1).has_recall());
  EXPECT_FALSE(response.classes(1).has_f1());
  EXPECT_EQ(response.classes(1).support(), 0);
}

TEST_F(EvaluateTest, TellsTwoClassesApartByOneOutput) {
  const Data data = Csv("a,y\n-2,no\n-1,no\n1,yes\n2,yes\n-3,no\n");
  const std::string training =
      "epochs: 100 metrics { accuracy {} } optimizer { adam {} learning_rate { constant: 0.1 } } ";
  for (const bool logits : {false, true}) {
    const std::string model =
        logits ? "input_shape: 1 layers { dense { units: 1 } }"
               : "input_shape: 1 layers { dense { units: 1 activation { sigmoid {} } } }";
    const Trained trained = Train(model, data,
                                  training + "loss { binary_crossentropy { from_logits: " +
                                      (logits ? "true" : "false") + " } }");
    FITD_ASSERT_OK_AND_ASSIGN(const auto response, On(trained, data));
    EXPECT_THAT(response.confusion().label_names(), ElementsAre("no", "yes"));
    EXPECT_THAT(response.confusion().counts(), ElementsAre(3, 0, 0, 2));
    EXPECT_THAT(Find(response.metrics(), "accuracy"), Optional(Eq(1)));
  }
}

TEST_F(EvaluateTest, CutsLogitsAtZero) {
  // The network passes its input on.
  const Data data = Csv("a,y\n-2,no\n-1,no\n0.2,yes\n0.4,yes\n");
  const Trained trained =
      Train("input_shape: 1 layers { dense { units: 1 kernel_initializer { ones {} } } }", data,
            "loss { binary_crossentropy { from_logits: true } } metrics { accuracy {} } pipeline { "
            "standardize_features: false } "
            "optimizer { sgd {} learning_rate { constant: 1e-30 } }");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, On(trained, data));
  EXPECT_THAT(response.confusion().counts(), ElementsAre(2, 0, 0, 2));
  EXPECT_THAT(Find(response.metrics(), "accuracy"), Optional(Eq(1)));
}

TEST_F(EvaluateTest, GivesTheSameLossForIndicesAndOneHotTargets) {
  const Data iris = Iris();
  const Trained trained = Train(kIrisModel, iris, kClassification + "epochs: 5");
  Trained one_hot = Train(kIrisModel, iris, kClassification + "epochs: 5");
  one_hot.version.mutable_lineage()
      ->mutable_training()
      ->mutable_loss()
      ->mutable_categorical_crossentropy();
  FITD_ASSERT_OK_AND_ASSIGN(const auto sparse, On(trained, iris));
  FITD_ASSERT_OK_AND_ASSIGN(const auto categorical, On(one_hot, iris));
  EXPECT_EQ(Find(categorical.metrics(), "loss"), Find(sparse.metrics(), "loss"));
  // Smoothing needs the whole row.
  one_hot.version.mutable_lineage()
      ->mutable_training()
      ->mutable_loss()
      ->mutable_categorical_crossentropy()
      ->set_label_smoothing(0.1F);
  FITD_ASSERT_OK_AND_ASSIGN(const auto smoothed, On(one_hot, iris));
  EXPECT_GT(*Find(smoothed.metrics(), "loss"), *Find(sparse.metrics(), "loss"));
}

TEST_F(EvaluateTest, MeasuresRegressionsInTheTargetsUnit) {
  const Data diabetes = Diabetes();
  const Trained trained =
      Train(kDiabetesModel, diabetes, kRegression + "epochs: 60 validation_split: 0.2");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, On(trained, diabetes, v1::ROW_SELECTION_VALIDATION,
                                                    {"root_mean_squared_error {}",
                                                     "mean_squared_error {}", "r2_score {}"}));
  EXPECT_THAT(Find(response.metrics(), "root_mean_squared_error"),
              Optional(AllOf(Gt(30), testing::Lt(75))));
  EXPECT_NEAR(*Find(response.metrics(), "mean_squared_error") / *Find(response.metrics(), "loss"),
              1, 1e-5);
  EXPECT_NEAR(*Find(response.metrics(), "r2_score"), *Find(trained.metrics, "val_r2_score"), 1e-5);
  EXPECT_FALSE(response.has_confusion());
  EXPECT_EQ(response.classes_size(), 0);
}

TEST_F(EvaluateTest, WeighsTheLossByTheTrainingsColumnWhereThereIsOne) {
  const std::string rows = "1,1,0\n2,3,1\n3,1,0\n4,0,1\n";
  const Data weighted = Csv("a,w,y\n" + rows);
  const Trained trained =
      Train("input_shape: 1 layers { dense { units: 2 activation { softmax {} } } }", weighted,
            "loss { sparse_categorical_crossentropy {} } sample_weight_column: 'w'");
  FITD_ASSERT_OK_AND_ASSIGN(const auto with, On(trained, weighted));
  FITD_ASSERT_OK_AND_ASSIGN(const auto without, On(trained, Csv("a,y\n1,0\n2,1\n3,0\n4,1\n")));
  EXPECT_NE(Find(with.metrics(), "loss"), Find(without.metrics(), "loss"));
}

TEST_F(EvaluateTest, TakesTheValidationDataSetForTheRowsHeldOut) {
  const Data iris = Iris();
  const Data other =
      Csv("sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species,y\n"
          "5.1,3.5,1.4,0.2,setosa,0\n");
  Trained trained = Train(kIrisModel, iris, kClassification);
  trained.version.mutable_lineage()->set_validation_dataset_sha256(iris.sha256);
  trained.version.mutable_lineage()->set_dataset_sha256(other.sha256);
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, On(trained, iris, v1::ROW_SELECTION_VALIDATION));
  EXPECT_EQ(response.rows(), 150);
}

TEST_F(EvaluateTest, RepeatsAFold) {
  const Data iris = Iris();
  const Trained trained =
      Train(kIrisModel, iris, kClassification + "epochs: 5 fold { index: 2 count: 4 }");
  FITD_ASSERT_OK_AND_ASSIGN(const auto response, On(trained, iris, v1::ROW_SELECTION_VALIDATION));
  EXPECT_EQ(response.rows(), 38);
  EXPECT_THAT(Find(response.metrics(), "loss"),
              Optional(DoubleNear(*Find(trained.metrics, "val_loss"), 1e-6)));
}

TEST_F(EvaluateTest, RefusesASplitItCannotRepeat) {
  const Data iris = Iris();
  Trained trained = Train(kIrisModel, iris, kClassification + "validation_split: 0.2");
  trained.version.mutable_lineage()->set_dataset_sha256("0123");
  EXPECT_THAT(
      On(trained, iris, v1::ROW_SELECTION_VALIDATION),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("only be repeated on the rows")));
}

TEST_F(EvaluateTest, FailsWhenNoRowWasHeldOut) {
  const Data iris = Iris();
  const Trained trained = Train(kIrisModel, iris, kClassification);
  EXPECT_THAT(On(trained, iris, v1::ROW_SELECTION_VALIDATION),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("none was held out")));
}

TEST_F(EvaluateTest, RefusesDataOfAnotherShape) {
  const Trained trained = Train(kIrisModel, Iris(), kClassification);
  EXPECT_THAT(On(trained, Digits()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sepal_length_cm")));
}

TEST_F(EvaluateTest, RefusesMetricsThatDoNotFit) {
  const Data iris = Iris();
  const Trained trained = Train(kIrisModel, iris, kClassification);
  EXPECT_THAT(
      On(trained, iris, v1::ROW_SELECTION_UNSPECIFIED,
         {"auc { num_thresholds: 1 }", "recall { class_id: 3 }"}),
      StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("metrics[0].auc.num_thresholds"),
                                                         HasSubstr("metrics[1].recall.class_id"))));
}

}  // namespace
}  // namespace fitd
