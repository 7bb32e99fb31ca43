// Files and tables for tests of core/data.

#ifndef FITD_TESTS_CORE_DATA_DATA_FIXTURE_H_
#define FITD_TESTS_CORE_DATA_DATA_FIXTURE_H_

#include <cstdint>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/data/ingest.h"
#include "core/data/table.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace fitd {

class DataFixture : public testing::Test {
 protected:
  std::string Write(const std::string& name, std::string_view bytes) {
    const std::string path = dir_.File(name);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  static IngestSource Csv(const std::string& path, const std::vector<std::string>& labels) {
    IngestSource source;
    source.path = path;
    source.spec.set_file_name(path.substr(path.rfind('/') + 1));
    for (const std::string& label : labels) source.spec.mutable_csv()->add_label_columns(label);
    return source;
  }

  absl::StatusOr<std::shared_ptr<const Table>> IngestTable(const std::vector<IngestSource>& sources,
                                                           const IngestOptions& options = {}) {
    FITD_RETURN_IF_ERROR(Ingest(sources, options, TablePath()).status());
    return Table::Open(TablePath());
  }

  // The table of a CSV text; its label column is "y" unless said otherwise.
  absl::StatusOr<std::shared_ptr<const Table>> CsvTable(std::string_view text,
                                                        const std::vector<std::string>& labels = {
                                                            "y"}) {
    return IngestTable({Csv(Write("t.csv", text), labels)});
  }

  absl::StatusOr<std::shared_ptr<const Table>> BundledTable(const std::string& name,
                                                            const std::string& label) {
    return IngestTable({Csv(std::string(FITD_TEST_DATA_DIR) + "/" + name, {label})});
  }

  std::string TablePath() const { return dir_.File("table"); }

  TempDir dir_;
};

inline std::vector<uint32_t> AllRows(const Table& table) {
  std::vector<uint32_t> rows(static_cast<size_t>(table.rows()));
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

}  // namespace fitd

#endif  // FITD_TESTS_CORE_DATA_DATA_FIXTURE_H_
