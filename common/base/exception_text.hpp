// What is said of an exception that somebody else's code has thrown.
#pragma once

#include <exception>
#include <string>

namespace gate {

struct exception_text {
  std::string type;  // "std::out_of_range", "int"; empty if it cannot be told
  std::string text;  // what() of a std::exception, or why there is none

  // "std::out_of_range: no such row", for logs.
  std::string line() const { return type.empty() ? text : type + ": " + text; }
};

// Within a catch block: describes the exception that is being handled, whatever it is. Lets no exception out: neither
// an exception whose what() is null or throws, nor one that is no std::exception, nor a lack of memory (both texts are
// empty then).
exception_text describe_current_exception() noexcept;

// what(), or a sentence that says why there is none.
std::string text_of(const std::exception& e) noexcept;

// Calls what somebody else has written. If it throws, `failed` is called with the exception_text; what that throws, and
// what the exception's own destructor throws, ends here.
template <class Call, class Failed> void call_guarded(Call&& call, Failed&& failed) noexcept {
  try {
    try {
      call();
    } catch (...) {
      failed(describe_current_exception());
    }
  } catch (...) {
  }
}

}  // namespace gate
