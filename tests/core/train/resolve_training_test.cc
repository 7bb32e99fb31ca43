#include "core/train/resolve_training.h"

#include <limits>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Networks of four inputs.
const char kTen[] = "input_shape: 4 layers { dense { units: 10 activation { softmax {} } } }";
const char kThree[] = "input_shape: 4 layers { dense { units: 3 activation { softmax {} } } }";
const char kOne[] = "input_shape: 4 layers { dense { units: 1 } }";
const char kSigmoid[] = "input_shape: 4 layers { dense { units: 1 activation { sigmoid {} } } }";

// Tables of three numeric features, a weight, and labels.
const std::string kFeatures = R"(
  rows: 150
  columns { name: "a" role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_REAL dtype: DATA_TYPE_FLOAT32 }
  columns { name: "b" role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_REAL dtype: DATA_TYPE_FLOAT32 }
  columns { name: "color" role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_CATEGORICAL dtype: DATA_TYPE_UINT8
            dictionary: "red" }
  statistics { column: "a" min: -1 max: 1 } statistics { column: "b" min: 0 max: 9 } statistics { column: "color" }
)";

std::string Label(const std::string& kind, const std::string& more,
                  const std::string& statistics = "") {
  return kFeatures + "columns { name: 'y' role: COLUMN_ROLE_LABEL kind: COLUMN_KIND_" + kind + " " +
         more + "} statistics { column: 'y' " + statistics + "}";
}
const std::string kDigits = Label("INTEGER", "", "min: 0 max: 9");
const std::string kSpecies =
    Label("CATEGORICAL", "dictionary: ['setosa', 'versicolor', 'virginica']");
const std::string kYesNo = Label("CATEGORICAL", "dictionary: ['no', 'yes']");
const std::string kPrice = Label("REAL", "", "min: 10 max: 99.5");
const std::string kOneHot = Label("REAL", "shape: 3", "min: 0 max: 1");
const std::string kWithWeight =
    "columns { name: 'w' role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_REAL } statistics { column: "
    "'w' min: 0 max: 2 }";

// A request, and what becomes of it.
struct Case {
  std::string name;
  std::string model;
  std::string table;
  std::string training;
  std::string fault;            // Part of the text; empty: accepted.
  std::string validation = "";  // A table, or none.
};

struct Resolved {
  absl::Status status;
  v1::TrainingSpec training;
};

