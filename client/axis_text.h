// The axes of a search in text, as flags hold them:
//
//   learning_rate=log:1e-4..1e-1        real numbers, even in their logarithm
//   dropout=real:0..0.5:6               real numbers; 6 of them in a grid
//   layers=int:1..3                     whole numbers
//   units=intlog:16..1024:4             whole numbers, even in their logarithm; 4 in a grid
//   activation=relu,elu:alpha=0.5       a choice; commas inside ( ), { }, [ ], " " separate nothing
//   dense_1.units=choice:32             the same, with one value

#ifndef FITD_CLIENT_AXIS_TEXT_H_
#define FITD_CLIENT_AXIS_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/errors.h"
#include "fitd/v1/search.pb.h"

namespace fitd::client {

// INVALID_ARGUMENT says what is wrong with the text; the axis is left empty then.
absl::Status ParseAxis(std::string_view text, v1::SearchAxis& axis);

// Turns the choices of all axes, those inside choices too, into what SearchChoice.value may be:
// where a path leads to a spec or a callback, the text form of spec_text.h into the name of a kind
// or JSON. An axis of learning rates that are not all numbers gets the path of the whole learning
// rate. Returns what is wrong with them; their fields are below `path`, that of the space.
std::vector<FieldViolation> ReadChoices(const std::string& path, v1::SearchSpace& space);

// A value of the axis with that path for people: a spec or a callback that is JSON in its text
// form.
std::string FormatChoice(std::string_view path, const std::string& value);

// The axis as text; without the axes inside its choices.
std::string FormatAxis(const v1::SearchAxis& axis);

}  // namespace fitd::client

#endif  // FITD_CLIENT_AXIS_TEXT_H_
