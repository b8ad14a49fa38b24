# gate_precompile(<target>...)
#
# For programs that use gate: precompiles the headers of gate that a target links (gate::client, gate::worker,
# gate::broker), with the headers of the standard library that most programs use. A file of the target then compiles in
# half the time. Call it after target_link_libraries. If there are several targets, the first one's header serves all:
# they must have the same compile options and definitions.
function(gate_precompile first)
  get_target_property(linked ${first} LINK_LIBRARIES)
  set(headers)
  foreach(part IN ITEMS client worker broker)
    if("gate::${part}" IN_LIST linked OR "gate_${part}" IN_LIST linked)
      list(APPEND headers "<gate/${part}.hpp>")
    endif()
  endforeach()
  if(NOT headers)
    message(FATAL_ERROR "gate_precompile(${first}): link gate::client, gate::worker or gate::broker to it first")
  endif()
  if("<gate/worker.hpp>" IN_LIST headers)
    list(APPEND headers "<gate/run_worker.hpp>")
  endif()
  target_precompile_headers(${first} PRIVATE ${headers} <chrono> <iostream> <map> <optional> <string> <vector>)
  foreach(other IN LISTS ARGN)
    target_precompile_headers(${other} REUSE_FROM ${first})
  endforeach()
endfunction()
