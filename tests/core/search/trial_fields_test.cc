#include "core/search/trial_fields.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/core/search/search_testing.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Find(const std::string& path) {
  const auto fields = FindFields(path, Base());
  EXPECT_TRUE(fields.ok()) << path << ": " << fields.status();
  return fields.ok() ? *fields : std::vector<std::string>();
}

TEST(TrialFieldsTest, ShortNamesStandForWholePaths) {
  EXPECT_THAT(Find("learning_rate"), ElementsAre("training.optimizer.learning_rate.constant"));
  EXPECT_THAT(Find("batch_size"), ElementsAre("training.batch_size"));
  EXPECT_THAT(Find("optimizer"), ElementsAre("training.optimizer"));
  EXPECT_THAT(Find("optimizer.sgd.momentum"), ElementsAre("training.optimizer.sgd.momentum"));
  EXPECT_THAT(Find("momentum"), ElementsAre("training.optimizer.sgd.momentum"));
  EXPECT_THAT(Find("clipnorm"), ElementsAre("training.optimizer.clipnorm"));
  EXPECT_THAT(Find("units"),
              ElementsAre("model.layers[0].dense.units", "model.layers[2].dense.units"));
  EXPECT_THAT(Find("activation"),
              ElementsAre("model.layers[0].dense.activation", "model.layers[2].dense.activation"));
  EXPECT_THAT(Find("dense_1.units"), ElementsAre("model.layers[2].dense.units"));
  EXPECT_THAT(Find("dense.repeat"), ElementsAre("model.layers[0].repeat"));
  EXPECT_THAT(Find("dropout"), ElementsAre("model.layers[1].dropout.rate"));
  EXPECT_THAT(Find("layers"), ElementsAre("model.layers[0-1].repeat"));
  EXPECT_THAT(Find("layers[3].dense.use_bias"), ElementsAre("model.layers[3].dense.use_bias"));
  EXPECT_THAT(Find("model.layers[03].dense.units"), ElementsAre("model.layers[3].dense.units"));
  EXPECT_THAT(Find("layers[1-1].repeat"), ElementsAre("model.layers[1].repeat"));
}

TEST(TrialFieldsTest, WrongPathsNameTheNearestKnown) {
  const auto refused = [](const std::string& path, const std::string& text) {
    EXPECT_THAT(FindFields(path, Base()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)))
        << path;
  };
  refused("learning_rat", "unknown setting \"learning_rat\"; did you mean \"learning_rate\"?");
  refused("training.batchsize", "did you mean \"batch_size\"?");
  refused("training.optimizer.adm.beta_1", "did you mean \"adam\"?");
  refused("dense_1.unit", "did you mean \"units\"?");
  refused("model.layers[4].dense.units", "layers has 4 elements; the last index is 3");
  refused("model.layers[x].dense.units", "no element of a list");
  refused("model.layers[", "no element of a list");
  refused("model.layers.dense.units", "layers is a list; allowed: layers[INDEX]");
  refused("training.batch_size[0]", "batch_size is no list");
  refused("training.batch_size.x", "is a value and has no field x");
  refused("model.layers[0-1].dense.units", "can only be followed by \"repeat\"");
  refused("model.layers[0]", "a whole element of layers cannot be set");
  refused("training.metrics[0].repeat", "metrics has 0 elements");
  refused("training.class_weight", "is a map");
  refused("", "unknown setting \"\"");
  refused("dens.units", "unknown layer or setting \"dens\"; did you mean \"dense\"?");
  refused("dense_9.units", "did you mean \"dense_1\"?");
  refused("optimzer.sgd.momentum", "did you mean \"optimizer\"?");
  refused("dense", "dense is a whole layer; allowed: dense.FIELD or dense.repeat");
  refused("lr", "unknown setting \"lr\"; did you mean \"learning_rate\"?");
  refused("betta_1", "did you mean \"beta_1\"?");
  refused("label_smothing", "did you mean \"label_smoothing\"?");
  refused("beta_1",
          "beta_1 is a field of adam and adamw, but the optimizer is sgd; allowed: another");
  refused("delta",
          "delta is a field of huber, but the loss is sparse_categorical_crossentropy; allowed: "
          "another loss, or an axis inside the choice of one");
}

TEST(TrialFieldsTest, OptionsOfTheLossAndOfThePipelineHaveShortNames) {
  EXPECT_THAT(Find("from_logits"),
              ElementsAre("training.loss.sparse_categorical_crossentropy.from_logits"));
  EXPECT_THAT(Find("standardize_features"), ElementsAre("training.pipeline.standardize_features"));
}

