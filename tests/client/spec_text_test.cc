#include "client/spec_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "fitd/v1/layer.pb.h"
#include "fitd/v1/loss.pb.h"
#include "fitd/v1/metric.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/optimizer.pb.h"
#include "fitd/v1/training.pb.h"
#include "tests/testing/status_matchers.h"

namespace fitd::client {
namespace {

using absl::StatusCode;
using google::protobuf::TextFormat;
using google::protobuf::util::MessageDifferencer;
using testing::AllOf;
using testing::HasSubstr;

template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

struct Case {
  std::string text;
  std::string expected;  // Protobuf text format.
};

template <typename Spec>
void ExpectParsed(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    Spec spec;
    FITD_EXPECT_OK(ParseSpec(c.text, spec)) << c.text;
    EXPECT_TRUE(MessageDifferencer::Equals(spec, Proto<Spec>(c.expected))) << c.text << "\n"
                                                                           << spec.DebugString();
    Spec again;
    FITD_EXPECT_OK(ParseSpec(FormatSpec(spec), again)) << FormatSpec(spec);
    EXPECT_TRUE(MessageDifferencer::Equals(spec, again)) << FormatSpec(spec);
  }
}

TEST(ParseSpecTest, ReadsLayers) {
  ExpectParsed<v1::LayerSpec>({
      {"dense:10", "dense { units: 10 }"},
      {"dense:10:relu", "dense { units: 10 activation { relu {} } }"},
      {"dense(10, relu)", "dense { units: 10 activation { relu {} } }"},
      {" dense : 10 : activation = elu(0.5) ",
       "dense { units: 10 activation { elu { alpha: 0.5 } } }"},
      {"dense:64:relu:kernel_regularizer=l2(0.01)",
       "dense { units: 64 activation { relu {} } kernel_regularizer { l2 { l2: 0.01 } } }"},
      {"dense:3:use_bias=false:name=out", "name: 'out' dense { units: 3 use_bias: false }"},
      {"dense:8:kernel_initializer=random_uniform(minval=-0.1, maxval=0.1)",
       "dense { units: 8 kernel_initializer { random_uniform { minval: -0.1 maxval: 0.1 } } }"},
      {"dropout:0.5", "dropout { rate: 0.5 }"},
      {"flatten", "flatten {}"},
      {"flatten()", "flatten {}"},
      {"rescaling:scale=0.00392157", "rescaling { scale: 0.00392157 }"},
      {"activation:swish", "activation { silu {} }"},
      {"activation(elu(0.5)):name=a", "name: 'a' activation { elu { alpha: 0.5 } }"},
      {"normalization([0, 1.5], [1, 2])",
       "normalization { mean: 0 mean: 1.5 variance: 1 variance: 2 }"},
      {"normalization:mean=3:variance=1e-2", "normalization { mean: 3 variance: 0.01 }"},
  });
}

TEST(ParseSpecTest, ReadsLosses) {
  ExpectParsed<v1::LossSpec>({
      {"mse", "mean_squared_error {}"},
      {"huber:delta=2", "huber { delta: 2 }"},
      {"binary_crossentropy:from_logits=true:label_smoothing=0.1",
       "binary_crossentropy { from_logits: true label_smoothing: 0.1 }"},
      {"binary_crossentropy:TRUE", "binary_crossentropy { from_logits: true }"},
  });
}

TEST(ParseSpecTest, ReadsOptimizersAndLearningRates) {
  ExpectParsed<v1::OptimizerSpec>({
      {"adam", "adam {}"},
      {"adam:beta_1=0.95:clipnorm=1", "adam { beta_1: 0.95 } clipnorm: 1"},
      {"sgd:momentum=0.9:nesterov=true:learning_rate=0.1",
       "sgd { momentum: 0.9 nesterov: true } learning_rate { constant: 0.1 }"},
      {"adamw(learning_rate=cosine_decay(0.001, 1000, warmup_steps=10))",
       "adamw {} learning_rate { cosine_decay { initial_learning_rate: 0.001 decay_steps: 1000 "
       "warmup_steps: 10 } }"},
  });
  ExpectParsed<v1::LearningRateSpec>({
      {"0.001", "constant: 0.001"},
      {"1e-3", "constant: 0.001"},
      {"constant:0.5", "constant: 0.5"},
      {"cosine_decay:0.001:1000",
       "cosine_decay { initial_learning_rate: 0.001 decay_steps: 1000 }"},
      {"piecewise_constant_decay([100, 200], [0.1, 0.01, 0.001])",
       "piecewise_constant_decay { boundaries: 100 boundaries: 200 values: 0.1 values: 0.01 "
       "values: 0.001 }"},
  });
}

TEST(ParseSpecTest, ReadsMetrics) {
  ExpectParsed<v1::MetricSpec>({
      {"acc", "accuracy {}"},
      {"top_k_categorical_accuracy:k=3", "top_k_categorical_accuracy { k: 3 }"},
      {"precision:0.7:name=p", "name: 'p' precision { threshold: 0.7 }"},
  });
}

TEST(ParseSpecTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"dnese:10",
       "layer: unknown layer \"dnese\"; did you mean \"dense\"? known: dense, activation, "},
      {"dense:ten", "layer: dense: units is \"ten\"; expected a whole number"},
      {"dense:10.5", "units is \"10.5\"; expected a whole number"},
      {"dense:99999999999999999999", "units is \"99999999999999999999\"; expected a whole number"},
      {"dense:10:relux",
       "layer: dense: activation: unknown activation \"relux\"; did you mean \"relu\"?"},
      {"dense:10:unit=3", "unknown argument \"unit\"; did you mean \"units\"?"},
      {"dense:10:units=3", "layer: dense: units is given twice"},
      {"dense:10:use_bias=maybe", "use_bias is \"maybe\"; expected true or false"},
      {"dropout:0.5:0.6", "takes 1 argument at most without a name; \"0.6\" is one more"},
      {"flatten:3", "\"3\""},
      {"dropout:[1, 2]", "rate takes a single value"},
      {"dropout:1e999", "rate is \"1e999\"; expected 0, or a number of 1e-45 to 3.4028235e+38"},
      {"dense:10,dense:3", "layer: expected one, found 2 separated by commas"},
      {"dense:", "expected a name or a number at character 7, found the end"},
      {"dense(10", "expected ',' or ')' at character 9, found the end"},
      {"dense(10))", "expected ',', ':' or the end at character 10, found \")\""},
      {"", "expected a name or a number at character 1, found the end"},
      {std::string(1000, '('), "expected a name"},
      {std::string(100000, '['), "nested too deep"},
  };
  for (const auto& [text, message] : cases) {
    v1::LayerSpec spec;
    EXPECT_THAT(ParseSpec(text, spec), StatusIs(StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  }
}

TEST(ParseSpecTest, RefusesToGuessTheOrderOfAnOptimizersArguments) {
  v1::OptimizerSpec spec;
  EXPECT_THAT(ParseSpec("adam:0.001", spec),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("write arguments by name, e.g. beta_1=0.001"),
                             HasSubstr("learning_rate"))));
}

