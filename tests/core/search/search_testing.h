// A trial's base and spaces over it.

#ifndef FITD_TESTS_CORE_SEARCH_SEARCH_TESTING_H_
#define FITD_TESTS_CORE_SEARCH_SEARCH_TESTING_H_

#include <string>
#include <vector>

#include "core/search/resolve_search.h"
#include "core/search/search_space.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {

// dense (8, relu), dropout (0.5), dense_1 (4, relu), dense_2 (3, softmax); sgd.
inline v1::TrialSpec Base() {
  v1::TrialSpec base;
  *base.mutable_model() = ResolvedModel(
      "input_shape: 2 layers { dense { units: 8 activation { relu {} } } }"
      "layers { dropout { rate: 0.5 } } layers { dense { units: 4 activation { relu {} } } }"
      "layers { dense { units: 3 activation { softmax {} } } }");
  *base.mutable_training() = ParseText<v1::TrainingSpec>(
      "optimizer { sgd {} } loss { sparse_categorical_crossentropy {} } batch_size: 8");
  return base;
}

// Resolved.
inline v1::SearchSpec Resolved(const std::string& text) {
  auto spec = ParseText<v1::SearchSpec>(text);
  Violations violations;
  ResolveSearch(Base(), "spec", spec, violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}

// "batch_size=8 units=16".
inline std::string Text(const Parameters& parameters) {
  std::string text;
  for (const v1::TrialParameter& parameter : parameters)
    text += (text.empty() ? "" : " ") + parameter.path() + "=" + parameter.value();
  return text;
}

}  // namespace fitd

#endif  // FITD_TESTS_CORE_SEARCH_SEARCH_TESTING_H_