TEST(TrialFieldsTest, StrengthsAreThoseOfTheKernelsPenalties) {
  // Of new ones, which can have both.
  EXPECT_THAT(Find("l2"), ElementsAre("model.layers[0].dense.kernel_regularizer.l1_l2.l2",
                                      "model.layers[2].dense.kernel_regularizer.l1_l2.l2"));
  v1::TrialSpec base = Base();
  const auto penalty = [&](int layer) {
    return base.mutable_model()
        ->mutable_layers(layer)
        ->mutable_dense()
        ->mutable_kernel_regularizer();
  };
  penalty(0)->mutable_l1();
  penalty(3)->mutable_l2();
  EXPECT_THAT(*FindFields("l1", base),
              ElementsAre("model.layers[0].dense.kernel_regularizer.l1.l1"));
  EXPECT_THAT(*FindFields("l2", base),
              ElementsAre("model.layers[3].dense.kernel_regularizer.l2.l2"));
  penalty(3)->mutable_l1();
  EXPECT_THAT(FindFields("l2", base),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("allowed: kernel_regularizer, or a whole path, as "
                                 "model.layers[0].dense.kernel_regularizer.l2.l2")));
}

TEST(TrialFieldsTest, ShortNamesOfLayersThatAreNotThereAreRefused) {
  v1::TrialSpec base = Base();
  base.mutable_model()->mutable_layers()->DeleteSubrange(0, 3);
  for (const char* path : {"units", "layers", "dropout"})
    EXPECT_THAT(FindFields(path, base), StatusIs(absl::StatusCode::kInvalidArgument)) << path;
}

TEST(TrialFieldsTest, ValuesAreParsedByTheFieldsType) {
  v1::TrialSpec trial = Base();
  FITD_ASSERT_OK(PutAll({{"training.batch_size", "64"},
                         {"training.optimizer.learning_rate.constant", "0.125"},
                         {"training.shuffle", "false"},
                         {"training.sample_weight_column", "w"},
                         {"model.layers[0].dense.activation", "tanh"},
                         {"model.layers[2].dense.activation", "{\"elu\": {\"alpha\": 0.5}}"}},
                        trial));
  EXPECT_EQ(trial.training().batch_size(), 64);
  EXPECT_EQ(trial.training().optimizer().learning_rate().constant(), 0.125F);
  EXPECT_FALSE(trial.training().shuffle());
  EXPECT_EQ(trial.training().sample_weight_column(), "w");
  EXPECT_TRUE(trial.model().layers(0).dense().activation().has_tanh());
  EXPECT_EQ(trial.model().layers(2).dense().activation().elu().alpha(), 0.5F);
}

TEST(TrialFieldsTest, WrongValuesSayWhatIsAllowed) {
  const auto refused = [](const std::string& field, const std::string& value,
                          const std::string& text) {
    v1::TrialSpec trial = Base();
    EXPECT_THAT(PutValue(field, value, trial),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)))
        << field << " " << value;
  };
  refused("training.batch_size", "8.5", "is \"8.5\"; allowed: a whole number");
  refused("training.optimizer.sgd.momentum", "much", "is \"much\"; allowed: a number");
  refused("training.shuffle", "perhaps", "allowed: true or false");
  refused("model.layers[0].dense.activation", "rellu", "did you mean \"relu\"?");
  refused("training.early_stopping", "soon", "allowed: the message as JSON");
  refused("model.layers[0].dense.activation", "{\"elu\": 3}", "is \"{\\\"elu\\\": 3}\": ");
}

TEST(TrialFieldsTest, AFieldOfAKindThatIsNotSetIsRefused) {
  v1::TrialSpec trial = Base();
  EXPECT_THAT(PutValue("training.optimizer.adam.beta_1", "0.5", trial),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("here is sgd")));
  FITD_ASSERT_OK(PutValue("training.optimizer", "adam", trial));
  FITD_ASSERT_OK(PutValue("training.optimizer.adam.beta_1", "0.5", trial));
  EXPECT_EQ(trial.training().optimizer().adam().beta_1(), 0.5F);
}

TEST(TrialFieldsTest, AnotherKindKeepsWhatStandsBesideIt) {
  v1::TrialSpec trial = Base();
  FITD_ASSERT_OK(
      PutAll({{"training.optimizer.learning_rate.constant", "0.5"}, {"training.optimizer", "adam"}},
             trial));
  EXPECT_TRUE(trial.training().optimizer().has_adam());
  EXPECT_EQ(trial.training().optimizer().learning_rate().constant(), 0.5F);
}

TEST(TrialFieldsTest, AWholeIsSetBeforeItsPartsWhateverTheOrder) {
  v1::TrialSpec trial = Base();
  FITD_ASSERT_OK(PutAll({{"training.optimizer.adam.beta_1", "0.5"},
                         {"training.optimizer.learning_rate.constant", "0.25"},
                         {"training.optimizer", "{\"adam\": {\"beta_1\": 0.7, \"beta_2\": 0.8}}"},
                         {"training.early_stopping.patience", "3"},
                         {"training.early_stopping", "{\"monitor\": \"loss\"}"}},
                        trial));
  EXPECT_EQ(trial.training().optimizer().adam().beta_1(), 0.5F);
  EXPECT_EQ(trial.training().optimizer().adam().beta_2(), 0.8F);
  EXPECT_EQ(trial.training().optimizer().learning_rate().constant(), 0.25F);
  EXPECT_EQ(trial.training().early_stopping().patience(), 3);
  EXPECT_EQ(trial.training().early_stopping().monitor(), "loss");
}

