#include "common/settings/toml_text.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

namespace gate {
namespace {

// Walks over a text as a TOML parser would, as far as strings, comments, brackets and dots go, and keeps count of the
// depth. It need not notice what is wrong: a parser stops there.
class depth_check {
 public:
  explicit depth_check(std::string_view text) : text_(text), levels_(1) {}

  // The line where the bound is exceeded; 0 when it never is.
  std::size_t run() {
    while (at_ < text_.size() && !exceeded_) step();
    return exceeded_ ? line_ : 0;
  }

 private:
  struct level {
    std::size_t depth = 0;  // of the bracket
    std::size_t dots = 0;   // in the key that was read last
  };

  void step() {
    const char c = text_[at_];
    switch (c) {
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case '"':
      case '\'':
        return skip_string(c);
      case '\n':
        ++line_;
        if (levels_.size() == 1) levels_.back().dots = 0;
        break;
      case '.':
        ++levels_.back().dots;
        exceeded_ = depth() > toml_depth_max;
        break;
      case ',':
        levels_.back().dots = 0;
        break;
      case '[':
      case '{':
        levels_.push_back({depth() + 1, 0});
        exceeded_ = depth() > toml_depth_max;
        break;
      case ']':
      case '}':
        if (levels_.size() > 1) levels_.pop_back();
        break;
      default:
        break;
    }
    ++at_;
  }

  std::size_t depth() const noexcept { return levels_.back().depth + levels_.back().dots; }

  bool delimiter_here(char quote) const noexcept {
    return at_ + 2 < text_.size() && text_[at_] == quote && text_[at_ + 1] == quote && text_[at_ + 2] == quote;
  }

  // A string in three quotes runs over lines, and may end in up to two quotes of its own before the last three.
  void skip_string(char quote) {
    const bool of_lines = delimiter_here(quote);
    at_ += of_lines ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n' && !of_lines) return;
      if (c == '\n') ++line_;
      if (c == quote && !of_lines) {
        ++at_;
        return;
      }
      if (of_lines && delimiter_here(quote)) {
        at_ += 3;
        for (int more = 0; more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;
        return;
      }
      const bool escape = c == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
      at_ += escape ? 2 : 1;
    }
  }

  std::string_view text_;
  std::vector<level> levels_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool exceeded_ = false;
};

toml::source_region line_of(std::size_t line, std::string_view name) {
  const toml::source_position at{static_cast<toml::source_index>(line), 1};
  return {at, at, std::make_shared<const std::string>(name)};
}

// With the folder that a relative path counts from.
std::string why_not(const std::string& path, int error) {
  std::string why = std::generic_category().message(error);
  std::error_code unknown;
  const std::filesystem::path here = std::filesystem::current_path(unknown);
  if (!unknown && !path.starts_with('/')) why += " (in the folder " + here.string() + ")";
  return why;
}

}  // namespace

toml::table parse_toml(std::string_view text, std::string_view name) {
  if (text.size() > toml_bytes_max) throw toml_bound_error("is larger than 16 MiB", line_of(1, name));
  if (const std::size_t line = depth_check(text).run(); line != 0) {
    throw toml_bound_error("is nested deeper than 64 tables, lists and parts of a dotted key", line_of(line, name));
  }
  return toml::parse(text, name);
}

std::string read_toml_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) throw toml_file_error(path + ": cannot be read: " + why_not(path, errno));
  std::string text;
  std::vector<char> piece(std::size_t{64} << 10);
  while (file && text.size() <= toml_bytes_max) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (text.size() > toml_bytes_max) throw toml_file_error(path + ": is larger than 16 MiB");
  if (!file.eof() || file.bad()) throw toml_file_error(path + ": cannot be read");
  return text;
}

}  // namespace gate
