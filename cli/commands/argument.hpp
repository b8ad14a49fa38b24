// The arguments of `gate call` on the command line, and how the content of a file is passed to the method.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/value.hpp>

namespace gate::cli {

struct method_line;

// How the bytes of a file, or of standard input, are sent.
enum class content {
  unsaid,  // as the parameter's type needs it: content_of()
  huge,    // a HugeData: the bytes, in chunks, in constant memory
  bytes,   // the bytes, in one value
  text,    // the bytes, as text
  json     // the value that the file holds as JSON
};

struct argument {
  std::string name;              // empty: by its position
  std::optional<value> literal;  // the value that was typed; or else `file`
  std::string file;              // the file to read: a path, or `-`
  content as = content::unsaid;
};

// Reads the arguments. Each one is `VALUE` or `NAME=VALUE`, where VALUE is one of:
// - `-` or `@-`: standard input; `@FILE`: a file; either with the form to send (`@text:FILE`, `@bytes:-`, `@json:FILE`,
// `@huge:FILE`);
// - `@@TEXT`: a text that begins with `@`;
// - anything else: read_argument() reads it.
// Throws usage_error, also if standard input is used twice.
std::vector<argument> read_arguments(const std::vector<std::string>& typed);

// The form that a parameter of this type takes: "bytes", "string", "HugeData", also "optional<...>" of these, and
// Python's "str" and "bytes". JSON for any other type. `unsaid` for "any", and for a Python parameter without an
// annotation.
content content_of(std::string_view type);

// The type of the parameter that takes this argument, by its name or position. Empty if it is not known.
std::string type_of(const method_line& method, const argument& given, std::size_t position);

}  // namespace gate::cli
