// A search as a user asked for it in, a search with every field's whole path written out and its
// space checked out.

#ifndef FITD_CORE_SEARCH_RESOLVE_SEARCH_H_
#define FITD_CORE_SEARCH_RESOLVE_SEARCH_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/violations.h"
#include "fitd/v1/search.pb.h"

namespace fitd {

// Finds the fields of every axis in `base`, and checks domains and the algorithm. Whether a model
// or a training takes the values is for its own resolver. Paths of faults start with `path`
// ("spec"). Where `base` has no loss and an axis sets it, `base` and `spec.training` get one, for a
// trial without axes to have: of the first choice's kind, with its defaults. Resolving twice
// changes nothing.
void ResolveSearch(v1::TrialSpec& base, std::string_view path, v1::SearchSpec& spec,
                   Violations& violations);

// Writes the defaults of `spec.cross_validation` and checks it, against the rows of the data set
// where they are known, and what it excludes. Resolving twice changes nothing.
void ResolveCrossValidation(std::string_view path, std::optional<int64_t> rows,
                            v1::SearchSpec& spec, Violations& violations);

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_RESOLVE_SEARCH_H_
