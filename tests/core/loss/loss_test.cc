#include "core/loss/loss.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

const Kernels& kernels = ActiveKernels();

TEST(LossTest, FusesTheFinalSoftmaxWithCrossentropy) {
  v1::LossSpec spec;
  spec.mutable_sparse_categorical_crossentropy();
  EXPECT_EQ(MakeLoss(spec, true, 10, 1).kernel, kernels.softmax_sparse_categorical_crossentropy);
  EXPECT_TRUE(MakeLoss(spec, true, 10, 1).gradient_skips_softmax);
  EXPECT_EQ(MakeLoss(spec, false, 10, 1).kernel, kernels.sparse_categorical_crossentropy);
  EXPECT_FALSE(MakeLoss(spec, false, 10, 1).gradient_skips_softmax);
}

TEST(LossTest, LogitsKeepTheSoftmaxOut) {
  v1::LossSpec spec;
  spec.mutable_categorical_crossentropy()->set_from_logits(true);
  EXPECT_EQ(MakeLoss(spec, true, 10, 10).kernel, kernels.categorical_crossentropy_logits);
  EXPECT_FALSE(MakeLoss(spec, true, 10, 10).gradient_skips_softmax);
}

TEST(LossTest, ClassIndicesGoToTheSparseKernelsUnlessSmoothed) {
  v1::LossSpec spec;
  spec.mutable_categorical_crossentropy();
  EXPECT_TRUE(MakeLoss(spec, true, 10, 1).sparse);
  EXPECT_FALSE(MakeLoss(spec, true, 10, 10).sparse);
  spec.mutable_categorical_crossentropy()->set_label_smoothing(0.1f);
  EXPECT_FALSE(MakeLoss(spec, true, 10, 1).sparse);
  EXPECT_TRUE(MakeLoss(spec, true, 10, 1).expand_targets);
  EXPECT_FALSE(MakeLoss(spec, true, 10, 10).expand_targets);
  EXPECT_EQ(MakeLoss(spec, true, 10, 10).parameter, 0.1f);
}

}  // namespace
}  // namespace fitd
