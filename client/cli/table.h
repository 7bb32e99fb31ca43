// Aligned columns of text.

#ifndef FITD_CLIENT_CLI_TABLE_H_
#define FITD_CLIENT_CLI_TABLE_H_

#include <string>
#include <utility>
#include <vector>

namespace fitd::cli {

// Columns in which every cell is a number are right-aligned. Control characters are not passed on.
class Table {
 public:
  // Without a header the table has no header line.
  explicit Table(std::vector<std::string> header = {}) : header_(std::move(header)) {}

  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  // One line per row, each ending in a line end, each beginning with `indent`.
  std::string ToString(const std::string& indent = "") const;

 private:
  const std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_TABLE_H_
