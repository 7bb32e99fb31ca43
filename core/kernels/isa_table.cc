#include "core/kernels/isa_table.h"

namespace fitd::FITD_ISA {

void FillTable(Kernels& table) {
  FillActivations(table);
  FillGather(table);
  FillGemm(table);
  FillLosses(table);
  FillOptimizers(table);
  FillRows(table);
}

}  // namespace fitd::FITD_ISA
