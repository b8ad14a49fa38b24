// Describes exceptions that the user's code has thrown.
#pragma once

#include <exception>
#include <string>

namespace gate {

struct exception_text {
  std::string type;  // "std::out_of_range", "int"; empty if unknown
  std::string text;  // what() of a std::exception, or why there is none

  // "std::out_of_range: no such row", for logs.
  std::string line() const { return type.empty() ? text : type + ": " + text; }
};

// Describes the exception that is being handled, of any type. Call it in a catch block. It never throws, even if what()
// is null or throws. If there is no memory, both texts are empty.
exception_text describe_current_exception() noexcept;

// Returns what(), or a sentence that says why there is no text.
std::string text_of(const std::exception& e) noexcept;

// Calls a function of the user's. If it throws, calls `failed` with the exception_text. Exceptions that `failed`
// throws, or that the destructor of the first exception throws, are dropped.
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
