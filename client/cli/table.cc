#include "client/cli/table.h"

#include <algorithm>
#include <cctype>

#include "client/names.h"

namespace fitd::cli {
namespace {

using client::DisplayWidth;
using client::Printable;

// Looks like a number to a reader: "1,234", "-0.5", "1e-07", "12.3 %", "-" or "." for none.
bool LooksNumeric(const std::string& cell) {
  return std::all_of(cell.begin(), cell.end(),
                     [](char c) {
                       return std::string_view("0123456789.,-+e %").find(c) !=
                              std::string_view::npos;
                     }) &&
         (cell.empty() || cell == "-" || cell == "." ||
          std::any_of(cell.begin(), cell.end(), [](unsigned char c) { return std::isdigit(c); }));
}

}  // namespace

std::string Table::ToString(const std::string& indent) const {
  constexpr char kGap[] = "  ";
  size_t columns = header_.size();
  for (const auto& row : rows_) columns = std::max(columns, row.size());
  std::vector<size_t> widths(columns, 0);
  std::vector<bool> numeric(columns, true);
  const auto measure = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(Printable(cells[i])));
  };
  measure(header_);
  for (const auto& row : rows_) {
    measure(row);
    for (size_t i = 0; i < row.size(); ++i) numeric[i] = numeric[i] && LooksNumeric(row[i]);
  }

  std::string text;
  const auto add = [&](const std::vector<std::string>& cells) {
    std::string line = indent;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = Printable(cells[i]);
      const std::string padding(widths[i] - DisplayWidth(cell), ' ');
      line += (i == 0 ? "" : kGap) + (numeric[i] ? padding + cell : cell + padding);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  };
  if (!header_.empty()) add(header_);
  for (const auto& row : rows_) add(row);
  return text;
}

}  // namespace fitd::cli
