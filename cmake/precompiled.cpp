// For CMake, which precompiles a header for a target that has a file to use it.
#include "cmake/precompiled.hpp"
