// Columns of tables by their names, and what to say of those that are not there.

#ifndef FITD_CORE_DATA_COLUMN_NAMES_H_
#define FITD_CORE_DATA_COLUMN_NAMES_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitd/v1/dataset.pb.h"

namespace fitd {

std::vector<std::string> ColumnNames(const v1::TableHeader& header);

// "lacks column \"age\" of the training data; it has \"Age\", \"income\"": data that should have
// what the model was trained with. 20 of its columns at most.
std::string LacksColumn(std::string_view column, std::span<const std::string> columns);

}  // namespace fitd

#endif  // FITD_CORE_DATA_COLUMN_NAMES_H_
