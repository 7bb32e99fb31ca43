// Where exceptions of libraries and of the allocator end.

#ifndef FITD_CORE_BASE_GUARDED_H_
#define FITD_CORE_BASE_GUARDED_H_

#include <exception>
#include <functional>
#include <new>
#include <type_traits>

#include "core/base/status.h"

namespace fitd {

// Runs work(), which returns a Status or a StatusOr; an exception becomes RESOURCE_EXHAUSTED (no
// memory) or INTERNAL.
template <typename Work>
std::invoke_result_t<Work> Guarded(Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("the daemon is out of memory");
  } catch (const std::exception& error) {
    return Internal(error.what());
  } catch (...) {
    return Internal("unknown exception");
  }
}

}  // namespace fitd

#endif  // FITD_CORE_BASE_GUARDED_H_
