// Names that users write: what they may have meant, and how to show them.

#ifndef FITD_CLIENT_NAMES_H_
#define FITD_CLIENT_NAMES_H_

#include <span>
#include <string>
#include <string_view>

namespace fitd::client {

// The known name that `given` most likely stands for, or null: a third of its letters may differ.
const std::string* NearestName(std::string_view given, std::span<const std::string> known);

// `unknown layer "dnese"; did you mean "dense"? known: activation, dense, ...`.
std::string UnknownName(std::string_view what, std::string_view given,
                        std::span<const std::string> known);

// In double quotes, safe to print.
std::string Quoted(std::string_view text);

// The text with every control character replaced by U+FFFD: what a server or a file says cannot
// drive the terminal. The same for all that is no ASCII where the text is no UTF-8. Line ends are
// kept where `keep_lines` says so.
std::string Printable(std::string_view text, bool keep_lines = false);

// Whether a message may hold the text.
bool IsUtf8(std::string_view text);

// How many terminal cells the text takes if each code point takes one.
size_t DisplayWidth(std::string_view text);

// The text cut to `width` code points, the last of them "…" if anything was cut.
std::string Shortened(std::string_view text, size_t width);

}  // namespace fitd::client

#endif  // FITD_CLIENT_NAMES_H_
