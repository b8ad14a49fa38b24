// What a worker (or any peer) says about itself in its hello: the payload of the hello, one msgpack map. Unknown keys
// are ignored, missing ones take their defaults.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gate {

enum class method_kind : std::uint8_t { unary = 0, stream = 1 };

struct parameter_info {
  std::string name;  // empty when the method has no GATE_DOC
  std::string type;  // "int32", "list<string>", "Point"
};

struct method_descriptor {
  std::string name;
  method_kind kind = method_kind::unary;
  bool client_stream = false;  // takes a stream of items from its caller
  bool pooled = false;         // runs on one of the worker's threads, so that no more of them run at once
  std::vector<parameter_info> parameters;
  std::string result;  // of one item, for a stream
  std::string doc;
};

struct descriptor {
  std::string host;
  std::uint32_t pid = 0;
  std::uint32_t threads = 0;  // of a worker, for its pooled methods; 0: it does not tell
  std::string version;        // of gate
  std::string description;    // of the service
  std::map<std::string, std::string> labels;
  std::vector<method_descriptor> methods;
};

}  // namespace gate