Resolved Resolve(const Case& request) {
  Violations violations;
  auto model = Parse<v1::ModelSpec>(request.model);
  const ModelShape shape = ResolveModel(model, 1'000'000, "spec", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  const auto table = Parse<v1::TableHeader>(request.table);
  std::optional<v1::TableHeader> validation;
  if (!request.validation.empty()) validation = Parse<v1::TableHeader>(request.validation);
  Resolved resolved;
  resolved.training = Parse<v1::TrainingSpec>(request.training);
  ResolveTraining(model, shape, table, validation ? &*validation : nullptr, "spec.training",
                  resolved.training, violations);
  resolved.status = violations.ToStatus();
  return resolved;
}

v1::TrainingSpec ResolveOk(const std::string& model, const std::string& table,
                           const std::string& training, const std::string& validation = "") {
  const Resolved resolved = Resolve({.name = "",
                                     .model = model,
                                     .table = table,
                                     .training = training,
                                     .fault = "",
                                     .validation = validation});
  EXPECT_THAT(resolved.status, IsOk());
  return resolved.training;
}

const char kSparse[] = "loss { sparse_categorical_crossentropy {} } ";
const char kSquares[] = "loss { mean_squared_error {} } ";

TEST(ResolveTrainingTest, WritesDefaults) {
  const v1::TrainingSpec training = ResolveOk(kThree, kSpecies, kSparse);
  EXPECT_TRUE(training.optimizer().has_rmsprop());
  EXPECT_EQ(training.optimizer().learning_rate().constant(), 0.001F);
  EXPECT_EQ(training.epochs(), 1);
  EXPECT_EQ(training.batch_size(), 32);
  EXPECT_TRUE(training.has_seed());
  EXPECT_TRUE(training.shuffle());
  EXPECT_TRUE(training.pipeline().standardize_features());
  EXPECT_FALSE(training.pipeline().standardize_targets());
  EXPECT_TRUE(training.pipeline().has_standardize_targets());
}

TEST(ResolveTrainingTest, WritesTheCallbacksDefaults) {
  const v1::TrainingSpec training =
      ResolveOk(kThree, kSpecies,
                std::string(kSparse) +
                    "validation_split: 0.2 metrics { accuracy {} } early_stopping {} "
                    "reduce_lr_on_plateau { monitor: 'val_accuracy' }");
  EXPECT_EQ(training.early_stopping().monitor(), "val_loss");
  EXPECT_EQ(training.early_stopping().mode(), v1::MONITOR_MODE_MIN);
  EXPECT_TRUE(training.early_stopping().restore_best_weights());
  EXPECT_EQ(training.reduce_lr_on_plateau().mode(), v1::MONITOR_MODE_MAX);
  EXPECT_EQ(training.reduce_lr_on_plateau().factor(), 0.1F);
  EXPECT_EQ(training.reduce_lr_on_plateau().patience(), 10);
  EXPECT_EQ(training.reduce_lr_on_plateau().min_delta(), 1e-4F);
}

TEST(ResolveTrainingTest, KeepsWhatIsWritten) {
  const v1::TrainingSpec training = ResolveOk(
      kThree, kSpecies,
      std::string(kSparse) +
          "optimizer { adam {} learning_rate { constant: 0.5 } } epochs: 7 batch_size: 5 seed: 9 "
          "shuffle: false pipeline { standardize_features: false } early_stopping { monitor: "
          "'loss' "
          "mode: MONITOR_MODE_MAX restore_best_weights: false }");
  EXPECT_TRUE(training.optimizer().has_adam());
  EXPECT_EQ(training.optimizer().learning_rate().constant(), 0.5F);
  EXPECT_EQ(training.epochs(), 7);
  EXPECT_EQ(training.batch_size(), 5);
  EXPECT_EQ(training.seed(), 9U);
  EXPECT_FALSE(training.shuffle());
  EXPECT_FALSE(training.pipeline().standardize_features());
  EXPECT_EQ(training.early_stopping().mode(), v1::MONITOR_MODE_MAX);
  EXPECT_FALSE(training.early_stopping().restore_best_weights());
}

TEST(ResolveTrainingTest, IsDoneOnce) {
  const std::string request =
      std::string(kSparse) +
      "validation_split: 0.2 metrics { accuracy {} } metrics { precision {} } early_stopping {} "
      "class_weight { key: '1' value: 2 }";
  const v1::TrainingSpec once = ResolveOk(kThree, kSpecies, request);
  const v1::TrainingSpec twice = ResolveOk(kThree, kSpecies, once.ShortDebugString());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(once, twice))
      << twice.DebugString();
}

bool StandardizesTargets(const std::string& model, const std::string& table,
                         const std::string& training) {
  return ResolveOk(model, table, training).pipeline().standardize_targets();
}

TEST(ResolveTrainingTest, StandardizesTheTargetsOfRegressionsThatEndLinear) {
  EXPECT_TRUE(StandardizesTargets(kOne, kPrice, kSquares));
  EXPECT_TRUE(StandardizesTargets(kOne, kPrice, "loss { huber {} }"));
  EXPECT_TRUE(StandardizesTargets(
      "input_shape: 4 layers { dense { units: 1 } } layers { activation { linear {} } }", kPrice,
      kSquares));
  EXPECT_FALSE(StandardizesTargets(kSigmoid, kPrice, kSquares));
  EXPECT_FALSE(StandardizesTargets(
      "input_shape: 4 layers { dense { units: 1 } } layers { rescaling { scale: 9 } }", kPrice,
      kSquares));
  EXPECT_FALSE(StandardizesTargets(
      kOne, kPrice, std::string(kSquares) + "pipeline { standardize_targets: false }"));
  // Data that is no table.
  EXPECT_FALSE(
      StandardizesTargets("input_shape: 4 layers { dense { units: 3 } }", kOneHot, kSquares));
}

