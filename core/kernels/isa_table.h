// How one instruction set's table comes together: each source of the level fills in its kernels.

#ifndef FITD_CORE_KERNELS_ISA_TABLE_H_
#define FITD_CORE_KERNELS_ISA_TABLE_H_

#include "core/kernels/kernels.h"

namespace fitd::FITD_ISA {

void FillActivations(Kernels& table);
void FillGather(Kernels& table);
void FillGemm(Kernels& table);
void FillLosses(Kernels& table);
void FillOptimizers(Kernels& table);
void FillRows(Kernels& table);

void FillTable(Kernels& table);

}  // namespace fitd::FITD_ISA

#endif  // FITD_CORE_KERNELS_ISA_TABLE_H_