TEST(ParseSpecsTest, ReadsAListWithCommasInsideParentheses) {
  v1::ModelSpec model;
  FITD_ASSERT_OK(
      ParseSpecs("rescaling:scale=0.5, dense(10, relu), dense:3:softmax", *model.mutable_layers()));
  ASSERT_EQ(model.layers_size(), 3);
  EXPECT_TRUE(model.layers(1).dense().activation().has_relu());
}

TEST(ParseSpecsTest, LeavesASpecWithAFaultEmpty) {
  google::protobuf::RepeatedPtrField<v1::LayerSpec> layers;
  EXPECT_FALSE(ParseSpecs("dense:8:activation=rellu, dense:2", layers).ok());
  ASSERT_EQ(layers.size(), 2);
  EXPECT_EQ(layers[0].ByteSizeLong(), 0U);
  EXPECT_EQ(layers[1].dense().units(), 2);
  v1::EarlyStoppingSpec stopping;
  EXPECT_FALSE(ParseArguments("val_loss:x", {"monitor", "patience"}, stopping).ok());
  EXPECT_EQ(stopping.ByteSizeLong(), 0U);
}

TEST(ParseSpecTest, KeepsTheFirstOfTwoValues) {
  v1::LayerSpec layer;
  EXPECT_THAT(ParseSpec("dense:-3:relu:units=4", layer),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("units is given twice")));
  EXPECT_EQ(layer.dense().units(), -3);
}

