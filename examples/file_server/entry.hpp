// The file server's description of a file or folder.
#pragma once

#include <cstdint>
#include <string>

#include <gate/value.hpp>

namespace file_server {

struct entry {
  std::string name;
  bool is_folder = false;
  std::uint64_t bytes = 0;
  std::int64_t changed = 0;  // seconds since 1970
  MSGPACK_DEFINE_MAP(name, is_folder, bytes, changed)
};

}  // namespace file_server
