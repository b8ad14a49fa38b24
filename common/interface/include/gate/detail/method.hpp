// A method as an Interface knows it, without its type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gate/descriptor.hpp>

namespace gate {

class Interface;

// Where a method runs; see GATE_INTERFACE_ON.
//   automatic  a coroutine on the loop; a plain method, also one that returns a gate::generator, in the pool
//   loop       on the loop: a plain method must not block there
//   pool       on a thread of the pool: not for coroutines
enum class run_on : std::uint8_t { automatic, loop, pool };

}  // namespace gate

namespace gate::detail {

class running_call;

// How a dispatcher runs a method.
enum class method_form : std::uint8_t {
  plain,      // run() runs it to its end
  coroutine,  // run() starts it; it calls running_call::end() at its end
  generator,  // open() makes its source, which is read batch by batch
};

// A generator that encodes its items.
class item_source {
 public:
  virtual ~item_source() = default;
  // Appends items to the batch of the call until the batch is full. Returns false at the end of the generator. Throws
  // what the generator throws.
  virtual bool pull(running_call& call) = 0;
};

// A method as it is known at compile time: one constant for each listed method.
struct method_shape {
  method_form form{};
  method_kind kind{};
  run_on where{};  // never automatic
  bool wants_call = false;
  bool client_stream = false;
  bool huge_parameter = false;                                 // takes a HugeData
  bool takes_rest = false;                                     // an argument_list behind its other parameters
  std::size_t parameters = 0;                                  // without the Call&, the argument_list and the stream
  std::size_t required = 0;                                    // how many a caller must pass; the rest is optional
  std::string (*parameter_type)(std::size_t index) = nullptr;  // index == parameters: the items of the client's stream
  std::string (*result_type)() = nullptr;
  // Exactly one of them is set. Neither throws: an exception of the method becomes the error of the call.
  void (*run)(Interface& target, running_call& call, bytes_view arguments) = nullptr;
  std::unique_ptr<item_source> (*open)(Interface& target, running_call& call, bytes_view arguments) = nullptr;
};

struct method_entry {
  std::string name;
  const method_shape* shape = nullptr;
  std::string doc;
  bool described = false;  // by a GATE_DOC
  // The names of the parameters, then of the argument_list, then of the client's stream. Empty without a GATE_DOC.
  std::vector<std::string> names;

  // The parameters as they are shown. An argument_list is shown as two: "*args" and "**kwargs".
  std::vector<parameter_info> parameters() const;

  // "(a: int32, b: int32)", for messages.
  std::string signature() const;
};

}  // namespace gate::detail
