// Descriptor: what a peer says about itself in its hello. It is the payload of the hello, one msgpack map
// (docs/protocol.md, section 12). A reader ignores unknown keys; missing ones have their defaults.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gate {

// The result of a method: one value (unary), or a stream of items.
enum class method_kind : std::uint8_t { unary = 0, stream = 1 };

struct parameter_info {
  std::string name;  // empty if the method has no GATE_DOC with names
  std::string type;  // "int32", "list<string>", "Point"
};

struct method_descriptor {
  std::string name;
  method_kind kind = method_kind::unary;
  bool client_stream = false;  // the caller sends a stream of items
  bool pooled = false;         // runs on a thread of the worker's pool; descriptor::threads bounds how many run at once
  std::vector<parameter_info> parameters;
  std::string result;  // the type of the result; of a stream, the type of an item
  std::string doc;
};

struct descriptor {
  std::string host;
  std::uint32_t pid = 0;
  std::uint32_t threads = 0;  // of a worker's pool; 0: not known
  std::string version;        // of the library
  std::string description;    // of the service
  std::map<std::string, std::string> labels;
  std::vector<method_descriptor> methods;
};

}  // namespace gate
