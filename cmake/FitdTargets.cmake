# The kinds of targets this project is made of. Includes are written from the repository root: "core/nn/dense.h".

include(GoogleTest)

# fitd_library(<name> [SOURCES <file>...] [PUBLIC <library>...] [PRIVATE <library>...])
#
# One library per folder. Without sources (headers only) it is an INTERFACE library.
function(fitd_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE")
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${arg_PUBLIC})
  endif()
endfunction()

# fitd_test(<name> [SOURCES <file>...] [LIBRARIES <library>...] [LABELS <label>...])
#
# A GoogleTest executable, each of its tests known to ctest. Tests run in the repository root, so the paths below are
# relative: an absolute one on every command line would make each checkout compile all tests anew. Without sources
# there is no target.
function(fitd_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES;LABELS")
  if(NOT arg_SOURCES)
    return()
  endif()
  if(arg_LABELS)
    set(labels LABELS "${arg_LABELS}")
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main GTest::gmock)
  target_compile_definitions(
    ${name} PRIVATE FITD_SOURCE_DIR="." FITD_TEST_DATA_DIR="tests/data" FITD_REFERENCE_DIR="tests/reference")
  gtest_discover_tests(
    ${name}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    NO_PRETTY_VALUES
    PROPERTIES TIMEOUT 300 ${labels})
endfunction()

# fitd_fuzz_test(<name> SOURCES <file>... [LIBRARIES <library>...])
#
# A libFuzzer executable, built only by the fuzz preset: one of the dependencies of fitd_fuzz_tests.
function(fitd_fuzz_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  if(NOT FITD_FUZZ)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fitd_fuzz_tests ${name})
endfunction()

# fitd_isa_library(<name> [SOURCES <file>...] [PRIVATE <library>...])
#
# The same sources compiled once per instruction-set level into one library: `baseline` everywhere, and `v3` (AVX2,
# FMA) and `v4` (AVX-512) on x86-64. Each build sees -DFITD_ISA=<level> to name its entry points, and Eigen under the
# namespace Eigen_<level>: the linker would otherwise merge the levels' template instances and an old processor could
# land in new instructions. Keep standard library templates out of these sources for the same reason.
# Without EIGEN_FAST_MATH square roots are those of IEEE 754, and not of an estimate that processors round differently.
function(fitd_isa_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PRIVATE")
  if(NOT arg_SOURCES)
    fitd_library(${name})
    return()
  endif()
  set(levels baseline)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND levels v3 v4)
  endif()
  set(objects)
  foreach(level IN LISTS levels)
    set(target ${name}_${level})
    add_library(${target} OBJECT ${arg_SOURCES})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE} Eigen3::Eigen)
    target_compile_definitions(${target} PRIVATE FITD_ISA=${level} Eigen=Eigen_${level} EIGEN_FAST_MATH=0)
    target_compile_options(${target} PRIVATE -O3 -fvisibility=hidden -Wno-ignored-attributes)
    if(FITD_FUZZ)
      # No fuzzer runs a kernel; instrumented, they take longer to compile than all the rest.
      target_compile_options(${target} PRIVATE -O0 -fno-sanitize=all)
    endif()
    if(NOT level STREQUAL baseline)
      # GCC 12 calls its own AVX-512 intrinsics uninitialized (GCC bug 105593).
      target_compile_options(${target} PRIVATE -march=x86-64-${level} -mtune=generic
                             "$<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>")
    endif()
    list(APPEND objects $<TARGET_OBJECTS:${target}>)
  endforeach()
  add_library(${name} STATIC ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()
