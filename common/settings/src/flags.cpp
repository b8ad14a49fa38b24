#include "common/settings/flags.hpp"

#include <algorithm>
#include <optional>

#include <gate/did_you_mean.hpp>

namespace gate {
namespace {

class parser {
 public:
  parser(std::span<const std::string> words, std::span<const key_info* const> keys, std::span<const program_flag> own,
         bool takes_arguments)
      : words_(words), keys_(keys), own_(own), takes_arguments_(takes_arguments) {}

  read_flags run() {
    for (; at_ < words_.size(); ++at_) step(words_[at_]);
    return std::move(found_);
  }

 private:
  void step(const std::string& word) {
    if (only_arguments_ || !word.starts_with('-') || word == "-") return argument(word);
    if (word == "--") {
      only_arguments_ = true;
      return;
    }
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string name = word == "-h" ? "--help" : word.substr(0, equals);
    std::optional<std::string> value;
    if (equals < word.size()) value = word.substr(equals + 1);
    const auto own = std::find_if(own_.begin(), own_.end(), [&](const program_flag& f) { return f.name == name; });
    if (own != own_.end()) return flag_of_program(*own, std::move(value));
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const key_info* k) { return flag_of(*k) == name; });
    if (key == keys_.end()) fail_unknown(name);
    flag_of_key(**key, name, std::move(value));
  }

  void argument(const std::string& word) {
    if (!takes_arguments_) throw usage_error("'" + word + "' is one argument too many");
    found_.arguments.push_back(word);
  }

  void flag_of_program(const program_flag& flag, std::optional<std::string> value) {
    const std::string name(flag.name);
    if (flag.value.empty() && value) throw usage_error(name + " takes no value");
    if (!flag.value.empty() && !value) value = next(name);
    // A flag without a value says the same each time.
    if (!found_.own.emplace(name, value.value_or("")).second && !flag.value.empty()) fail_twice(name);
  }

  void flag_of_key(const key_info& key, const std::string& name, std::optional<std::string> value) {
    const bool is_there =
        std::any_of(found_.keys.begin(), found_.keys.end(), [&](const auto& given) { return given.first == key.name; });
    if (is_there && key.unit != unit::texts) fail_twice(name);
    if (!value && key.unit == unit::flag) {
      const bool stated = at_ + 1 < words_.size() && (words_[at_ + 1] == "true" || words_[at_ + 1] == "false");
      value = stated ? words_[++at_] : "true";
    }
    if (!value) value = next(name);
    found_.keys.emplace_back(key.name, std::move(*value));
  }

  std::string next(const std::string& name) {
    if (at_ + 1 >= words_.size() || words_[at_ + 1].starts_with("--")) throw usage_error(name + " needs a value");
    return words_[++at_];
  }

  [[noreturn]] static void fail_twice(const std::string& name) { throw usage_error(name + " is given twice"); }
  [[noreturn]] void fail_unknown(const std::string& name) const {
    std::vector<std::string> names;
    for (const key_info* const key : keys_) names.push_back(flag_of(*key));
    for (const program_flag& flag : own_) names.emplace_back(flag.name);
    const std::vector<std::string_view> views(names.begin(), names.end());
    throw usage_error("there is no flag '" + name + "'" + did_you_mean(name, views));
  }

  std::span<const std::string> words_;
  std::span<const key_info* const> keys_;
  std::span<const program_flag> own_;
  bool takes_arguments_;
  bool only_arguments_ = false;
  std::size_t at_ = 0;
  read_flags found_;
};

}  // namespace

std::string read_flags::value_of(std::string_view name) const {
  const auto found = own.find(name);
  return found == own.end() ? std::string() : found->second;
}

read_flags parse_flags(std::span<const std::string> words, std::span<const key_info* const> keys,
                       std::span<const program_flag> own, bool takes_arguments) {
  return parser(words, keys, own, takes_arguments).run();
}

}  // namespace gate
