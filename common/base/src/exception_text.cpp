#include "common/base/exception_text.hpp"

#include <cstdlib>
#include <string_view>
#include <typeinfo>

#include <cxxabi.h>

namespace gate {
namespace {

std::string demangled(const std::type_info& type) {
  int status = 0;
  char* const name = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string text = status == 0 && name != nullptr ? name : type.name();
  std::free(name);  // NOLINT: __cxa_demangle allocates with malloc
  // The type that std::throw_with_nested() throws.
  constexpr std::string_view before = "std::_Nested_exception<";
  if (text.starts_with(before) && text.ends_with('>')) {
    text.pop_back();
    text.erase(0, before.size());
  }
  return text;
}

std::string what_of(const std::exception& e) {
  const char* const text = e.what();
  return text != nullptr ? text : "an exception without a text: its what() is null";
}

}  // namespace

std::string text_of(const std::exception& e) noexcept {
  try {
    try {
      return what_of(e);
    } catch (const std::bad_alloc&) {
      return {};
    } catch (...) {
      return "an exception without a text: its what() throws";
    }
  } catch (...) {
    return {};
  }
}

exception_text describe_current_exception() noexcept {
  exception_text found;
  try {
    if (const std::type_info* const type = abi::__cxa_current_exception_type()) found.type = demangled(*type);
    throw;
  } catch (const std::exception& e) {
    found.text = text_of(e);
  } catch (...) {
    try {
      found.text = "an exception that is no std::exception";
    } catch (...) {
      found.text.clear();
    }
  }
  return found;
}

}  // namespace gate
