// Makes CMake compile that header. test_main.cpp cannot: it generates main from a header that stands in it.
#include "tests/support/precompiled.hpp"
