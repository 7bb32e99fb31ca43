// The files in tests/reference/values.

#ifndef FITD_TESTS_REFERENCE_REFERENCE_VALUES_H_
#define FITD_TESTS_REFERENCE_REFERENCE_VALUES_H_

#include <string>
#include <vector>

#include "reference_values.pb.h"
#include "tests/testing/reference_network.h"

namespace fitd::reference {

// Reads values/`file`, once. A file that cannot be read or does not fit reference_values.proto ends
// the test program.
const ReferenceValues& LoadValues(const std::string& file);

// The rows of a training's data; a test failure when there is none of that name.
const DataCase& FindData(const std::string& name);

// [first axis, all others].
testing::Matrix ToMatrix(const Array& array);
// Inputs: rounded to float32, in which they are exact.
testing::Matrix ToInput(const Array& array);
std::vector<double> ToInputs(const Array& array);

// The largest |a - b| / max(|b|, floor) over all values; infinite when sizes differ or a is not
// finite.
double LargestError(const std::vector<double>& a, const std::vector<double>& b, double floor);

}  // namespace fitd::reference

#endif  // FITD_TESTS_REFERENCE_REFERENCE_VALUES_H_
