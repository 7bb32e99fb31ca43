#ifndef FITD_CORE_BASE_VERSION_H_
#define FITD_CORE_BASE_VERSION_H_

namespace fitd {

// Semantic version of the daemon and the engine; the same in CHANGELOG.md.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace fitd

#endif  // FITD_CORE_BASE_VERSION_H_
