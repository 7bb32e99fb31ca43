#include "core/search/resolve_search.h"

#include <string>

#include "gmock/gmock.h"
#include "tests/core/search/search_testing.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

absl::Status Resolve(const std::string& text) {
  auto spec = ParseText<v1::SearchSpec>(text);
  v1::TrialSpec base = Base();
  Violations violations;
  ResolveSearch(base, "spec", spec, violations);
  return violations.ToStatus();
}

absl::Status ResolveAxis(const std::string& axis, const std::string& algorithm = "grid {}") {
  return Resolve("algorithm { " + algorithm + " } space { axes { " + axis + " } }");
}

TEST(ResolveSearchTest, WritesTheWholePathsAndTwiceChangesNothing) {
  const v1::SearchSpec spec = Resolved(
      "algorithm { grid {} } space { axes { path: 'units' choice { choices { value: '4' } "
      "} } }");
  ASSERT_EQ(spec.space().axes(0).fields_size(), 2);
  EXPECT_EQ(spec.space().axes(0).fields(1), "model.layers[2].dense.units");
  v1::SearchSpec again = spec;
  v1::TrialSpec base = Base();
  Violations violations;
  ResolveSearch(base, "spec", again, violations);
  EXPECT_TRUE(violations.empty());
  EXPECT_EQ(again.SerializeAsString(), spec.SerializeAsString());
}

TEST(ResolveSearchTest, ALossThatAnAxisSetsMayBeLeftOut) {
  const auto loss_of = [](const std::string& axes) {
    auto spec = ParseText<v1::SearchSpec>("algorithm { grid {} } space { " + axes + " }");
    v1::TrialSpec base = Base();
    base.mutable_training()->clear_loss();
    Violations violations;
    ResolveSearch(base, "spec", spec, violations);
    EXPECT_EQ(spec.training().loss().DebugString(), base.training().loss().DebugString());
    return base.training().loss().ShortDebugString();
  };
  // With the options of none of the choices, which differ in them.
  EXPECT_EQ(loss_of("axes { path: 'units' choice { choices { value: '8' } } }"
                    "axes { path: 'loss' choice { choices { value: '{\"huber\": {\"delta\": 2}}' }"
                    "  choices { value: 'huber' } } }"),
            "huber { }");
  EXPECT_EQ(loss_of("axes { path: 'training.loss' choice { choices { value: 'hubris' }"
                    "  choices { value: 'mean_squared_error' } } }"),
            "mean_squared_error { }");
  EXPECT_EQ(loss_of("axes { path: 'units' choice { choices { value: '8' } } }"), "");
}

TEST(ResolveSearchTest, ALossThatIsThereStays) {
  auto spec = ParseText<v1::SearchSpec>(
      "algorithm { grid {} } space { axes { path: 'loss' choice { choices { value: 'huber' } } } "
      "}");
  v1::TrialSpec base = Base();
  Violations violations;
  ResolveSearch(base, "spec", spec, violations);
  EXPECT_TRUE(base.training().loss().has_sparse_categorical_crossentropy());
  EXPECT_FALSE(spec.has_training());
}

TEST(ResolveSearchTest, SaysAllFaultsAtOnceWithTheirPaths) {
  EXPECT_THAT(
      Resolve("algorithm { random {} } space {"
              "axes { path: 'learning_rte' real { low: 0.1 high: 0.2 } }"
              "axes { path: 'batch_size' real { low: 1 high: 2 } }"
              "axes { path: 'units' integer { low: 5 high: 4 } } }"),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          AllOf(HasSubstr("spec.algorithm.random.trials: is 0; allowed: 1 to 10,000"),
                HasSubstr("spec.space.axes[0].path: unknown setting \"learning_rte\"; did you mean "
                          "\"learning_rate\"?"),
                HasSubstr("spec.space.axes[1].real: the field takes whole numbers"),
                HasSubstr("spec.space.axes[2].integer.low: is 5; allowed: at most high, 4"))));
}

