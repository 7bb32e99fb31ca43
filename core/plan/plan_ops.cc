#include "core/plan/plan_ops.h"

#include <algorithm>

#include "core/plan/member_values.h"

namespace fitd {
namespace {

std::span<const uint32_t> ShareOf(std::span<const uint32_t> rows, Part part) {
  const auto index = static_cast<size_t>(part.index);
  const auto count = static_cast<size_t>(part.count);
  const size_t begin = rows.size() * index / count;
  return rows.subspan(begin, rows.size() * (index + 1) / count - begin);
}

}  // namespace

void LoadRows(const LoadRowsArgs& args, Part part) {
  if (args.batch->source != nullptr) {
    const std::span<const uint32_t> rows = ShareOf(args.batch->rows, part);
    const int64_t first = rows.data() - args.batch->rows.data();
    args.batch->source->GatherFeatures(rows, ShareOf(args.batch->next, part), args.rescale,
                                       args.x + first * args.cols);
  } else if (args.x != args.inputs) {
    ActiveKernels().affine({.rows = args.rows,
                            .cols = args.cols,
                            .vector_size = 1,
                            .x = args.inputs,
                            .scale = &args.rescale.scale,
                            .offset = &args.rescale.offset,
                            .y = args.x},
                           part);
  }
}

void OneHot(const OneHotArgs& args, Part part) {
  if (part.index != 0) return;
  for (int64_t r = 0; r < args.rows; ++r) {
    float* row = args.targets + r * args.classes;
    for (int64_t c = 0; c < args.classes; ++c)
      row[c] = args.labels[r] == static_cast<float>(c) ? 1.0f : 0.0f;
  }
}

void Repeat(const RepeatArgs& args, Part part) {
  if (part.index != 0) return;
  float* y = args.y;
  for (int64_t r = 0; r < args.rows; ++r) {
    for (int64_t m = 0; m < args.members; ++m)
      y = std::copy_n(args.x + r * args.cols, args.cols, y);
  }
}

void Unstack(const UnstackArgs& args, Part part) {
  for (int m = part.index; m < args.members; m += part.count) {
    CopyFrom(SliceOf(args.from, args.rows, args.cols, args.members, m),
             args.to + m * args.to_member);
  }
}

void AddUp(const AddUpArgs& args, Part part) {
  if (part.index != 0) return;
  for (int m = 0; m < args.members; ++m) {
    args.total->of[m] = 0;
    for (size_t i = 0; i < args.count; ++i) args.total->of[m] += args.sums[i].of[m];
  }
}

}  // namespace fitd
