# The libraries of the system (scripts/install-dependencies installs them on Debian 12). What a static library of ours
# links, its user links too: keep this list and cmake/gate-config.cmake.in the same.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(MsgpackCxx REQUIRED)  # cmake/FindMsgpackCxx.cmake
find_package(cppzmq REQUIRED)
find_package(Zstd REQUIRED)    # cmake/FindZstd.cmake
find_package(XxHash REQUIRED)  # cmake/FindXxHash.cmake
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
find_package(LibLZMA REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Sodium REQUIRED)  # cmake/FindSodium.cmake
