# The precompiled header of the libraries, for the presets with a sanitizer. `release` compiles without it: there each
# file shows that it includes what it uses, and ccache has for tests/consumer what the build compiled.
add_library(gate_precompiled OBJECT "${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp")
set_target_properties(gate_precompiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(gate_precompiled PRIVATE "${PROJECT_SOURCE_DIR}")
target_link_libraries(gate_precompiled PRIVATE MsgpackCxx::MsgpackCxx gate_warnings)
target_precompile_headers(gate_precompiled PRIVATE "${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp")
