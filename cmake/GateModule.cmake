# How to add a file, a library, a program or a test.
#
# Library: a folder with a CMakeLists.txt that calls gate_library. A header for users goes into its include/gate/, a
#   header for our other libraries into the folder itself, all else into its src/.
# Source file of a library: put it into src/, and name it in SOURCES of the CMakeLists.txt of that folder.
# Public header: no list names it: it is installed, and compiled alone by a lint.
# Private header: include it from the repository root: #include "broker/core/core.hpp".
# Unit test: put <file>_test.cpp into tests/unit/<folder of what it tests>/. No list names it. tests/CMakeLists.txt says
#   which executable, gate_unit_<program>, has the tests of that folder; each TEST_CASE is one ctest named
#   <program>.<sentence>.
# Other tests: call gate_test, gate_program_test and gate_fuzz in the CMakeLists.txt of their folder below tests/.
#
#   gate_library([PURE] [SOURCES ...] [DEPENDS ...] [PRIVATE_DEPENDS ...])
#     A static library gate_<name>, alias gate::<name>, exported under that name. The name is the folder's path without
#     common/: gate_wire in common/wire, gate_broker_core in broker/core. Without SOURCES it is an INTERFACE library:
#     headers alone. DEPENDS: what its headers include. PRIVATE_DEPENDS: what only its src/ includes.
#     PURE: it reaches no clock, thread, coroutine, socket or file, however far down. tests/lint/layers.py checks these.
#     With GATE_UNITY all its sources are one unit for the compiler: two of them may not have the same name in their
#     unnamed namespaces (move it to a header that both include). The presets with sanitizers compile file by file.
#   gate_program(<target> OUTPUT <name> SOURCES ... [DEPENDS ...] [INSTALL])
#     An executable build/<preset>/bin/<name>; its target may have another name, as `gate` and `gate-broker` must.
#   gate_test(<target> SOURCES ... [DEPENDS ...] [PREFIX <p>] [LABELS ...] [TIMEOUT <s>] [SERIAL])
#     A Catch2 executable (main is shared, compiled once) whose test cases are registered with ctest as <p>.<sentence>.
#     A name holds no semicolon and no square bracket (ctest would split it). TIMEOUT is for each case, 180 s unless
#     told, five times that under a sanitizer. SERIAL: not beside other tests.
#   gate_program_test(NAME <n> COMMAND ... [LABELS ...] [TIMEOUT <s>] [SERIAL])
#     add_test with the environment, labels and time-out that the others get.
#   gate_fuzz(<target> SOURCES ... [DEPENDS ...] CORPUS <folder>)
#     A fuzz entry (LLVMFuzzerTestOneInput). In every preset a ctest replays the corpus, a folder beside the
#     CMakeLists.txt; in `fuzz` the target is a libFuzzer program, and scripts/fuzz runs each for a while.

set(GATE_SANITIZED_TIMEOUT_FACTOR 1)
if(GATE_SANITIZE)
  set(GATE_SANITIZED_TIMEOUT_FACTOR 5)
endif()

# The target of a library in this folder, into ${out}.
function(gate_target_of_folder out)
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REGEX REPLACE "^common/" "" folder "${folder}")
  string(REPLACE "/" "_" folder "${folder}")
  set(${out} "gate_${folder}" PARENT_SCOPE)
endfunction()

# Compiles all sources of a target as one unit if GATE_UNITY asks for it.
function(gate_unit target)
  if(GATE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    # What the unit includes is no header of ours: a class with members of a file's own types is all right there.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

function(gate_library)
  cmake_parse_arguments(PARSE_ARGV 0 arg "PURE" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS")
  gate_target_of_folder(target)
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_DEPENDS} $<BUILD_INTERFACE:gate_warnings>)
    gate_unit(${target})
    if(GATE_PRECOMPILE)
      # The header was compiled with the definitions of msgpack: whatever uses it has the same.
      target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:MsgpackCxx::MsgpackCxx>)
      target_precompile_headers(${target} REUSE_FROM gate_precompiled)
    endif()
    set(visible PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(visible INTERFACE)
  endif()
  string(REGEX REPLACE "^gate_" "" short ${target})
  add_library(gate::${short} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${short})
  set_property(GLOBAL APPEND PROPERTY GATE_LIBRARIES ${target})
  target_compile_features(${target} ${visible} cxx_std_20)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/include")
    set_property(GLOBAL APPEND PROPERTY GATE_INCLUDE_FOLDERS "${CMAKE_CURRENT_SOURCE_DIR}/include")
    target_include_directories(
      ${target} ${visible} "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>"
                           "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  endif()
  target_link_libraries(${target} ${visible} ${arg_DEPENDS})
endfunction()

function(gate_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INSTALL" "OUTPUT" "SOURCES;DEPENDS")
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME "${arg_OUTPUT}")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_DEPENDS} gate_warnings)
  if(arg_INSTALL)
    set_property(GLOBAL APPEND PROPERTY GATE_PROGRAMS ${target})
  endif()
endfunction()

# The properties that each test gets, as a list for set_tests_properties: ${out}.
function(gate_test_properties out timeout serial labels)
  if(NOT timeout)
    set(timeout 180)
  endif()
  math(EXPR timeout "${timeout} * ${GATE_SANITIZED_TIMEOUT_FACTOR}")
  # libzmq is not instrumented: what ThreadSanitizer reports inside it is not ours.
  set(tsan_options "suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp" halt_on_error=1 second_deadlock_stack=1)
  list(JOIN tsan_options ":" tsan_options)
  set(properties TIMEOUT ${timeout} ENVIRONMENT "TSAN_OPTIONS=${tsan_options}")
  if(serial)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  if(labels)
    list(JOIN labels " " labels)
    list(APPEND properties LABELS "${labels}")
  endif()
  set(${out} "${properties}" PARENT_SCOPE)
endfunction()

function(gate_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "PREFIX;TIMEOUT" "SOURCES;DEPENDS;LABELS")
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_DEPENDS} gate_test_main gate_warnings)
  target_precompile_headers(${target} REUSE_FROM gate_test_main)
  gate_test_properties(properties "${arg_TIMEOUT}" "${arg_SERIAL}" "${arg_LABELS}")
  if(arg_PREFIX)
    set(prefix "${arg_PREFIX}.")
  endif()
  catch_discover_tests(${target} TEST_PREFIX "${prefix}" PROPERTIES ${properties})
endfunction()

function(gate_program_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "SERIAL" "NAME;TIMEOUT" "COMMAND;LABELS")
  add_test(NAME "${arg_NAME}" COMMAND ${arg_COMMAND})
  gate_test_properties(properties "${arg_TIMEOUT}" "${arg_SERIAL}" "${arg_LABELS}")
  set_tests_properties("${arg_NAME}" PROPERTIES ${properties})
endfunction()

function(gate_fuzz target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;DEPENDS")
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_DEPENDS} gate_warnings)
  set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS}")
  if(GATE_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    gate_program_test(NAME fuzz.${target} COMMAND ${target} -runs=0 "${corpus}" LABELS fuzz)
    # For scripts/fuzz: a line a fuzzer, program and corpus.
    set_property(GLOBAL APPEND_STRING PROPERTY GATE_FUZZERS "$<TARGET_FILE:${target}> ${corpus}\n")
  else()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:gate_fuzz_replay>)
    gate_program_test(NAME fuzz.${target} COMMAND ${target} "${corpus}" LABELS fuzz)
  endif()
endfunction()
