# Defines Zstd::Zstd. The targets of the package's own CMake configuration are named after how it was built, and
# differ from release to release.

find_path(Zstd_INCLUDE_DIR zstd.h)
find_library(Zstd_LIBRARY zstd)
if(Zstd_INCLUDE_DIR)
  file(STRINGS "${Zstd_INCLUDE_DIR}/zstd.h" version_lines_ REGEX "#define ZSTD_VERSION_(MAJOR|MINOR|RELEASE) ")
  string(REGEX REPLACE ".*MAJOR +([0-9]+).*MINOR +([0-9]+).*RELEASE +([0-9]+).*" "\\1.\\2.\\3" Zstd_VERSION
                       "${version_lines_}")
  unset(version_lines_)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Zstd REQUIRED_VARS Zstd_LIBRARY Zstd_INCLUDE_DIR VERSION_VAR Zstd_VERSION)
mark_as_advanced(Zstd_INCLUDE_DIR Zstd_LIBRARY)

if(Zstd_FOUND AND NOT TARGET Zstd::Zstd)
  add_library(Zstd::Zstd UNKNOWN IMPORTED)
  set_target_properties(Zstd::Zstd PROPERTIES IMPORTED_LOCATION "${Zstd_LIBRARY}")
  target_include_directories(Zstd::Zstd INTERFACE "${Zstd_INCLUDE_DIR}")
endif()
