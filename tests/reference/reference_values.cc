#include "tests/reference/reference_values.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "google/protobuf/util/json_util.h"

namespace fitd::reference {
namespace {

// Nothing can be compared without the values.
[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(EXIT_FAILURE);
}

}  // namespace

const ReferenceValues& LoadValues(const std::string& file) {
  static auto& loaded = *new std::map<std::string, ReferenceValues>();
  const auto [place, is_new] = loaded.try_emplace(file);
  if (!is_new) return place->second;

  const std::string path = std::string(FITD_REFERENCE_DIR "/values/") + file;
  std::ifstream stream(path);
  if (!stream) Die("cannot read " + path);
  std::stringstream text;
  text << stream.rdbuf();
  const auto status = google::protobuf::util::JsonStringToMessage(text.str(), &place->second);
  if (!status.ok()) Die(path + ": " + status.ToString());
  return place->second;
}

const DataCase& FindData(const std::string& name) {
  for (const DataCase& data : LoadValues("data.json").data()) {
    if (data.name() == name) return data;
  }
  Die("no data named " + name);
}

testing::Matrix ToMatrix(const Array& array) {
  const int64_t rows = array.shape(0);
  return testing::Matrix(rows, array.values_size() / rows,
                         {array.values().begin(), array.values().end()});
}

std::vector<double> ToInputs(const Array& array) {
  std::vector<double> values;
  for (double value : array.values()) values.push_back(static_cast<float>(value));
  return values;
}

testing::Matrix ToInput(const Array& array) {
  const int64_t rows = array.shape(0);
  return testing::Matrix(rows, array.values_size() / rows, ToInputs(array));
}

double LargestError(const std::vector<double>& a, const std::vector<double>& b, double floor) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.size() != b.size()) return kInfinity;
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - b[i]) / std::max(std::abs(b[i]), floor);
    if (!(error <= largest)) largest = std::isnan(error) ? kInfinity : error;
  }
  return largest;
}

}  // namespace fitd::reference
