// How a local file is to be read: the options that `dataset upload` and `predict` share.

#ifndef FITD_CLIENT_CLI_SOURCE_FLAGS_H_
#define FITD_CLIENT_CLI_SOURCE_FLAGS_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/cli/flag_faults.h"
#include "fitd/v1/dataset.pb.h"

namespace CLI {
class App;
}

namespace fitd::cli {

struct SourceFlags {
  std::string format;
  std::optional<std::string> delimiter;
  bool header = false;
  bool no_header = false;
  std::vector<std::string> missing;
  std::string dtype;
  std::vector<std::string> row_shape;
};

void AddSourceFlags(CLI::App& command, SourceFlags& flags);

// Adds a fault for each option that says nothing about sources of these formats.
void CheckSourceFlags(const SourceFlags& flags, std::span<const v1::SourceSpec> sources,
                      FlagFaults& faults);

// Whether the files can be read as the options say: none of the faults is about that.
bool CanRead(const FlagFaults& faults);

// What the options and the file's name say. The column role is left unset, and the format if it is
// not known.
v1::SourceSpec SourceFrom(const SourceFlags& flags, const std::string& path, FlagFaults& faults);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_SOURCE_FLAGS_H_
