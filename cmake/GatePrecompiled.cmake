# The precompiled header of the libraries, for the presets with a sanitizer. `clang` compiles without it, file by file:
# there each file shows that it includes what it uses. `release` compiles each library as one unit (GATE_UNITY).
add_library(gate_precompiled OBJECT "${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp")
set_target_properties(gate_precompiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(gate_precompiled PRIVATE "${PROJECT_SOURCE_DIR}")
target_link_libraries(gate_precompiled PRIVATE MsgpackCxx::MsgpackCxx gate_warnings)
target_precompile_headers(gate_precompiled PRIVATE "${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp")
