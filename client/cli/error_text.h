// Errors as fitctl prints them.

#ifndef FITD_CLIENT_CLI_ERROR_TEXT_H_
#define FITD_CLIENT_CLI_ERROR_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fitd::cli {

// The option that a field of a request comes from, "--loss"; empty if none.
std::string_view FlagOf(std::string_view field);

// An option or an argument by a name that does not depend on how a command takes it: "model" for
// "MODEL" and for "--model".
std::string OptionName(std::string_view flag);

// Whether the text is an index: "[2]".
bool IsIndex(std::string_view text);

// Whether the field is all that its option holds, or one item of the option's list:
// "spec.training.loss", "spec.layers[2]".
bool IsWholeOption(std::string_view field);

// "fitctl: ...", every violation on a line of its own, with the flag that sets the field where
// there is one.
std::string ErrorText(const absl::Status& status, const std::string& address);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_ERROR_TEXT_H_
