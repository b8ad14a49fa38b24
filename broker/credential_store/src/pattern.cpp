#include "broker/credential_store/pattern.hpp"

namespace gate::security {

pattern::pattern(std::string_view text) {
  // Several stars in a row mean the same as one.
  for (const char c : text) {
    if (c != '*' || !text_.ends_with('*')) text_ += c;
  }
  const std::size_t star = text_.find('*');
  if (star == std::string::npos) {
    kind_ = kind::exact;
  } else if (text_.size() == 1) {
    kind_ = kind::all;
  } else if (star + 1 == text_.size()) {
    kind_ = kind::prefix;
  } else {
    kind_ = kind::general;
  }
}

bool pattern::matches(std::string_view name) const noexcept {
  const std::string_view text = text_;
  switch (kind_) {
    case kind::all:
      return true;
    case kind::exact:
      return name == text;
    case kind::prefix:
      return name.starts_with(text.substr(0, text.size() - 1));
    case kind::general:
      break;
  }
  // On a mismatch it goes back to the last star only. The stars before it have matched as little as possible, which is
  // always enough.
  std::size_t at = 0, in = 0, star = std::string_view::npos, tried = 0;
  while (in < name.size()) {
    if (at < text.size() && text[at] == '*') {
      star = at++;
      tried = in;
    } else if (at < text.size() && text[at] == name[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++tried;
    } else {
      return false;
    }
  }
  while (at < text.size() && text[at] == '*') ++at;
  return at == text.size();
}

}  // namespace gate::security