TEST(ResolveTrainingTest, NamesTheClassesThatWeigh) {
  const v1::TrainingSpec named = ResolveOk(
      kThree, kSpecies,
      std::string(kSparse) +
          "class_weight { key: '1' value: 2 } class_weight { key: 'virginica' value: 3 }");
  EXPECT_EQ(named.class_weight().at("versicolor"), 2);
  EXPECT_EQ(named.class_weight().at("virginica"), 3);
  const v1::TrainingSpec numbered =
      ResolveOk(kTen, kDigits, std::string(kSparse) + "class_weight { key: '9' value: 2 }");
  EXPECT_EQ(numbered.class_weight().at("9"), 2);
}

TEST(ResolveTrainingTest, RefusesASplitThatLeavesNoRow) {
  const auto fault = [](const std::string& table, const char* loss, const char* model) {
    return std::string(Resolve({.name = "",
                                .model = model,
                                .table = table,
                                .training = std::string(loss) + "validation_split: 0.2",
                                .fault = ""})
                           .status.message());
  };
  EXPECT_THAT(fault(kPrice + "rows: 1", kSquares, kOne),
              HasSubstr("spec.training.validation_split: is 0.2, but 1 row"));
  EXPECT_EQ(fault(kPrice + "rows: 2", kSquares, kOne), "");
  EXPECT_THAT(fault(kSpecies + "rows: 3", kSparse, kThree),
              HasSubstr("spec.training.validation_split: is 0.2, but no label is on two rows"));
  EXPECT_EQ(fault(kSpecies + "rows: 4", kSparse, kThree), "");
}

// They would become infinite, and the loss NaN.
TEST(ResolveTrainingTest, RefusesLabelsAndWeightsBeyondFloats) {
  const auto fault = [](const std::string& table, const std::string& training) {
    return std::string(
        Resolve({.name = "", .model = kOne, .table = table, .training = training, .fault = ""})
            .status.message());
  };
  EXPECT_THAT(fault(Label("REAL", "", "min: -1e39 max: 2"), kSquares),
              AllOf(HasSubstr("spec.dataset: labels of column \"y\" go from -1e+39 to 2"),
                    HasSubstr("allowed: -3.4028235e+38 to 3.4028235e+38")));
  EXPECT_THAT(
      fault(kPrice + "columns { name: 'w' role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_REAL } "
                     "statistics { column: 'w' min: 0 max: 1e39 }",
            std::string(kSquares) + "sample_weight_column: 'w'"),
      HasSubstr("\"w\" goes from 0 to 1e+39; allowed: 0 to 3.4028235e+38"));
}

TEST(ResolveTrainingTest, FindsAllFaultsAtOnce) {
  const Resolved resolved = Resolve(
      {.name = "",
       .model = kThree,
       .table = kSpecies,
       .training = std::string(kSparse) + "epochs: 0 batch_size: -1 metrics {} "
                                          "optimizer { adam { beta_1: 2 } } early_stopping {}",
       .fault = ""});
  EXPECT_THAT(resolved.status, StatusIs(absl::StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr("spec.training.epochs"),
                                              HasSubstr("spec.training.batch_size"),
                                              HasSubstr("spec.training.metrics[0]"),
                                              HasSubstr("spec.training.optimizer.adam.beta_1"),
                                              HasSubstr("spec.training.early_stopping.monitor"))));
}

TEST(ResolveTrainingTest, WithoutALossTheRestIsStillChecked) {
  const Resolved resolved = Resolve({.name = "",
                                     .model = kThree,
                                     .table = kSpecies,
                                     .training = "sample_weight_column: 'aa' early_stopping { "
                                                 "monitor: 'loss' patience: -2 }",
                                     .fault = ""});
  EXPECT_THAT(resolved.status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("spec.training.loss"), HasSubstr("unknown column \"aa\""),
                             HasSubstr("early_stopping.patience: is -2"))));
}

class AcceptedTrainingTest : public testing::TestWithParam<Case> {};

TEST_P(AcceptedTrainingTest, IsAccepted) { EXPECT_THAT(Resolve(GetParam()).status, IsOk()); }

