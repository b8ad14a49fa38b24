# Flags that all targets must agree on. Sanitizers change the ABI of what they touch, so they are set for the folder,
# before any target exists, and not target by target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(GATE_CCACHE ccache)
    if(GATE_CCACHE)
      set(CMAKE_CXX_COMPILER_LAUNCHER "${GATE_CCACHE}")
    endif()
  endif()
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # One file takes some 600 MB of the compiler's heap. Collected from half of that on, and not a quarter, all compiles
  # in a twentieth less time.
  add_compile_options(--param=ggc-min-heapsize=524288)
endif()
if(GATE_SANITIZE)
  add_compile_options(-fsanitize=${GATE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GATE_SANITIZE})
endif()
if(GATE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "GATE_FUZZ needs clang: libFuzzer comes with it. Use the preset `fuzz`.")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(GATE_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()

# The strict warnings, for our own targets only: linked privately by gate_library, gate_program and gate_test.
add_library(gate_warnings INTERFACE)
target_compile_options(
  gate_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
            $<$<BOOL:${GATE_WERROR}>:-Werror>
            # g++ 12 sees an overlap in std::string's own concatenation of a literal and a temporary (its bug 105651).
            $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
