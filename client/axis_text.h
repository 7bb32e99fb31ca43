// The axes of a search in text, as flags hold them:
//
//   learning_rate=log:1e-4..1e-1        real numbers, even in their logarithm
//   dropout=real:0..0.5:6               real numbers; 6 of them in a grid
//   layers=int:1..3                     whole numbers
//   units=intlog:16..1024:4             whole numbers, even in their logarithm; 4 in a grid
//   activation=relu,tanh                a choice; commas inside { }, [ ] and " " separate nothing
//   dense_1.units=choice:32             the same, with one value

#ifndef FITD_CLIENT_AXIS_TEXT_H_
#define FITD_CLIENT_AXIS_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "fitd/v1/search.pb.h"

namespace fitd::client {

// INVALID_ARGUMENT says what is wrong with the text.
absl::Status ParseAxis(std::string_view text, v1::SearchAxis& axis);

// The axis as text; without the axes inside its choices.
std::string FormatAxis(const v1::SearchAxis& axis);

}  // namespace fitd::client

#endif  // FITD_CLIENT_AXIS_TEXT_H_
