// The arguments of a call, of any size. Small ones are in the request; a HugeData is sent in chunks. Text or bytes that
// are larger than limits::huge_threshold are read from their file while they are sent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gate/client.hpp>

#include "cli/commands/argument.hpp"
#include "cli/commands/input.hpp"

namespace gate::cli {

struct method_line;

// The limit of a JSON file: it is read into memory.
inline constexpr std::size_t json_bytes_max = 64u << 20;

class upload {
 public:
  // Opens the files. Throws usage_error.
  explicit upload(std::vector<argument> given);
  upload(const upload&) = delete;
  upload& operator=(const upload&) = delete;
  // Stops reading.
  ~upload();

  // Whether an argument is read from a file, and the command line does not say in which form to send it.
  bool needs_types() const noexcept;
  // Reads the parts that must be in memory, and finds the sizes of the others. `method` is the service's description;
  // null: not known, and then files are sent as bytes. `chunks`: the broker's dialect has HugeData arguments. Throws
  // usage_error (also for a file that is not JSON), and what input throws.
  void prepare(const method_line* method, bool chunks);

  // The arguments as they were typed.
  const std::vector<argument>& typed() const noexcept { return typed_; }

  // Makes the call. Throws usage_error if there are two HugeData.
  PendingCall call(const Method& method);

  // A file was sent as bytes because the parameter's type is not known.
  bool guessed() const noexcept { return guessed_; }
  // Whether an argument is read while it is sent: then nobody knows how long the call takes.
  bool is_streamed() const noexcept;
  // Reads all arguments into memory, as one plain list. Call it if the broker says that the worker's dialect has no
  // chunks. Returns false if that is not possible.
  bool collect();

 private:
  struct part {
    argument given;
    input_ptr from;  // null: the argument is a value
    content as = content::unsaid;
    std::string encoded;  // the value, or the header of the value that `from` reads; empty for a HugeData
  };

  void prepare(part& p, const method_line* method, std::size_t position, bool chunks);
  PendingCall call_with_huge(const Method& method, std::size_t place);
  PendingCall call_encoded(const Method& method);

  std::vector<argument> typed_;
  std::vector<part> parts_;
  bool guessed_ = false;
};

}  // namespace gate::cli