TEST(ParseSpecsTest, ReportsEveryFaultWithItsPlace) {
  v1::ModelSpec model;
  EXPECT_THAT(
      ParseSpecs("dense:x, dense:3, dopout:0.1:rote=2, dropout:y", *model.mutable_layers()),
      StatusIs(StatusCode::kInvalidArgument, AllOf(HasSubstr("layer 1: dense: units"),
                                                   HasSubstr("\nlayer 3: unknown layer \"dopout\""),
                                                   HasSubstr("\nlayer 4: dropout: rate"))));
}

TEST(ParseArgumentsTest, PutsTheFirstOnesWhereTheCallerSays) {
  v1::EarlyStoppingSpec spec;
  FITD_ASSERT_OK(ParseArguments("val_accuracy:3:mode=max:restore_best_weights=false",
                                {"monitor", "patience"}, spec));
  EXPECT_TRUE(MessageDifferencer::Equals(
      spec, Proto<v1::EarlyStoppingSpec>("monitor: 'val_accuracy' patience: 3 mode: "
                                         "MONITOR_MODE_MAX restore_best_weights: false")));
}

TEST(FormatArgumentsTest, ReadsBack) {
  v1::EarlyStoppingSpec spec;
  FITD_ASSERT_OK(ParseArguments("val_loss:3:mode=max", {"monitor", "patience"}, spec));
  EXPECT_EQ(FormatArguments(spec), "monitor=val_loss:patience=3:mode=max");
}

TEST(ParseArgumentsTest, SaysWhatIsWrong) {
  v1::EarlyStoppingSpec spec;
  EXPECT_THAT(
      ParseArguments("val_loss:3:mode=best:patinece=2", {"monitor", "patience"}, spec),
      StatusIs(StatusCode::kInvalidArgument,
               AllOf(HasSubstr("mode is \"best\"; expected one of min, max"),
                     HasSubstr("unknown argument \"patinece\"; did you mean \"patience\"?"))));
  EXPECT_THAT(ParseArguments("val_loss,patience=3", {"monitor", "patience"}, spec),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("expected ':' or the end at character 9, found \",\"")));
}

// Every kind of every family can be written by its name.
template <typename Spec>
void ExpectEveryKindByName() {
  const auto* kinds = Spec::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) {
    const auto* kind = kinds->field(i);
    if (kind->message_type() == nullptr) continue;
    Spec spec;
    FITD_EXPECT_OK(ParseSpec(kind->name(), spec));
    EXPECT_EQ(FormatSpec(spec), kind->name());
  }
}

TEST(ParseSpecTest, KnowsEveryKind) {
  ExpectEveryKindByName<v1::LayerSpec>();
  ExpectEveryKindByName<v1::ActivationSpec>();
  ExpectEveryKindByName<v1::InitializerSpec>();
  ExpectEveryKindByName<v1::RegularizerSpec>();
  ExpectEveryKindByName<v1::LossSpec>();
  ExpectEveryKindByName<v1::OptimizerSpec>();
  ExpectEveryKindByName<v1::MetricSpec>();
}

}  // namespace
}  // namespace fitd::client