TEST(TrialFieldsTest, WhatTheValueDoesNotSayStaysBesideAKind) {
  v1::TrialSpec trial = Base();
  *trial.mutable_training()->mutable_optimizer() = ParseText<v1::OptimizerSpec>(
      "adam { beta_1: 0.7 } learning_rate { constant: 0.5 } clipnorm: 2");
  v1::TrialSpec same = trial;
  FITD_ASSERT_OK(PutValue("training.optimizer", "adam", same));
  EXPECT_EQ(same.DebugString(), trial.DebugString());
  FITD_ASSERT_OK(
      PutValue("training.optimizer", "{\"sgd\": {\"momentum\": 0.9}, \"clipnorm\": 1}", trial));
  EXPECT_EQ(trial.training().optimizer().ShortDebugString(),
            "sgd { momentum: 0.9 } learning_rate { constant: 0.5 } clipnorm: 1");
}

TEST(TrialFieldsTest, AnElementThatAValueTookAwayIsRefused) {
  v1::TrialSpec trial = Base();
  EXPECT_THAT(PutAll({{"model", "{\"layers\": []}"}, {"model.layers[0].dense.units", "3"}}, trial),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("layers has 0 elements")));
}

std::vector<std::string> LayerNames(const v1::TrialSpec& trial) {
  std::vector<std::string> names;
  for (const v1::LayerSpec& layer : trial.model().layers()) names.push_back(layer.name());
  return names;
}

TEST(TrialFieldsTest, ABlockIsRepeatedAfterItsValuesAreSet) {
  v1::TrialSpec trial = Base();
  FITD_ASSERT_OK(PutAll({{"model.layers[0-1].repeat", "2"},
                         {"model.layers[2].repeat", "0"},
                         {"model.layers[0].dense.units", "16"}},
                        trial));
  EXPECT_THAT(LayerNames(trial), ElementsAre("dense", "dropout", "", "", "dense_2"));
  EXPECT_EQ(trial.model().layers(2).dense().units(), 16);
  EXPECT_THAT(LayerNames({}), testing::IsEmpty());
  *trial.mutable_model() = ResolvedModel(trial.model());
  EXPECT_THAT(LayerNames(trial),
              ElementsAre("dense", "dropout", "dense_1", "dropout_1", "dense_2"));
}

TEST(TrialFieldsTest, BlocksWithALayerInCommonAreNotRepeated) {
  EXPECT_TRUE(RepeatsMeet("model.layers[0-1].repeat", "model.layers[1].repeat"));
  EXPECT_TRUE(RepeatsMeet("model.layers[1].repeat", "model.layers[0-2].repeat"));
  EXPECT_FALSE(RepeatsMeet("model.layers[0-1].repeat", "model.layers[2-3].repeat"));
  EXPECT_FALSE(RepeatsMeet("model.layers[0-1].repeat", "model.layers[0].dense.units"));
  v1::TrialSpec trial = Base();
  EXPECT_THAT(
      PutAll({{"model.layers[2-3].repeat", "1"}, {"model.layers[3].repeat", "0"}}, trial),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "model.layers[2-3].repeat and model.layers[3].repeat have layers in common"));
}

TEST(TrialFieldsTest, LayersThatAreNotThereAreNotRepeated) {
  v1::TrialSpec trial = Base();
  EXPECT_THAT(PutRepeat("model.layers[2-4].repeat", "1", trial),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "model.layers[2-4].repeat: layers has 4 elements; the last index is 3"));
}

TEST(TrialFieldsTest, CopiesAreCountedInWholeNumbers) {
  for (const char* copies : {"-1", "1.5", "1001", ""}) {
    v1::TrialSpec trial = Base();
    EXPECT_THAT(PutRepeat("model.layers[0].repeat", copies, trial),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0 to 1000 copies")));
  }
}

TEST(TrialFieldsTest, KnowsWhichFieldsTakeNumbers) {
  EXPECT_EQ(TypeOfField("training.batch_size", Base()), FieldType::kInteger);
  EXPECT_EQ(TypeOfField("model.layers[0].repeat", Base()), FieldType::kInteger);
  EXPECT_EQ(TypeOfField("model.layers[1].dropout.rate", Base()), FieldType::kReal);
  EXPECT_EQ(TypeOfField("training.optimizer", Base()), FieldType::kOther);
}

}  // namespace
}  // namespace fitd
