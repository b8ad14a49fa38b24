#include <gate/limits.hpp>
#include <gate/protocol.hpp>

namespace gate {
namespace {

// Takes the first entry off `rest`. If there is no valid entry, returns false and leaves `rest` unchanged.
bool take_entry(bytes_view& rest, metadata_view::entry& out) noexcept {
  if (rest.empty()) return false;
  const std::size_t key_bytes = static_cast<std::uint8_t>(rest[0]);
  if (rest.size() < 3 + key_bytes) return false;
  const auto low = static_cast<std::uint8_t>(rest[1 + key_bytes]);
  const auto high = static_cast<std::uint8_t>(rest[2 + key_bytes]);
  const std::size_t value_bytes = std::size_t{low} | std::size_t{high} << 8;
  if (rest.size() - 3 - key_bytes < value_bytes) return false;
  out.key = rest.substr(1, key_bytes);
  out.value = rest.substr(3 + key_bytes, value_bytes);
  rest.remove_prefix(3 + key_bytes + value_bytes);
  return true;
}

}  // namespace

std::string_view to_string(message_type type) noexcept {
  switch (type) {
    case message_type::hello:
      return "hello";
    case message_type::welcome:
      return "welcome";
    case message_type::request:
      return "request";
    case message_type::part:
      return "part";
    case message_type::final:
      return "final";
    case message_type::error:
      return "error";
    case message_type::credit:
      return "credit";
    case message_type::cancel:
      return "cancel";
    case message_type::heartbeat:
      return "heartbeat";
    case message_type::drain:
      return "drain";
    case message_type::drained:
      return "drained";
    case message_type::returned:
      return "returned";
    case message_type::bye:
      return "bye";
    case message_type::recall:
      return "recall";
  }
  return "unknown";
}

void metadata_view::iterator::step() noexcept { done_ = !take_entry(rest_, current_); }

std::optional<std::string_view> metadata_view::find(std::string_view key) const noexcept {
  bytes_view rest = encoded_;
  entry current;
  while (take_entry(rest, current)) {
    if (current.key == key) return current.value;
  }
  return std::nullopt;
}

bool metadata_view::well_formed() const noexcept {
  bytes_view rest = encoded_;
  entry current;
  while (take_entry(rest, current)) {
  }
  return rest.empty();
}

bool append_metadata(std::string& encoded, std::string_view key, std::string_view value) {
  if (key.size() > 0xff || value.size() > 0xffff) return false;
  const std::size_t entry_bytes = 3 + key.size() + value.size();
  if (encoded.size() + entry_bytes > limits::metadata_bytes_max) return false;
  encoded.reserve(encoded.size() + entry_bytes);
  encoded.push_back(static_cast<char>(static_cast<std::uint8_t>(key.size())));
  encoded.append(key);
  encoded.push_back(static_cast<char>(static_cast<std::uint8_t>(value.size() & 0xff)));
  encoded.push_back(static_cast<char>(static_cast<std::uint8_t>(value.size() >> 8)));
  encoded.append(value);
  return true;
}

}  // namespace gate
