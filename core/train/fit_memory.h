// What a fit needs in memory, known before anything is allocated.

#ifndef FITD_CORE_TRAIN_FIT_MEMORY_H_
#define FITD_CORE_TRAIN_FIT_MEMORY_H_

#include <cstdint>

#include "fitd/v1/dataset.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Bytes; saturates at the largest number instead of overflowing.
struct FitMemory {
  int64_t allocated = 0;  // Cannot be had by anybody else while the fit runs.
  int64_t mapped = 0;     // Values of the tables, which the system can drop and read again.

  int64_t total() const;
};

struct FitMemoryInput {
  const v1::ModelSpec& model;        // Resolved.
  const v1::TrainingSpec& training;  // Resolved.
  const v1::TableHeader& train;
  const v1::TableHeader* validation = nullptr;  // Null: the split's rows, or none.
  bool warm_start = false;
  int threads = 1;
};

// The peak of a fit, measured as the growth of a fresh daemon
// (docs/adr/0011-memory-before-a-fit.md). Takes time and memory for the model's layers, whatever
// their size.
FitMemory EstimateFitMemory(const FitMemoryInput& input);

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_FIT_MEMORY_H_
