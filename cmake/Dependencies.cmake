# Every outside library, found once. deploy/install-deps.sh is the list of packages that provide them.

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)  # Module mode: Debian ships no protobuf-config.cmake.
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(Eigen3 3.4 CONFIG REQUIRED NO_MODULE)
find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)  # The target is yaml-cpp, without a namespace.
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(civetweb REQUIRED CONFIG)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)  # Tests only.
find_package(GTest CONFIG REQUIRED)
find_package(benchmark CONFIG REQUIRED)
