// How weights start.

#ifndef FITD_CORE_NN_INITIALIZER_H_
#define FITD_CORE_NN_INITIALIZER_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/rng.h"
#include "core/base/violations.h"
#include "fitd/v1/layer.pb.h"

namespace fitd {

// Writes defaults into `spec`; faults go to `violations` with paths below `path`. `axes`: how many
// the weight has.
void ResolveInitializer(v1::InitializerSpec& spec, int axes, std::string_view path,
                        Violations& violations);

// Fills `values`, a weight of this shape (one or two axes). `spec` is resolved. Element i draws
// number i of `rng`.
void Initialize(const v1::InitializerSpec& spec, std::span<const int64_t> shape, const Rng& rng,
                std::span<float> values);

}  // namespace fitd

#endif  // FITD_CORE_NN_INITIALIZER_H_
