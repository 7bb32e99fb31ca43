// Whole fits, from a stored table to the reported epochs and the final weights, against Keras's
// fit.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"
#include "tests/reference/engine_run.h"
#include "tests/reference/reference_values.h"

namespace fitd::reference {
namespace {

using ::testing::Le;
using ::testing::SizeIs;

// As in keras_engine_test.cc.
constexpr double kTolerance = 1e-4;
constexpr double kLossFloor = 0.1;
constexpr double kWeightFloor = 0.01;

class KerasFitTest : public FitFixture {
 protected:
  // Features and labels as little-endian files; class indices as integers.
  Data Store(const DataCase& data, bool class_indices) {
    const std::vector<IngestSource> sources = {
        Source(data.x(), v1::COLUMN_ROLE_FEATURE, v1::DATA_TYPE_FLOAT32),
        Source(data.y(), v1::COLUMN_ROLE_LABEL,
               class_indices ? v1::DATA_TYPE_UINT8 : v1::DATA_TYPE_FLOAT32)};
    const std::string output = files_.File("table");
    const auto result = Ingest(sources, {}, output);
    EXPECT_THAT(result, IsOk());
    auto table = Table::Open(output);
    EXPECT_THAT(table, IsOk());
    return {.table = *std::move(table), .sha256 = result->sha256};
  }

 private:
  IngestSource Source(const Array& array, v1::ColumnRole role, v1::DataType dtype) {
    std::string bytes;
    for (double value : array.values()) {
      if (dtype == v1::DATA_TYPE_UINT8) {
        bytes += static_cast<char>(value);
      } else {
        const auto number = static_cast<float>(value);
        bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
      }
    }
    IngestSource source;
    source.path = files_.File(v1::ColumnRole_Name(role));
    std::ofstream(source.path, std::ios::binary) << bytes;
    source.spec.set_file_name("values.raw");
    source.spec.set_role(role);
    source.spec.mutable_raw()->set_dtype(dtype);
    // A single value per row is a scalar.
    for (int axis = 1; axis < array.shape_size(); ++axis) {
      if (axis > 1 || array.shape(axis) > 1) {
        source.spec.mutable_raw()->add_row_shape(array.shape(axis));
      }
    }
    return source;
  }

  const TempDir files_;
};

TEST_F(KerasFitTest, FitsAgree) {
  int fits = 0;
  for (const TrainingCase& c : LoadValues("trainings.json").trainings()) {
    const DataCase& data = FindData(c.data());
    if (data.has_row_weights()) continue;  // A tensor table has no column for them.
    SCOPED_TRACE(c.name());
    ++fits;
    const v1::LossSpec& loss = c.training().loss();
    const bool class_indices =
        data.y().shape(1) == 1 &&
        (loss.has_sparse_categorical_crossentropy() || loss.has_binary_crossentropy());
    FitInput input = Input(c.model().ShortDebugString(), Store(data, class_indices),
                           c.training().ShortDebugString());
    input.initial_weights = ToWeights(c.initial_weights());
    observer_.epochs.clear();
    const FitResult result = Run(input);

    EXPECT_EQ(result.steps, c.step_losses_size());
    ASSERT_THAT(observer_.epochs, SizeIs(c.epochs_size()));
    for (int i = 0; i < c.epochs_size(); ++i) {
      for (const v1::MetricValue& expected : c.epochs(i).metrics()) {
        // Keras says 0 where fitd says that there is no value: a precision without positives.
        const double missing = expected.name() == "precision" ? 0 : NAN;
        const double value = Find(observer_.epochs[i].metrics(), expected.name()).value_or(missing);
        EXPECT_NEAR(value, expected.value(),
                    kTolerance * std::max(std::abs(expected.value()), kLossFloor))
            << expected.name() << " of epoch " << i + 1;
      }
    }
    ASSERT_THAT(result.weights.tensors, SizeIs(c.final_weights_size()));
    for (int i = 0; i < c.final_weights_size(); ++i) {
      const NamedArray& expected = c.final_weights(i);
      EXPECT_EQ(result.weights.tensors[i].name, expected.name());
      EXPECT_THAT(LargestError(ToDoubles(result.weights.tensors[i].values),
                               {expected.array().values().begin(), expected.array().values().end()},
                               kWeightFloor),
                  Le(kTolerance))
          << expected.name();
    }
  }
  EXPECT_GE(fits, 6);
}

}  // namespace
}  // namespace fitd::reference