TEST(ResolveSearchTest, RefusesWhatIsNoSearch) {
  const auto refused = [](const absl::Status& status, const std::string& text) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  refused(Resolve("space { axes { path: 'units' integer { low: 1 high: 2 } } }"),
          "spec.algorithm: has no kind; allowed: grid, random");
  refused(Resolve("algorithm { grid {} }"), "spec.space.axes: is empty");
  refused(ResolveAxis("path: 'units'"), "has no values; allowed: choice, integer, real");
  refused(ResolveAxis("path: 'units' choice {}"), "choices: is 0; allowed: 1 to 1000");
  refused(ResolveAxis("path: 'units' choice { choices { value: '4' } choices { value: '4' } }"),
          "choices[1].value: is the same as the value of choices[0]");
  const auto same = [&](const std::string& path, const std::string& a, const std::string& b) {
    refused(ResolveAxis("path: '" + path + "' choice { choices { value: '" + a +
                        "' } choices { value: '" + b + "' } }"),
            "choices[1].value: is the same as the value of choices[0]");
  };
  same("momentum", "0.1", "0.10");
  same("units", "8", "0x8");
  same("layers", "2", "02");
  same("activation", "tanh", "{\"tanh\": {}}");
  same("activation", "{\"elu\": {\"alpha\": 1.5}}", "{\"elu\":{\"alpha\":1.50}}");
  refused(ResolveAxis("path: 'layers' choice { choices { value: 'two' } }"),
          "choices[0].value: is \"two\"; allowed: 0 to 1000 copies of layers");
  refused(ResolveAxis("path: 'units' choice { choices { value: 'many' } }"),
          "choices[0].value: is \"many\"; allowed: a whole number");
  refused(ResolveAxis("path: 'optimizer' real { low: 1 high: 2 }"), "takes no number");
  refused(ResolveAxis("path: 'optimizer' integer { low: 1 high: 2 }"), "takes no number");
  refused(ResolveAxis("path: 'momentum' real { low: 0 high: 1 log: true count: 3 }"),
          "real.low: is 0; allowed: above 0 with log");
  refused(ResolveAxis("path: 'units' integer { low: 0 high: 1 log: true }"),
          "integer.low: is 0; allowed: 1 or more with log");
  refused(ResolveAxis("path: 'momentum' real { low: nan high: 1 count: 3 }"), "a finite number");
  refused(ResolveAxis("path: 'momentum' real { low: 0 high: 1 }"),
          "real.count: is 0; allowed: 2 to 1000 values for a grid");
  refused(ResolveAxis("path: 'units' integer { low: 1 high: 5000 }"), "values for a grid");
  refused(ResolveAxis("path: 'units' integer { low: 1 high: 9223372036854775807 }",
                      "random { trials: 3 }"),
          "1e15 at most");
  refused(Resolve("algorithm { grid {} } space {"
                  "axes { path: 'units' integer { low: 1 high: 500 } }"
                  "axes { path: 'batch_size' integer { low: 1 high: 500 } } }"),
          "is 250000; allowed: a grid of 10,000 points at most");
  refused(Resolve("algorithm { grid {} } space {"
                  "axes { path: 'units' integer { low: 1 high: 2 } }"
                  "axes { path: 'dense.units' integer { low: 1 high: 2 } } }"),
          "sets \"model.layers[0].dense.units\", which another axis sets too");
  refused(Resolve("algorithm { grid {} } space {"
                  "axes { path: 'model.layers[00].dense.units' integer { low: 1 high: 2 } }"
                  "axes { path: 'dense.units' integer { low: 1 high: 2 } } }"),
          "sets \"model.layers[0].dense.units\", which another axis sets too");
  const std::string inside =
      "axes { path: 'batch_size' choice {"
      "  choices { value: '8' axes { path: 'epochs' integer { low: 1 high: 2 } } }"
      "  choices { value: '9' axes { path: 'epochs' integer { low: 3 high: 4 } } } } }";
  FITD_EXPECT_OK(Resolve("algorithm { grid {} } space {" + inside + "}"));
  refused(Resolve("algorithm { grid {} } space {" + inside +
                  "axes { path: 'epochs' integer { low: 1 high: 2 } } }"),
          "spec.space.axes[1].path: sets \"training.epochs\", which another axis sets too");
  std::string many = "algorithm { random { trials: 3 } } space {";
  for (int i = 0; i < 101; ++i) many += "axes { path: 'x' integer { low: 1 high: 2 } }";
  refused(Resolve(many + "}"), "has more than 100 axes");
}

