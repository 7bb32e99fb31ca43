// The hot loops behind a C-like interface. The sources are built once per instruction set;
// ActiveKernels() picks the best table this processor runs. Plain structs and pointers only:
// nothing here may pull in Eigen or gRPC.
//
// Contracts that hold for every kernel:
// - Work is split by `Part`; the union over all parts does the whole job, parts write disjoint
// memory, and each output
//   value is computed by one part with the same operations in the same order, whatever the number
//   of parts. So bits do not depend on threads.
// - A row's values do not depend on other rows, nor on its place in the batch. Sums over k go up in
// k, one fused
//   multiply-add per term where the instruction set has it.
// - Matrices are row-major and dense unless a stride is given. Sizes are in values, not bytes.
// Sizes may be 0; pointers are null only where that is said.
// - No allocation, no lock, no system call.
//
// A stack is several networks of one shape, its members, that learn from the same rows. Their
// values lie side by side, each row's of one member after another: see Block.

#ifndef FITD_CORE_KERNELS_KERNELS_H_
#define FITD_CORE_KERNELS_KERNELS_H_

#include <cstdint>

namespace fitd {

// Share `index` of `count` of a kernel's work.
struct Part {
  int index;
  int count;
};

// Most networks in a stack.
inline constexpr int kMostMembers = 16;

// A number of each member.
struct PerMember {
  float of[kMostMembers] = {};
};

// Where the values of a weight lie, or of what a layer gives: [rows, members, units].
struct Block {
  int64_t rows;
  int64_t members;
  int64_t units;

  int64_t columns() const { return members * units; }
  int64_t size() const { return rows * columns(); }
};
// Of one network it says no more than how many there are.
inline Block Values(int64_t size) { return {.rows = 1, .members = 1, .units = size}; }

// What changes from step to step. Written by the trainer between steps, read by kernels.
struct StepState {
  int64_t iteration;  // Optimizer steps done before this one, from 0: Keras's `iterations`.
  const float* learning_rates;  // Of this step; one for each member of a stack.
  uint64_t seed;                // The fit's seed.
};

// c[m, n] = a[m, k] b[k, n] + bias[n].  a(i, p) = a[i * a_row + p * a_col], b(p, j) = b[p * b_row +
// j * b_col]; one of a_row, a_col is 1, and one of b_row, b_col is 1. c has rows of `c_row` values.
struct GemmArgs {
  int64_t m, n, k;
  const float* a;
  int64_t a_row, a_col;
  const float* b;
  int64_t b_row, b_col;
  float* c;
  int64_t c_row;
  const float* bias;  // [n], or null for none.
  float* scratch;  // Kernels::gemm_scratch(m, n, k, parts) values, 64-byte aligned, shared by all
                   // parts.
};

// y = f(x), element by element; y may be x. `alpha` is the kind's parameter (slope, alpha), or
// unused.
struct UnaryArgs {
  int64_t size;
  const float* x;
  float* y;
  float alpha;
};

// dx = dy * f'(x). Some kinds read x, some y (see the table); both are given. dx may be dy.
struct UnaryGradientArgs {
  int64_t size;
  const float* x;
  const float* y;
  const float* dy;
  float* dx;
  float alpha;
};

// y = softmax(x) along rows of `cols`; y may be x.
struct SoftmaxArgs {
  int64_t rows, cols;
  const float* x;
  float* y;
};

// dx = y * (dy - sum(dy * y)) along rows. dx may be dy.
struct SoftmaxGradientArgs {
  int64_t rows, cols;
  const float* y;
  const float* dy;
  float* dx;
};

// y[r, c] = x[r, c] * scale[c] + offset[c]; vectors of size cols, or of size 1 with vector_size
// = 1. offset may be null. y may be x.
struct AffineArgs {
  int64_t rows, cols;
  int64_t vector_size;
  const float* x;
  const float* scale;
  const float* offset;
  float* y;
};

// y = x * mask / (1 - rate). The mask of element i keeps it when u_i >= rate, so the same call
// gives the gradient: dx = dy * mask / (1 - rate). u_i is a multiple of 2^-24: the upper 24 bits of
// word (i / 16) mod 4 of the Philox block (i / 64) * 16 + i mod 16, under the key and stream of
// Rng(seed, kDropout, stream, low bits of the iteration).
// i counts a member's own values: all members have the mask that each would have alone.
struct DropoutArgs {
  Block block;
  const float* x;
  float* y;
  PerMember rates;
  uint32_t stream;  // Index of the layer.
  const StepState* step;
};

// out[c] = sum over rows of x[r, c], rows in order.
struct ColumnSumArgs {
  int64_t rows, cols;
  const float* x;
  float* out;
};

// Losses. predictions [rows, outputs]; targets [rows, outputs], or [rows, 1] holding class indices
// for the sparse kinds; row weights [rows] or null for all 1. row_loss[r] = weight[r] * loss of row
// r (mean over outputs for the element-wise kinds). gradient[r, c] = d(sum(row_loss) / rows) / d
// prediction[r, c]: Keras's reduction sum_over_batch_size. gradient may be null (evaluation). All
// parts together compute it; split by rows.
struct LossArgs {
  int64_t rows, outputs;
  const float* predictions;
  const float* targets;
  const float* weights;
  float* row_loss;
  float* gradient;
  float parameter;      // huber: delta; crossentropies: label smoothing.
  int64_t members = 1;  // Whose rows these are by turns: a member's sum is over rows / members.
};

// One optimizer step over weights, gradients, and state in the same layout. The formulas are those
// of optimizer.proto.
struct OptimizerArgs {
  Block block;
  float* weights;
  const float* gradients;
  float* slot0;  // momentum / m / accumulator
  float* slot1;  // v / velocity
  float* slot2;  // amsgrad's maximum / rmsprop's average gradient
  const StepState* step;
  PerMember a, b, c, d;  // Per kind: see the table.
};

// gradients[i] += l1 * sign(w[i]) + 2 * l2 * w[i], sign(0) = 0.
struct RegularizerGradientArgs {
  Block block;
  const float* weights;
  float* gradients;
  PerMember l1, l2;
};

// gradients[i] *= min(1, limit / sqrt(squares)) (clipnorm, global_clipnorm).
struct ClipNormArgs {
  Block block;
  float* gradients;
  PerMember limits;
  const double* squares;  // One for each member.
};

struct ClipValueArgs {
  Block block;
  float* gradients;
  PerMember limits;
};

// Of each member, the sum of x[i]^2 and of |x[i]| in double; either may be null. The order is that
// of as many interleaved sums as a row has units, or the next multiple of these that is at least
// 16: value i goes to sum i mod their number, and at last they are added in order. Part 0 only.
struct SumArgs {
  Block block;
  const float* x;
  double* squares;
  double* absolutes;
};

// y = x * scale + offset, as affine computes it. By default y is x: x + -0 = x.
struct Rescale {
  float scale = 1;
  float offset = -0.0f;
};

// Rows out of a stored block: out[i, 0 .. width) = rescaled float(data[row[i], 0 .. width)); out
// has rows of `out_row` values. The kind of value follows from the kernel's name.
struct GatherArgs {
  int64_t count;
  const uint32_t* rows;
  const void* data;
  int64_t width;
  float* out;
  int64_t out_row;
  Rescale rescale = {};
};

using GemmKernel = void (*)(const GemmArgs&, Part);
using UnaryKernel = void (*)(const UnaryArgs&, Part);
using UnaryGradientKernel = void (*)(const UnaryGradientArgs&, Part);
using LossKernel = void (*)(const LossArgs&, Part);
using OptimizerKernel = void (*)(const OptimizerArgs&, Part);
using GatherKernel = void (*)(const GatherArgs&, Part);

// A table of kernels for one instruction set.
struct Kernels {
  const char* isa;  // "x86-64", "x86-64-v3", "x86-64-v4", "arm64"

