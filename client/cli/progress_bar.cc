#include "client/cli/progress_bar.h"

#include <algorithm>
#include <string_view>

namespace fitd::cli {
namespace {

constexpr char kGreen[] = "\x1b[32m";
constexpr char kPlain[] = "\x1b[0m";

std::string Repeated(std::string_view cell, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += cell;
  return text;
}

}  // namespace

std::string ProgressBar(double share, int width, const Terminal& terminal) {
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
  std::string bar = Repeated(terminal.unicode ? "━" : "=", filled);
  if (terminal.color) bar = kGreen + bar + kPlain;
  return bar + Repeated(terminal.unicode ? "─" : ".", width - filled);
}

}  // namespace fitd::cli
