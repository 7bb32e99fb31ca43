// core/metric against Keras's metrics, batch by batch.

#include <vector>

#include "core/metric/metric_factory.h"
#include "core/metric/resolve_metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/reference/reference_values.h"

namespace fitd::reference {
namespace {

TEST(KerasMetricTest, MetricsAgree) {
  for (const MetricCase& c : LoadValues("metrics.json").metrics()) {
    SCOPED_TRACE(c.spec().ShortDebugString());
    const int64_t outputs = c.predictions().shape(1), target_width = c.targets().shape(1);
    google::protobuf::RepeatedPtrField<v1::MetricSpec> specs;
    *specs.Add() = c.spec();
    Violations violations;
    const MetricShapes shapes = {.outputs = outputs, .class_targets = target_width != outputs};
    ResolveMetrics(specs, &shapes, "metrics", violations);
    ASSERT_TRUE(violations.empty()) << violations.ToStatus();

    const std::vector<float> predictions(c.predictions().values().begin(),
                                         c.predictions().values().end());
    const std::vector<float> targets(c.targets().values().begin(), c.targets().values().end());
    const auto metric = MakeMetric(specs[0], outputs);
    int64_t row = 0;
    for (int64_t rows : c.batches()) {
      metric->Update({.rows = rows,
                      .outputs = outputs,
                      .predictions = predictions.data() + row * outputs,
                      .targets = targets.data() + row * target_width,
                      .target_width = target_width});
      row += rows;
    }
    // Keras says 0 where fitd says that there is no value.
    EXPECT_NEAR(metric->Result().value_or(0), c.value(), 1e-6 * c.value());
  }
}

}  // namespace
}  // namespace fitd::reference
