// Matchers for absl::Status and absl::StatusOr, shaped like upstream's
// absl/status/status_matchers.h, which Debian's Abseil does not have yet.

#ifndef FITD_TESTS_TESTING_STATUS_MATCHERS_H_
#define FITD_TESTS_TESTING_STATUS_MATCHERS_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace fitd {
namespace status_matchers_internal {

inline const absl::Status& GetStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace status_matchers_internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  *result_listener << status.ToString();
  return status.ok();
}

MATCHER_P2(StatusIs, code, message_matcher,
           std::string("has code ") + absl::StatusCodeToString(code) + " and a message that " +
               testing::DescribeMatcher<std::string>(message_matcher, negation)) {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  *result_listener << status.ToString();
  return status.code() == code && testing::Value(std::string(status.message()),
                                                 testing::Matcher<std::string>(message_matcher));
}

inline auto StatusIs(absl::StatusCode code) { return StatusIs(code, testing::_); }

MATCHER_P(IsOkAndHolds, value_matcher,
          "is OK and holds a value that " +
              testing::DescribeMatcher<typename std::decay_t<arg_type>::value_type>(value_matcher,
                                                                                    negation)) {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return testing::ExplainMatchResult(value_matcher, *arg, result_listener);
}

}  // namespace fitd

#define FITD_ASSERT_OK(expression) ASSERT_THAT((expression), ::fitd::IsOk())
#define FITD_EXPECT_OK(expression) EXPECT_THAT((expression), ::fitd::IsOk())

// FITD_ASSERT_OK_AND_ASSIGN(auto x, MakeX()): x is the value, or the test ends.
#define FITD_ASSERT_OK_AND_ASSIGN(target, expression)                                        \
  FITD_ASSERT_OK_AND_ASSIGN_IMPL_(FITD_TEST_CONCAT_(fitd_test_status_or_, __LINE__), target, \
                                  expression)
#define FITD_ASSERT_OK_AND_ASSIGN_IMPL_(result, target, expression) \
  auto result = (expression);                                       \
  ASSERT_THAT(result, ::fitd::IsOk());                              \
  target = *std::move(result)
#define FITD_TEST_CONCAT_(a, b) FITD_TEST_CONCAT_INNER_(a, b)
#define FITD_TEST_CONCAT_INNER_(a, b) a##b

#endif  // FITD_TESTS_TESTING_STATUS_MATCHERS_H_
