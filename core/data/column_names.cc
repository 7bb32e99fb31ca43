#include "core/data/column_names.h"

#include <algorithm>

#include "core/base/names.h"
#include "fmt/format.h"

namespace fitd {

std::vector<std::string> ColumnNames(const v1::TableHeader& header) {
  std::vector<std::string> names;
  for (const v1::ColumnSchema& column : header.columns()) names.push_back(column.name());
  return names;
}

std::string LacksColumn(std::string_view column, std::span<const std::string> columns) {
  constexpr size_t kMost = 20;
  std::string listed;
  for (const std::string& name : columns.first(std::min(columns.size(), kMost)))
    listed += (listed.empty() ? "" : ", ") + Quoted(name);
  if (columns.size() > kMost) listed += ", ...";
  return fmt::format("lacks column {} of the training data; it has {}", Quoted(column), listed);
}

}  // namespace fitd
