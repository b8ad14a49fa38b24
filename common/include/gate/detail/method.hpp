// What an Interface knows of a method, its type erased.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gate/descriptor.hpp>

namespace gate {

class Interface;

// Where a method's body runs. automatic: a plain method (also one that returns a gate::generator) in the pool, a
// coroutine on the loop. A coroutine cannot run in the pool; a plain method on the loop must not block.
enum class run_on : std::uint8_t { automatic, loop, pool };

}  // namespace gate

namespace gate::detail {

class running_call;

// How a dispatcher runs a method.
enum class method_form : std::uint8_t {
  plain,      // run() does it all
  coroutine,  // run() starts it; it says running_call::end() when it has ended
  generator,  // open() makes its source, which is pulled batch by batch
};

// A generator whose items have become octets.
class item_source {
 public:
  virtual ~item_source() = default;
  // Appends items to the call's batch until that is full; false at the generator's end. Throws what the generator
  // throws.
  virtual bool pull(running_call& call) = 0;
};

// What is known of a method at compile time; one constant per exposed method.
struct method_shape {
  method_form form{};
  method_kind kind{};
  run_on where{};  // never automatic
  bool wants_call = false;
  bool client_stream = false;
  bool huge_parameter = false;                                 // takes a HugeData
  bool takes_rest = false;                                     // an argument_list behind its other parameters
  std::size_t parameters = 0;                                  // without the Call&, the argument_list and the stream
  std::size_t required = 0;                                    // of those: up to the last that is not optional
  std::string (*parameter_type)(std::size_t index) = nullptr;  // index == parameters: the items of the client's stream
  std::string (*result_type)() = nullptr;
  // Exactly one of them. Neither lets an exception out: what is thrown becomes the call's failure.
  void (*run)(Interface& target, running_call& call, bytes_view arguments) = nullptr;
  std::unique_ptr<item_source> (*open)(Interface& target, running_call& call, bytes_view arguments) = nullptr;
};

struct method_entry {
  std::string name;
  const method_shape* shape = nullptr;
  std::string doc;
  bool described = false;  // by a GATE_DOC
  // Of the parameters, then of the argument_list, then of the client's stream; empty without a GATE_DOC.
  std::vector<std::string> names;

  // As they are shown; an argument_list is two, "*args" and "**kwargs".
  std::vector<parameter_info> parameters() const;

  // "(a: int32, b: int32)", for messages.
  std::string signature() const;
};

}  // namespace gate::detail
