// What the worker streams and its clients read. It is sent as a map; worker and clients include this header.
#pragma once

#include <cstdint>
#include <string>

#include <gate/value.hpp>

namespace log_search {

// [match]
struct match {
  std::string file;
  std::uint64_t line = 0;
  std::string text;
  MSGPACK_DEFINE_MAP(file, line, text)
};
// [/match]

struct summary {
  std::uint64_t files = 0, bytes = 0, skipped = 0;
  MSGPACK_DEFINE_MAP(files, bytes, skipped)
};

}  // namespace log_search
