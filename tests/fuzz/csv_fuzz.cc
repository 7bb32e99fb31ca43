// Any bytes as a CSV file: an error or a table, and what was accepted opens again.

#include <cstdlib>
#include <vector>

#include "core/data/ingest.h"
#include "core/data/table.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fitd::FuzzInput input(data, size);
  fitd::IngestSource source;
  source.path = input.path();
  source.spec.set_file_name("fuzz.csv");
  source.spec.mutable_csv()->add_label_columns("#1");
  const std::string output = fitd::FuzzOutputPath();
  const auto result = fitd::Ingest(std::vector{source}, {}, output);
  if (!result.ok()) return 0;
  const auto table = fitd::Table::Open(output);
  if (!table.ok()) std::abort();
  for (int column = 0; column < (*table)->columns(); ++column) {
    (*table)->TextAt(column, (*table)->rows() - 1);
  }
  return 0;
}
