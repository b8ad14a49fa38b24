// The arguments of `gate call` as they stand on the command line, and what a file's content is to the method.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/reports.hpp>
#include <gate/value.hpp>

namespace gate::cli {

// What the bytes of a file, or of standard input, become.
enum class content {
  unsaid,  // whatever the parameter's type asks for: content_of()
  huge,    // a HugeData: the bytes as they are, in chunks, in constant memory
  bytes,   // the bytes as they are, in one value
  text,    // the same as text
  json     // the value that they are the JSON of
};

struct argument {
  std::string name;              // empty: by its position
  std::optional<value> literal;  // what was typed; or else
  std::string file;              // where to read it: a path, or `-`
  content as = content::unsaid;
};

// Each argument is `VALUE` or `NAME=VALUE`, where VALUE is `-` or `@-` (standard input), `@FILE`, either with what it
// becomes (`@text:FILE`, `@bytes:-`, `@json:FILE`, `@huge:FILE`), `@@TEXT` for text that begins with `@`, or what
// read_argument() reads. Throws usage_error, also for standard input that is asked for twice.
std::vector<argument> read_arguments(const std::vector<std::string>& typed);

// What a parameter of that type takes: "bytes", "string", "HugeData", also "optional<...>" of these, and Python's "str"
// and "bytes"; the JSON of any other type. Nothing of "any", and of a Python parameter without annotation.
content content_of(std::string_view type);

// The type of the parameter that an argument is for: that of its name, or at its position. Empty where it is not known.
std::string type_of(const method_report& method, const argument& given, std::size_t position);

}  // namespace gate::cli
