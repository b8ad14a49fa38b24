// The command line of a program with settings: a flag for each key of its table, a few flags of its own, and arguments.
#pragma once

#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/settings/key_table.hpp"

namespace gate {

// A flag of a program that is no key of its table.
struct program_flag {
  std::string_view name;   // "--config"
  std::string_view value;  // what its value is called in the help: "FILE". Empty: it takes none
  std::string_view doc;
};

struct read_flags {
  std::vector<std::pair<std::string, std::string>> keys;  // name of the key, text; as given_settings takes them
  std::map<std::string, std::string, std::less<>> own;    // name of the program's flag, text; empty if it takes none
  std::vector<std::string> arguments;                     // all that is no flag, and all behind --

  bool has(std::string_view name) const { return own.contains(name); }
  std::string value_of(std::string_view name) const;  // empty if the flag is not there
};

// A command line that is no good. what() is one line: "there is no flag '--capasity' (did you mean '--capacity'?)".
class usage_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads "--name value" and "--name=value". A flag for true or false needs no value: "--insecure" is true, and
// "--insecure false" is false. -h is --help. The flag of a list may be repeated, every other one stands once.
// Does not look at the values. Throws usage_error.
read_flags parse_flags(std::span<const std::string> words, std::span<const key_info* const> keys,
                       std::span<const program_flag> own, bool takes_arguments);

}  // namespace gate
