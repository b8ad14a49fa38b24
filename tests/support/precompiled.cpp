// Nothing of its own: it makes CMake compile precompiled.hpp. test_main.cpp cannot use that, since it generates main
// from the header that stands in it.
