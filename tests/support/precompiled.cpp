// Makes CMake compile that header. test_main.cpp cannot do it: Catch2 generates main() in a header that is in there.
#include "tests/support/precompiled.hpp"