TEST(ResolveSearchTest, AFieldThatAChoiceOfAnotherAxisDoesNotHaveIsRefused) {
  const auto optimizers = [](const std::string& values) {
    std::string axis = "axes { path: 'optimizer' choice {";
    for (const char kind : values)
      axis += kind == 'a' ? "choices { value: 'adam' }" : "choices { value: '{\"sgd\": {}}' }";
    return axis + "} }";
  };
  const std::string beta =
      "axes { path: 'training.optimizer.adam.beta_1' choice { choices { value: '0.5' } } }";
  const auto resolve = [](const std::string& axes) {
    return Resolve("algorithm { grid {} } space {" + axes + "}");
  };
  FITD_EXPECT_OK(resolve(optimizers("a") + beta));
  FITD_EXPECT_OK(resolve(beta + optimizers("a")));
  const std::string text =
      "training.optimizer.adam.beta_1 is a field of adam, but here is sgd; allowed: among the axes "
      "of a choice of adam";
  EXPECT_THAT(
      resolve(optimizers("as") + beta),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          HasSubstr("spec.space.axes[1].path: cannot be set where optimizer is \"{\\\"sgd\\\": "
                    "{}}\": " +
                    text)));
  EXPECT_THAT(resolve(beta + optimizers("as")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.space.axes[1].choice.choices[1].value: is \"{\\\"sgd\\\": "
                                 "{}}\", beside another axis: " +
                                 text)));
  const std::string inside =
      "axes { path: 'batch_size' choice { choices { value: '8' " + beta + "} } }";
  FITD_EXPECT_OK(resolve(optimizers("a") + inside));
  EXPECT_THAT(resolve(optimizers("as") + inside),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.space.axes[1].choice.choices[0].axes[0].path: cannot be")));
  EXPECT_THAT(resolve(inside + optimizers("as")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.space.axes[1].choice.choices[1].value: is")));
}

TEST(ResolveSearchTest, BlocksThatAreRepeatedHaveNoLayerInCommon) {
  const std::string layers = "axes { path: 'layers' integer { low: 0 high: 2 } }";
  const std::string one = "axes { path: 'dropout.repeat' integer { low: 0 high: 2 } }";
  const std::string text =
      "sets \"model.layers[1].repeat\", but another axis sets \"model.layers[0-1].repeat\"; "
      "allowed: "
      "blocks without a layer in common";
  EXPECT_THAT(
      Resolve("algorithm { grid {} } space {" + layers + one + "}"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("spec.space.axes[1].path: " + text)));
  EXPECT_THAT(Resolve("algorithm { grid {} } space {" + layers +
                      "axes { path: 'batch_size' choice { choices { value: '8' " + one + "} } } }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.space.axes[1].choice.choices[0].axes[0].path: " + text)));
  FITD_EXPECT_OK(Resolve("algorithm { grid {} } space {" + layers +
                         "axes { path: 'dense_1.repeat' integer { low: 0 high: 2 } } }"));
}

TEST(ResolveSearchTest, AxesOfAChoiceAreLookedUpWhereItIsMade) {
  const std::string beta = "axes { path: 'beta_1' real { low: 0.5 high: 0.9 count: 2 } }";
  FITD_EXPECT_OK(ResolveAxis("path: 'optimizer' choice { choices { value: 'adam' " + beta + "} }"));
  EXPECT_THAT(ResolveAxis("path: 'optimizer' choice { choices { value: 'sgd' " + beta + "} }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.space.axes[0].choice.choices[0].axes[0].path: beta_1 is a "
                                 "field of adam and adamw, but the optimizer is sgd")));
}

absl::Status ResolveFolds(const std::string& text, int64_t rows = 40) {
  auto spec = ParseText<v1::SearchSpec>(text);
  Violations violations;
  ResolveCrossValidation("spec", rows, spec, violations);
  return violations.ToStatus();
}

TEST(ResolveCrossValidationTest, IsDoneOnceByDefault) {
  auto spec = ParseText<v1::SearchSpec>("cross_validation { folds: 5 }");
  Violations violations;
  ResolveCrossValidation("spec", std::nullopt, spec, violations);
  EXPECT_TRUE(violations.empty());
  EXPECT_EQ(spec.cross_validation().repeats(), 1);
  v1::SearchSpec none;
  ResolveCrossValidation("spec", std::nullopt, none, violations);
  EXPECT_FALSE(none.has_cross_validation());
}

TEST(ResolveCrossValidationTest, RefusesWhatIsNone) {
  const auto refused = [](const absl::Status& status, const std::string& text) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  refused(ResolveFolds("cross_validation { folds: 1 }"),
          "spec.cross_validation.folds: is 1; allowed: 2 to 100, or 0");
  refused(ResolveFolds("cross_validation { folds: 41 }"),
          "spec.cross_validation.folds: is 41; allowed: 2 to the number of rows, 40");
  refused(ResolveFolds("cross_validation { repeats: 101 }"),
          "spec.cross_validation.repeats: is 101; allowed: 1 to 100");
  refused(ResolveFolds("cross_validation { folds: 11 repeats: 10 }"),
          "spec.cross_validation: has 11 folds and 10 repeats, 110 fits a trial; allowed: 100");
  FITD_EXPECT_OK(ResolveFolds("cross_validation { folds: 10 repeats: 10 }"));
}

TEST(ResolveCrossValidationTest, FoldsAndOtherValidationRowsExcludeEachOther) {
  EXPECT_THAT(
      ResolveFolds("cross_validation { folds: 5 } validation_dataset: 'v'"
                   "training { validation_split: 0.2 fold { index: 1 count: 2 } }"
                   "space { axes { path: 'a' choice { choices { value: '1' axes { path: 'split' "
                   "fields: 'training.validation_split' } } } } }"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("spec.cross_validation.folds: is set beside "
                               "spec.validation_dataset; allowed: one of them"),
                     HasSubstr("folds: is set beside spec.training.validation_split"),
                     HasSubstr("folds: is set beside spec.training.fold"),
                     HasSubstr("folds: is set beside axis \"split\", which sets "
                               "training.validation_split"))));
  FITD_EXPECT_OK(
      ResolveFolds("cross_validation { repeats: 5 } training { validation_split: 0.2 }"));
}

}  // namespace
}  // namespace fitd
