# install(): the libraries, their public headers, the programs, and the CMake package `gate`.
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY GATE_LIBRARIES)
get_property(programs GLOBAL PROPERTY GATE_PROGRAMS)
get_property(include_folders GLOBAL PROPERTY GATE_INCLUDE_FOLDERS)
list(REMOVE_DUPLICATES include_folders)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/gate")

install(TARGETS ${libraries} EXPORT gate-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
if(programs)
  install(TARGETS ${programs} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(PROGRAMS "${PROJECT_SOURCE_DIR}/tests/lint/await_forms.py" DESTINATION "${CMAKE_INSTALL_BINDIR}"
        RENAME gate-lint-awaits)
foreach(folder IN LISTS include_folders)
  install(DIRECTORY "${folder}/gate" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
endforeach()

install(EXPORT gate-targets NAMESPACE gate:: DESTINATION "${package_folder}")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/gate-config.cmake.in" "${PROJECT_BINARY_DIR}/gate-config.cmake"
  INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/gate-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/gate-config.cmake" "${PROJECT_BINARY_DIR}/gate-config-version.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/gate-precompile.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/FindMsgpackCxx.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindSodium.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/FindXxHash.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindZstd.cmake"
  DESTINATION "${package_folder}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
