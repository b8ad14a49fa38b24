# Defines MsgpackCxx::MsgpackCxx, the header-only msgpack for C++ without Boost.
#
# The package's own CMake configuration links Boost::boost, which we do not need (MSGPACK_NO_BOOST), and its name
# differs from release to release; the header's does not.

find_path(MsgpackCxx_INCLUDE_DIR msgpack.hpp)
if(MsgpackCxx_INCLUDE_DIR)
  set(version_header_ "${MsgpackCxx_INCLUDE_DIR}/msgpack/version_master.hpp")
  file(STRINGS "${version_header_}" version_lines_ REGEX "#define MSGPACK_VERSION_M")
  string(REGEX REPLACE ".*MAJOR +([0-9]+).*MINOR +([0-9]+).*" "\\1.\\2" MsgpackCxx_VERSION "${version_lines_}")
  unset(version_header_)
  unset(version_lines_)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MsgpackCxx REQUIRED_VARS MsgpackCxx_INCLUDE_DIR VERSION_VAR MsgpackCxx_VERSION)
mark_as_advanced(MsgpackCxx_INCLUDE_DIR)

if(MsgpackCxx_FOUND AND NOT TARGET MsgpackCxx::MsgpackCxx)
  add_library(MsgpackCxx::MsgpackCxx INTERFACE IMPORTED)
  target_include_directories(MsgpackCxx::MsgpackCxx INTERFACE "${MsgpackCxx_INCLUDE_DIR}")
  target_compile_definitions(MsgpackCxx::MsgpackCxx INTERFACE MSGPACK_NO_BOOST MSGPACK_DEFAULT_API_VERSION=3)
endif()