  // Values of scratch that gemm needs for these sizes when split into at most `parts`. Never falls
  // as a size grows.
  int64_t (*gemm_scratch)(int64_t m, int64_t n, int64_t k, int parts);
  GemmKernel gemm;

  UnaryKernel relu, leaky_relu, elu, selu, gelu, gelu_tanh, silu, softplus, sigmoid, tanh;
  // From y: relu, leaky_relu, elu, selu, sigmoid, tanh. From x: gelu, gelu_tanh, silu, softplus.
  UnaryGradientKernel relu_gradient, leaky_relu_gradient, elu_gradient, selu_gradient,
      gelu_gradient, gelu_tanh_gradient, silu_gradient, softplus_gradient, sigmoid_gradient,
      tanh_gradient;
  void (*softmax)(const SoftmaxArgs&, Part);
  void (*softmax_gradient)(const SoftmaxGradientArgs&, Part);

  void (*affine)(const AffineArgs&, Part);
  void (*dropout)(const DropoutArgs&, Part);
  void (*column_sum)(const ColumnSumArgs&, Part);

  LossKernel mean_squared_error, mean_absolute_error, huber;
  // From probabilities: clipped to [1e-7, 1 - 1e-7] as Keras does; the categorical kinds normalise
  // each row first.
  LossKernel binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy;
  // From logits.
  LossKernel binary_crossentropy_logits, categorical_crossentropy_logits,
      sparse_categorical_crossentropy_logits;
  // For a network that ends in softmax: predictions are its outputs, gradient is with respect to
  // its inputs (p - y, exact, never dead at p < 1e-7); row_loss as from probabilities.
  LossKernel softmax_categorical_crossentropy, softmax_sparse_categorical_crossentropy;

  // a: momentum. slot0 is the velocity (null when a = 0).
  OptimizerKernel sgd, sgd_nesterov;
  // a: beta_1, b: beta_2, c: epsilon, d: weight_decay (adam: 0). slot0 m, slot1 v, slot2 amsgrad's
  // maximum or null.
  OptimizerKernel adam;
  // a: rho, b: momentum, c: epsilon. slot0 v, slot1 momentum or null, slot2 average gradient
  // (centered) or null.
  OptimizerKernel rmsprop;
  // c: epsilon. slot0 accumulator.
  OptimizerKernel adagrad;

  void (*regularizer_gradient)(const RegularizerGradientArgs&, Part);
  void (*clip_norm)(const ClipNormArgs&, Part);
  void (*clip_value)(const ClipValueArgs&, Part);
  void (*sums)(const SumArgs&, Part);

  GatherKernel gather_u8, gather_i8, gather_u16, gather_i16, gather_i32, gather_f32, gather_f64;
};

// The best table for this processor; constant during the process. FITD_ISA in the environment
// ("x86-64", "x86-64-v3") chooses a lower one, for tests and for reproducing a version's lineage.
const Kernels& ActiveKernels();

// A table by name, or null when this build or processor lacks it.
const Kernels* KernelsFor(const char* isa);

// While it lives, the calling thread rounds to nearest and takes subnormal numbers for 0; then it
// computes as before. Every thread that runs kernels holds one.
class KernelArithmetic {
 public:
  KernelArithmetic();
  ~KernelArithmetic();
  KernelArithmetic(const KernelArithmetic&) = delete;
  KernelArithmetic& operator=(const KernelArithmetic&) = delete;

 private:
  uint64_t before_ = 0;  // The control register of floating-point arithmetic.
};

}  // namespace fitd

#endif  // FITD_CORE_KERNELS_KERNELS_H_
