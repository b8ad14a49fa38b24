// The arguments of a call, whatever their size: small ones in the request, a HugeData in chunks, and text or bytes that
// are larger than limits::huge_threshold from their file as they are sent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gate/client.hpp>

#include "cli/commands/argument.hpp"
#include "cli/commands/input.hpp"

namespace gate::cli {

// Of the JSON that a file may hold, which is read into memory.
inline constexpr std::size_t json_bytes_max = 64u << 20;

class upload {
 public:
  // Opens the files. Throws usage_error.
  explicit upload(std::vector<argument> given);
  upload(const upload&) = delete;
  upload& operator=(const upload&) = delete;
  // Reads on no more.
  ~upload();

  // Some argument is read from a file, and the command line does not say as what.
  bool needs_types() const noexcept;
  // Reads what is to be in memory, and finds out the sizes of the rest. `method` as its service describes it; null: not
  // known, then files are bytes. `chunks`: the broker's dialect has HugeData among arguments. Throws usage_error, for
  // what is no JSON too, and what input throws.
  void prepare(const method_report* method, bool chunks);

  // The arguments as they were typed.
  const std::vector<argument>& typed() const noexcept { return typed_; }

  // The call. Throws usage_error for two HugeData.
  PendingCall call(const Method& method);

  // A file was taken as bytes, since nobody said what the parameter is.
  bool guessed() const noexcept { return guessed_; }
  // Some argument is sent while it is read: who knows how long that takes?
  bool is_streamed() const noexcept;
  // Once the broker has said that the worker's dialect knows no chunks: takes all into memory, as one plain list. False
  // if that is not possible.
  bool collect();

 private:
  struct part {
    argument given;
    input_ptr from;  // null: a value
    content as = content::unsaid;
    std::string encoded;  // the value; the head of the value whose body `from` gives; empty for a HugeData
  };

  void prepare(part& p, const method_report* method, std::size_t position, bool chunks);
  PendingCall call_with_huge(const Method& method, std::size_t place);
  PendingCall call_encoded(const Method& method);

  std::vector<argument> typed_;
  std::vector<part> parts_;
  bool guessed_ = false;
};

}  // namespace gate::cli
