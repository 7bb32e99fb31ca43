# fitd_proto_library(<name> [GRPC] PROTOS <path>... [PUBLIC <library>...])
#
# Compiles .proto files, named relative to proto/, into a library: their messages, or with GRPC their services and mock
# stubs. Include as "fitd/v1/model.pb.h". CMake's own protobuf_generate is not used: it tracks no imports and cannot
# place its output by an import root that differs from the current folder.
function(fitd_proto_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "GRPC" "" "PROTOS;PUBLIC")
  set(root ${PROJECT_SOURCE_DIR}/proto)
  set(gen ${PROJECT_BINARY_DIR}/gen)
  if(arg_GRPC)
    set(suffixes .grpc.pb.cc .grpc.pb.h _mock.grpc.pb.h)
    set(plugin --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> --grpc_out=generate_mock_code=true:${gen})
    set(tools protobuf::protoc gRPC::grpc_cpp_plugin)
  else()
    set(suffixes .pb.cc .pb.h)
    set(plugin --cpp_out=${gen})
    set(tools protobuf::protoc)
  endif()

  set(sources)
  foreach(proto IN LISTS arg_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem ${gen}/${proto})
    cmake_path(GET stem PARENT_PATH folder)
    file(MAKE_DIRECTORY ${folder})
    list(TRANSFORM suffixes PREPEND ${stem} OUTPUT_VARIABLE outputs)
    set(depfile ${stem}.${name}.d)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc -I ${root} ${plugin} --dependency_out=${depfile} ${proto}
      DEPENDS ${root}/${proto} ${tools}
      DEPFILE ${depfile}
      WORKING_DIRECTORY ${root}
      COMMENT "Generating ${proto} for ${name}"
      VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()

  add_custom_target(${name}_sources DEPENDS ${sources})  # The code without compiling it, for clang-tidy.
  add_library(${name} STATIC ${sources})
  add_dependencies(${name} ${name}_sources)
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC})
  target_include_directories(${name} SYSTEM PUBLIC ${gen})
endfunction()