INSTANTIATE_TEST_SUITE_P(
    Cases, AcceptedTrainingTest,
    testing::Values(
        Case{"Digits", kTen, kDigits, kSparse, ""},
        Case{"FewerLabelsThanOutputs", kTen, kSpecies, kSparse, ""},
        Case{"ClassesAsOneHot", kThree, kSpecies, "loss { categorical_crossentropy {} }", ""},
        Case{"OneHotArrays", kThree, kOneHot, "loss { categorical_crossentropy {} }", ""},
        Case{"OneHotClassWeights", kThree, kOneHot,
             "loss { categorical_crossentropy {} } class_weight { key: '2' value: 5 }", ""},
        Case{"TwoStrings", kSigmoid, kYesNo, "loss { binary_crossentropy {} }", ""},
        Case{"ZeroAndOne", kSigmoid, Label("INTEGER", "", "min: 0 max: 1"),
             "loss { binary_crossentropy {} }", ""},
        Case{"Probabilities", kSigmoid, Label("REAL", "", "min: 0 max: 1"),
             "loss { binary_crossentropy {} }", ""},
        Case{"ManyBinaries", kThree, kOneHot, "loss { binary_crossentropy {} }", ""},
        Case{"Integers", kOne, kDigits, kSquares, ""},
        Case{"SampleWeights", kThree, kSpecies + kWithWeight,
             std::string(kSparse) + "sample_weight_column: 'w'", ""},
        Case{"ValidationData", kThree, kSpecies, std::string(kSparse) + "early_stopping {}", "",
             kSpecies}),
    [](const auto& info) { return info.param.name; });

class RefusedTrainingTest : public testing::TestWithParam<Case> {};

TEST_P(RefusedTrainingTest, IsRefused) {
  EXPECT_THAT(Resolve(GetParam()).status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().fault)));
}

std::string Sparse(const std::string& more) { return kSparse + more; }

