# Language, warnings, build types, sanitizers and build speed for the whole tree.

set(FITD_SANITIZE "" CACHE STRING "Sanitizers for every target: empty, 'address,undefined' or 'thread'")
option(FITD_FUZZ "Build the fuzz targets (clang only)" OFF)
option(FITD_COVERAGE "Instrument for gcov" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# Assertions stay on outside Release. Debug is -O1: Eigen at -O0 is too slow to train anything.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")

# Contraction into FMA would make results depend on the instruction set and the compiler's mood. Kernels opt in
# where they have pinned the order of operations. There is no -march here: one binary runs everywhere.
add_compile_options(-Wall -Wextra -Werror -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # The packaged libraries come from GCC 12, which mangles constrained templates (absl::Cord) as clang 17 did.
  add_compile_options(-Wthread-safety -fclang-abi-compat=17)
endif()

if(FITD_SANITIZE)
  add_compile_options(-fsanitize=${FITD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FITD_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-maybe-uninitialized)  # False positives in instrumented code.
  endif()
endif()
if(FITD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FITD_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

find_program(FITD_MOLD mold)
if(FITD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Paths relative to the source folder, so that another checkout or preset finds the same cache entries.
find_program(FITD_CCACHE ccache)
if(FITD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${FITD_CCACHE})
endif()