INSTANTIATE_TEST_SUITE_P(
    Options, RefusedTrainingTest,
    testing::Values(
        Case{"NoLoss", kThree, kSpecies, "",
             "spec.training.loss: has no kind; allowed: mean_squared_error, "},
        Case{"NoEpochs", kThree, kSpecies, Sparse("epochs: 0"),
             "spec.training.epochs: is 0; allowed: 1 to 1,000,000"},
        Case{"ManyEpochs", kThree, kSpecies, Sparse("epochs: 9223372036854775807"),
             "spec.training.epochs: is 9223372036854775807"},
        Case{"NoRows", kThree, kSpecies, Sparse("batch_size: 0"),
             "spec.training.batch_size: is 0; allowed: 1 to 1,048,576"},
        Case{"ManyRows", kThree, kSpecies, Sparse("batch_size: 1099511627776"),
             "spec.training.batch_size: is 1099511627776"},
        Case{"NegativeSplit", kThree, kSpecies, Sparse("validation_split: -0.1"),
             "spec.training.validation_split: is -0.1; allowed: 0 to below 1"},
        Case{"WholeSplit", kThree, kSpecies, Sparse("validation_split: 1"),
             "spec.training.validation_split: is 1; allowed"},
        Case{"SplitIsNoNumber", kThree, kSpecies, Sparse("validation_split: nan"),
             "spec.training.validation_split: is nan"},
        Case{"OneFold", kThree, kSpecies, Sparse("fold { index: 1 count: 1 }"),
             "spec.training.fold.count: is 1; allowed: 2 to the number of rows"},
        Case{"MoreFoldsThanRows", kThree, kSpecies, Sparse("fold { index: 1 count: 151 }"),
             "spec.training.fold.count: is 151; allowed: 2 to the number of rows, 150"},
        Case{"NoFold", kThree, kSpecies, Sparse("fold { count: 5 }"),
             "spec.training.fold.index: is 0; allowed: 1 to fold.count"},
        Case{"FoldBeyondTheLast", kThree, kSpecies, Sparse("fold { index: 6 count: 5 }"),
             "spec.training.fold.index: is 6; allowed: 1 to fold.count"},
        Case{"FoldAndSplit", kThree, kSpecies,
             Sparse("validation_split: 0.2 fold { index: 1 count: 5 }"),
             "spec.training.fold: is set beside spec.training.validation_split; allowed: one of "
             "them"},
        Case{"Optimizer", kThree, kSpecies, Sparse("optimizer { sgd { momentum: 2 } }"),
             "spec.training.optimizer.sgd.momentum: is 2"},
        Case{"Loss", kOne, kPrice, "loss { huber { delta: -1 } }",
             "spec.training.loss.huber.delta: is -1"},
        Case{"Metric", kThree, kSpecies, Sparse("metrics { auc { num_thresholds: 1 } }"),
             "spec.training.metrics[0].auc.num_thresholds: is 1"},
        Case{"MetricOfOtherTargets", kThree, kOneHot,
             "loss { categorical_crossentropy {} } metrics { sparse_categorical_accuracy {} }",
             "spec.training.metrics[0].sparse_categorical_accuracy: needs one class label"},
        Case{"AccuracyOfAmounts", kOne, kPrice, std::string(kSquares) + "metrics { accuracy {} }",
             "spec.training.metrics[0]: \"accuracy\" compares classes; the labels of column \"y\" "
             "are numbers from 10 to 99.5. Use mean_absolute_error"},
        Case{"StandardizedClasses", kThree, kSpecies,
             Sparse("pipeline { standardize_targets: true }"),
             "spec.training.pipeline.standardize_targets: is true; sparse_categorical_crossentropy "
             "needs its targets as they are"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Data, RefusedTrainingTest,
    testing::Values(
        Case{"FeatureWidth",
             "input_shape: [2, 3] layers { flatten {} } layers { dense { units: 3 } }", kSpecies,
             kSparse, "spec.dataset: has 4 inputs per row; the model's input_shape [2, 3] takes 6"},
        Case{"SampleWeightIsNoFeature", "input_shape: 5 layers { dense { units: 3 } }",
             kSpecies + kWithWeight, Sparse("sample_weight_column: 'w'"),
             "spec.dataset: has 4 inputs per row; the model's input_shape [5] takes 5"},
        Case{"TensorsAreNotStandardized", kThree,
             "rows: 9 columns { name: 'x' role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_REAL shape: "
             "4 }"
             "columns { name: 'y' role: COLUMN_ROLE_LABEL kind: COLUMN_KIND_INTEGER }"
             "statistics { column: 'x' } statistics { column: 'y' min: 0 max: 2 }",
             Sparse("pipeline { standardize_features: true }"),
             "spec.training.pipeline.standardize_features: is true; the features are a tensor"},
        Case{"NoLabel", kThree, kFeatures, kSparse,
             "spec.dataset: has no label column to learn from"},
        Case{"MissingLabels", kThree, Label("CATEGORICAL", "dictionary: 'a' missing: 3"), kSparse,
             "spec.dataset: column \"y\" lacks 3 of 150 values; labels must be complete"},
        Case{"TenIsNoDigit", kTen, Label("INTEGER", "", "min: 0 max: 10"), kSparse,
             "spec.dataset: labels of column \"y\" go from 0 to 10; the model has 10 outputs, so 0 "
             "to 9 are "
             "allowed"},
        Case{"NegativeLabel", kTen, Label("INTEGER", "", "min: -1 max: 9"), kSparse,
             "spec.dataset: labels of column \"y\" go from -1 to 9"},
        Case{"LargeLabel", kTen, Label("INTEGER", "", "min: 0 max: 2e18"), kSparse,
             "spec.dataset: labels of column \"y\" go from 0 to 2000000000000000000; the model"},
        Case{"TooManyStrings", "input_shape: 4 layers { dense { units: 2 } }", kSpecies, kSparse,
             "spec.dataset: column \"y\" holds 3 different labels; the model has 2 outputs"},
        Case{"BinaryThreeStrings", kSigmoid, kSpecies, "loss { binary_crossentropy {} }",
             "spec.dataset: column \"y\" holds 3 different labels; the model has 1 output, which "
             "tells two classes apart"},
        Case{"BinaryTwo", kSigmoid, Label("INTEGER", "", "min: 1 max: 2"),
             "loss { binary_crossentropy {} }",
             "spec.dataset: labels of column \"y\" go from 1 to 2; the model has 1 output, which "
             "tells two classes "
             "apart, so 0 to 1 are allowed"},
        Case{"BinaryRealNumbers", kSigmoid, kPrice, "loss { binary_crossentropy {} }",
             "spec.dataset: labels of column \"y\" go from 10 to 99.5; binary_crossentropy takes "
             "them for probabilities"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    LossAgainstModelAndLabels, RefusedTrainingTest,
    testing::Values(
        Case{"SparseReal", kTen, kPrice, kSparse,
             "spec.training.loss: sparse_categorical_crossentropy needs integer or string labels; "
             "column \"y\" holds real numbers"},
        Case{"SparseOneHot", kThree, kOneHot, kSparse,
             "spec.training.loss: sparse_categorical_crossentropy needs integer or string labels; "
             "the data has 3 label values per row"},
        Case{"SparseOneOutput", kSigmoid, kYesNo, kSparse,
             "spec.training.loss: sparse_categorical_crossentropy needs a model with an output per "
             "class; this one has 1. Use binary_crossentropy"},
        Case{"CategoricalOneOutput", kSigmoid, kYesNo, "loss { categorical_crossentropy {} }",
             "spec.training.loss: categorical_crossentropy needs a model with an output per class"},
        Case{"CategoricalWidth", kTen, kOneHot, "loss { categorical_crossentropy {} }",
             "spec.training.loss: categorical_crossentropy needs a label value per output; the "
             "data has 3 per row, the model 10 outputs"},
        Case{"BinaryManyOutputs", kThree, kYesNo, "loss { binary_crossentropy {} }",
             "spec.training.loss: binary_crossentropy with one label column needs a model with 1 "
             "output; this one has 3. Use sparse_categorical_crossentropy"},
        Case{"SquaresOfStrings", kOne, kSpecies, kSquares,
             "spec.training.loss: mean_squared_error needs numbers; column \"y\" holds strings"},
        Case{"SquaresWidth", kThree, kPrice, kSquares,
             "spec.training.loss: mean_squared_error needs a label value per output; the data has "
             "1 per row, the model 3 outputs"},
        Case{"AbsoluteWidth", kOne, kOneHot, "loss { mean_absolute_error {} }",
             "the data has 3 per row, the model 1 output"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Weights, RefusedTrainingTest,
    testing::Values(
        Case{"ClassOfRegression", kOne, kPrice,
             std::string(kSquares) + "class_weight { key: '0' value: 1 }",
             "spec.training.class_weight: needs classes; mean_squared_error is given numbers here"},
        Case{"UnknownClass", kThree, kSpecies, Sparse("class_weight { key: 'setsoa' value: 1 }"),
             "spec.training.class_weight[\"setsoa\"]: unknown label \"setsoa\"; did you mean "
             "\"setosa\"? known: setosa, versicolor, virginica"},
        Case{"UnknownIndex", kTen, kDigits, Sparse("class_weight { key: '10' value: 1 }"),
             "spec.training.class_weight[\"10\"]: unknown label \"10\""},
        Case{"NegativeClass", kTen, kDigits, Sparse("class_weight { key: '1' value: -1 }"),
             "spec.training.class_weight[\"1\"]: is -1; allowed: a number of 0 or more"},
        Case{"InfiniteClass", kTen, kDigits, Sparse("class_weight { key: '1' value: inf }"),
             "spec.training.class_weight[\"1\"]: is inf"},
        Case{"NoClassCounts", kSigmoid, kYesNo,
             "loss { binary_crossentropy {} } class_weight { key: 'no' value: 0 } "
             "class_weight { key: 'yes' value: 0 }",
             "spec.training.class_weight: is 0 for every class; one must be above 0"},
        Case{"TwiceTheSame", kThree, kSpecies,
             Sparse("class_weight { key: '0' value: 1 } class_weight { key: 'setosa' value: 2 }"),
             "names the same class as \"setosa\""},
        Case{"UnknownColumn", kThree, kSpecies, Sparse("sample_weight_column: 'aa'"),
             "spec.training.sample_weight_column: unknown column \"aa\"; did you mean \"a\"?"},
        Case{"LabelColumn", kOne, kPrice, std::string(kSquares) + "sample_weight_column: 'y'",
             "spec.training.sample_weight_column: \"y\" is a label column"},
        Case{"StringColumn", kThree, kSpecies, Sparse("sample_weight_column: 'color'"),
             "spec.training.sample_weight_column: \"color\" holds strings; a number per row is "
             "needed"},
        Case{"NegativeColumn", kThree, kSpecies, Sparse("sample_weight_column: 'a'"),
             "spec.training.sample_weight_column: \"a\" goes from -1 to 1; allowed: 0 to "
             "3.4028235e+38"},
        Case{
            "ColumnWithGaps", kThree,
            kSpecies +
                "columns { name: 'w' role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_REAL missing: 2 }",
            Sparse("sample_weight_column: 'w'"),
            "spec.training.sample_weight_column: \"w\" lacks 2 of 150 values"},
        Case{"NoRowCounts", kThree,
             kSpecies + "columns { name: 'w' role: COLUMN_ROLE_FEATURE kind: COLUMN_KIND_REAL } "
                        "statistics { column: 'w' min: 0 max: 0 }",
             Sparse("sample_weight_column: 'w'"),
             "spec.training.sample_weight_column: \"w\" is 0 in every row; one must be above 0"},
        Case{"NotInValidation", kThree, kSpecies + kWithWeight, Sparse("sample_weight_column: 'w'"),
             "spec.training.sample_weight_column: the validation data: unknown column \"w\"",
             kSpecies}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Callbacks, RefusedTrainingTest,
    testing::Values(
        Case{"UnknownMonitor", kThree, kSpecies,
             Sparse("validation_split: 0.2 early_stopping { monitor: 'val_los' }"),
             "spec.training.early_stopping.monitor: unknown metric \"val_los\"; did you mean "
             "\"val_loss\"? known: loss, val_loss"},
        Case{"UnmeasuredMonitor", kThree, kSpecies,
             Sparse("early_stopping { monitor: 'accuracy' }"),
             "spec.training.early_stopping.monitor: unknown metric \"accuracy\"; known: loss"},
        Case{"NoValidation", kThree, kSpecies, Sparse("early_stopping {}"),
             "spec.training.early_stopping.monitor: is \"val_loss\", but there are no validation "
             "rows; set validation_split, fold or validation_dataset, or watch \"loss\""},
        Case{"PlateauWithoutValidation", kThree, kSpecies, Sparse("reduce_lr_on_plateau {}"),
             "spec.training.reduce_lr_on_plateau.monitor: is \"val_loss\""},
        Case{
            "Mode", kThree, kSpecies, Sparse("early_stopping { monitor: 'loss' mode: 7 }"),
            "spec.training.early_stopping.mode: is 7; allowed: MONITOR_MODE_MIN, MONITOR_MODE_MAX"},
        Case{"Patience", kThree, kSpecies,
             Sparse("early_stopping { monitor: 'loss' patience: -1 }"),
             "spec.training.early_stopping.patience: is -1; allowed: 0 or more"},
        Case{"MinDelta", kThree, kSpecies,
             Sparse("early_stopping { monitor: 'loss' min_delta: -1 }"),
             "spec.training.early_stopping.min_delta: is -1"},
        Case{"Baseline", kThree, kSpecies,
             Sparse("early_stopping { monitor: 'loss' baseline: nan }"),
             "spec.training.early_stopping.baseline: is nan; allowed: a finite number"},
        Case{"StartFromEpoch", kThree, kSpecies,
             Sparse("early_stopping { monitor: 'loss' start_from_epoch: -2 }"),
             "spec.training.early_stopping.start_from_epoch: is -2"},
        Case{"Factor", kThree, kSpecies,
             Sparse("reduce_lr_on_plateau { monitor: 'loss' factor: 1 }"),
             "spec.training.reduce_lr_on_plateau.factor: is 1; allowed: above 0 to below 1"},
        Case{"PlateauPatience", kThree, kSpecies,
             Sparse("reduce_lr_on_plateau { monitor: 'loss' patience: -1 }"),
             "spec.training.reduce_lr_on_plateau.patience: is -1"},
        Case{"PlateauMinDelta", kThree, kSpecies,
             Sparse("reduce_lr_on_plateau { monitor: 'loss' min_delta: inf }"),
             "spec.training.reduce_lr_on_plateau.min_delta: is inf"},
        Case{"Cooldown", kThree, kSpecies,
             Sparse("reduce_lr_on_plateau { monitor: 'loss' cooldown: -1 }"),
             "spec.training.reduce_lr_on_plateau.cooldown: is -1"},
        Case{"MinLr", kThree, kSpecies,
             Sparse("reduce_lr_on_plateau { monitor: 'loss' min_lr: -1 }"),
             "spec.training.reduce_lr_on_plateau.min_lr: is -1"},
        Case{"Schedule", kThree, kSpecies,
             Sparse("reduce_lr_on_plateau { monitor: 'loss' } optimizer { sgd {} learning_rate { "
                    "cosine_decay { initial_learning_rate: 0.1 decay_steps: 10 } } }"),
             "spec.training.reduce_lr_on_plateau: needs a constant learning rate; the optimizer's "
             "is cosine_decay"}),
    [](const auto& info) { return info.param.name; });

std::string WithoutColumn(const std::string& table, int column) {
  auto header = Parse<v1::TableHeader>(table);
  header.mutable_columns()->DeleteSubrange(column, 1);
  header.mutable_statistics()->DeleteSubrange(column, 1);
  return header.ShortDebugString();
}

std::string WithKind(const std::string& table, int column, v1::ColumnKind kind) {
  auto header = Parse<v1::TableHeader>(table);
  header.mutable_columns(column)->set_kind(kind);
  return header.ShortDebugString();
}

INSTANTIATE_TEST_SUITE_P(
    ValidationData, RefusedTrainingTest,
    testing::Values(
        Case{"LacksAColumn", kThree, kSpecies, kSparse,
             "spec.validation_dataset: lacks column \"b\" of the training data; it has \"a\", "
             "\"color\"",
             WithoutColumn(kSpecies, 1)},
        Case{"LacksTheLabel", kThree, kSpecies, kSparse,
             "spec.validation_dataset: lacks column \"y\" of the training data; it has", kFeatures},
        Case{"StringsForNumbers", kThree, kSpecies, kSparse,
             "spec.validation_dataset: column \"a\" holds strings of shape [] per row; in the "
             "training data it holds real numbers of shape []",
             WithKind(kSpecies, 0, v1::COLUMN_KIND_CATEGORICAL)},
        Case{"OtherShape", kThree, kOneHot, "loss { categorical_crossentropy {} }",
             "spec.validation_dataset: column \"y\" holds real numbers of shape [4] per row; in "
             "the training data it holds real numbers of shape [3]",
             Label("REAL", "shape: 4", "min: 0 max: 1")},
        Case{"RealClasses", kTen, kDigits, kSparse,
             "spec.validation_dataset: column \"y\" holds real numbers of shape [] per row; in the "
             "training data it holds whole numbers",
             Label("REAL", "", "min: 0 max: 9")},
        Case{"UnknownLabel", kThree, kSpecies, kSparse,
             "spec.validation_dataset: column \"y\": unknown label \"setsoa\"; did you mean "
             "\"setosa\"?",
             Label("CATEGORICAL", "dictionary: ['setsoa']")},
        Case{"LabelOutOfRange", kTen, kDigits, kSparse,
             "spec.validation_dataset: labels of column \"y\" go from 0 to 11",
             Label("INTEGER", "", "min: 0 max: 11")},
        Case{"MissingLabels", kTen, kDigits, kSparse,
             "spec.validation_dataset: column \"y\" lacks 1 of 150 values",
             Label("INTEGER", "missing: 1", "min: 0 max: 9")}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace fitd
