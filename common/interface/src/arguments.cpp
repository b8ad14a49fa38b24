#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gate/detail/arguments.hpp>
#include <gate/limits.hpp>

namespace gate::detail {

// Fills the argument_list that a method takes.
class argument_intake {
 public:
  argument_intake(argument_list& into, std::string method, std::size_t before, bool strict) : into_(into) {
    into.method_ = std::move(method);
    into.before_ = before;
    into.strict_ = strict;
  }

  bool is_full() const noexcept { return into_.size() == limits::arguments_max; }
  void add(bytes_view encoded) {
    const std::size_t begin = into_.positional_.size();
    into_.positional_ += encoded;
    into_.positions_.push_back({begin, begin, into_.positional_.size()});
  }
  // Adds an encoded name and its value. The name's text begins after `name` bytes, and the value after `value` bytes.
  void add_named(bytes_view both, std::size_t name, std::size_t value) {
    const std::size_t begin = into_.named_.size();
    into_.named_ += both;
    into_.names_.push_back({begin + name, begin + value, into_.named_.size()});
  }
  // Returns one of the names that were given twice.
  std::optional<std::string_view> repeated() const {
    std::vector<std::string_view> all;
    for (std::size_t i = into_.positional_count(); i < into_.size(); ++i) all.push_back(into_[i].name());
    std::sort(all.begin(), all.end());
    const auto twice = std::adjacent_find(all.begin(), all.end());
    return twice == all.end() ? std::nullopt : std::optional(*twice);
  }

 private:
  argument_list& into_;
};

namespace {

// Reads a number of `byte_count` bytes, big-endian, as msgpack writes lengths.
std::uint64_t read_number(const char* at, std::size_t byte_count) noexcept {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < byte_count; ++i) n = (n << 8) | static_cast<unsigned char>(at[i]);
  return n;
}

// The head of one value: the size of the head with its body, and how many values are inside.
struct head {
  std::uint64_t size = 1;
  std::uint64_t inside = 0;
};

// The size of the length field after the tags 0xc4 to 0xdf that have one; 0 for others.
constexpr std::size_t length_bytes(unsigned char tag) noexcept {
  switch (tag) {
    case 0xc4:
    case 0xc7:
    case 0xd9:
      return 1;
    case 0xc5:
    case 0xc8:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 2;
    case 0xc6:
    case 0xc9:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 4;
    default:
      return 0;
  }
}

// The size of a body that depends on the tag alone.
constexpr std::size_t fixed_bytes(unsigned char tag) noexcept {
  switch (tag) {
    case 0xcc:
    case 0xd0:
      return 1;
    case 0xcd:
    case 0xd1:
    case 0xd4:
      return 2;
    case 0xd5:
      return 3;
    case 0xca:
    case 0xce:
    case 0xd2:
      return 4;
    case 0xd6:
      return 5;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 8;
    case 0xd7:
      return 9;
    case 0xd8:
      return 17;
    default:
      return 0;
  }
}

// Returns false if the head is incomplete, or no value begins so.
bool read_head(const char* at, const char* end, head& out) noexcept {
  const auto tag = static_cast<unsigned char>(*at);
  if (tag < 0x80 || tag >= 0xe0) return true;
  if (tag < 0x90) return out.inside = 2 * std::uint64_t{tag & 0x0fu}, true;
  if (tag < 0xa0) return out.inside = tag & 0x0fu, true;
  if (tag < 0xc0) return out.size = 1 + std::uint64_t{tag & 0x1fu}, true;
  if (tag == 0xc1) return false;
  const std::size_t field = length_bytes(tag);
  if (field == 0) return out.size = 1 + fixed_bytes(tag), true;
  if (static_cast<std::size_t>(end - at) < 1 + field) return false;
  const std::uint64_t length = read_number(at + 1, field);
  out.size = 1 + field;
  if (tag >= 0xde) return out.inside = 2 * length, true;
  if (tag >= 0xdc) return out.inside = length, true;
  const bool extension = tag >= 0xc7 && tag <= 0xc9;
  out.size += length + (extension ? 1 : 0);
  return true;
}

// Reads the head of an array (or map). Returns false if there is none.
bool open_container(const char*& at, const char* end, bool map, std::uint64_t& count) noexcept {
  if (at == end) return false;
  const auto tag = static_cast<unsigned char>(*at);
  const unsigned char fix = map ? 0x80 : 0x90;
  const unsigned char first = map ? 0xde : 0xdc;
  if ((tag & 0xf0) == fix) {
    count = tag & 0x0fu;
    ++at;
    return true;
  }
  if (tag != first && tag != first + 1) return false;
  const std::size_t field = tag == first ? 2 : 4;
  if (static_cast<std::size_t>(end - at) < 1 + field) return false;
  count = read_number(at + 1, field);
  at += 1 + field;
  return true;
}

bool read_text(const char*& at, const char* end, std::string_view& text) noexcept {
  const char* const start = at;
  const char* const behind = skip_value(start, end);
  if (behind == nullptr) return false;
  const auto tag = static_cast<unsigned char>(*start);
  const bool is_text = (tag & 0xe0) == 0xa0 || (tag >= 0xd9 && tag <= 0xdb);
  if (!is_text) return false;
  const std::size_t skipped = 1 + length_bytes(tag);
  text = std::string_view(start + skipped, static_cast<std::size_t>(behind - start) - skipped);
  at = behind;
  return true;
}

std::string full_signature(const running_call& call) {
  return std::string(call.service()) + '.' + call.entry().name + call.entry().signature();
}

[[noreturn]] void refuse(const running_call& call, const std::string& text) {
  throw Error(errc::invalid_argument, full_signature(call) + ": " + text);
}

[[noreturn]] void refuse_malformed(const running_call& call) { refuse(call, "the arguments are not a list of values"); }

// "2 'b'", or "2" if the method's parameters have no names.
std::string label(const running_call& call, std::size_t index) {
  std::string text = std::to_string(index + 1);
  if (!call.entry().names.empty()) text += " '" + call.entry().names[index] + "'";
  return text;
}

std::string expected_count(const method_shape& shape) {
  if (shape.takes_rest) {
    return std::to_string(shape.required) + (shape.required == 1 ? " argument or more" : " arguments or more");
  }
  if (shape.required == shape.parameters) {
    return std::to_string(shape.parameters) + (shape.parameters == 1 ? " argument" : " arguments");
  }
  return std::to_string(shape.required) + " to " + std::to_string(shape.parameters) + " arguments";
}

[[noreturn]] void refuse_so_many(const running_call& call) {
  refuse(call, "takes " + std::to_string(limits::arguments_max) + " arguments more than its parameters at the most");
}

// The chunks of a HugeData may go to a parameter only.
bool is_stray_huge(const running_call& call, bytes_view encoded) noexcept {
  return encoded == huge_placeholder && call.takes_chunks();
}

[[noreturn]] void refuse_huge(const running_call& call, const std::string& which) {
  refuse(call, "argument " + which + " is a HugeData, which a parameter of that type takes, and no argument_list");
}

void take_positional(const running_call& call, const char*& at, const char* end, std::span<bytes_view> each,
                     argument_intake* more, bool last_of_payload) {
  std::uint64_t count = 0;
  if (!open_container(at, end, false, count)) refuse_malformed(call);
  if (count > each.size() && more == nullptr) {
    refuse(call, "takes " + expected_count(*call.entry().shape) + ", got " + std::to_string(count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    // The last one is the rest of the payload. Its decoder finds its end, so that a large value is read only once.
    const bool rest = last_of_payload && i + 1 == count && i < each.size();
    const char* const behind = rest && at != end ? end : skip_value(at, end);
    if (behind == nullptr) refuse_malformed(call);
    const bytes_view encoded(at, static_cast<std::size_t>(behind - at));
    at = behind;
    if (i < each.size()) {
      each[i] = encoded;
      continue;
    }
    if (more->is_full()) refuse_so_many(call);
    if (is_stray_huge(call, encoded)) refuse_huge(call, std::to_string(i + 1));
    more->add(encoded);
  }
  if (last_of_payload && at != end) refuse_malformed(call);
}

void take_named(const running_call& call, const char* at, const char* end, std::span<bytes_view> each,
                argument_intake* more) {
  const auto& names = call.entry().names;
  std::uint64_t count = 0;
  if (!open_container(at, end, true, count)) refuse_malformed(call);
  for (std::uint64_t i = 0; i < count; ++i) {
    const char* const begin = at;
    std::string_view name;
    if (!read_text(at, end, name)) refuse_malformed(call);
    const char* const behind = skip_value(at, end);
    if (behind == nullptr) refuse_malformed(call);
    if (names.empty() && more == nullptr) {
      refuse(call, "has no named parameters: pass its arguments by position");
    }
    const auto known = names.begin() + static_cast<std::ptrdiff_t>(names.empty() ? 0 : each.size());
    const auto found = std::find(names.begin(), known, name);
    if (found == known && more != nullptr) {
      if (more->is_full()) refuse_so_many(call);
      const bytes_view encoded(at, static_cast<std::size_t>(behind - at));
      if (is_stray_huge(call, encoded)) refuse_huge(call, "'" + std::string(name.substr(0, 64)) + "'");
      more->add_named(bytes_view(begin, static_cast<std::size_t>(behind - begin)),
                      static_cast<std::size_t>(name.data() - begin), static_cast<std::size_t>(at - begin));
      at = behind;
      continue;
    }
    if (found == known) refuse(call, "there is no parameter '" + std::string(name.substr(0, 64)) + "'");
    bytes_view& place = each[static_cast<std::size_t>(found - names.begin())];
    if (!place.empty()) refuse(call, "argument '" + *found + "' is given twice");
    place = bytes_view(at, static_cast<std::size_t>(behind - at));
    at = behind;
  }
  if (at != end) refuse_malformed(call);
  if (more == nullptr) return;
  const std::optional<std::string_view> twice = more->repeated();
  if (twice) refuse(call, "argument '" + std::string(twice->substr(0, 64)) + "' is given twice");
}

void check_complete(const running_call& call, std::span<const bytes_view> each) {
  const method_shape& shape = *call.entry().shape;
  for (std::size_t i = 0; i < shape.required; ++i) {
    if (!each[i].empty()) continue;
    if (call.named_arguments() && !call.entry().names.empty()) {
      refuse(call, "argument " + label(call, i) + " is missing");
    }
    refuse(call, "takes " + expected_count(shape) + ", got " + std::to_string(i));
  }
}

// The part of the decoder's text that says what it found: the tail of "expected int32, got string".
std::string got_what(std::string_view why) {
  const std::size_t at = why.rfind(", got ");
  if (at != std::string_view::npos) return "got " + std::string(why.substr(at + 6));
  return std::string(why);
}

}  // namespace

const char* skip_value(const char* at, const char* end) noexcept {
  // Deep nesting costs nothing here: only the number of values that must still come is kept.
  std::uint64_t to_come = 1;
  while (to_come > 0) {
    if (at == end) return nullptr;
    head h;
    if (!read_head(at, end, h) || h.size > static_cast<std::uint64_t>(end - at)) return nullptr;
    at += h.size;
    to_come += h.inside;
    --to_come;
    // Each value has at least one byte. So more values than bytes cannot come, and the sum cannot overflow.
    if (to_come > static_cast<std::uint64_t>(end - at)) return nullptr;
  }
  return at;
}

void split_arguments(const running_call& call, bytes_view payload, std::span<bytes_view> each, argument_list* rest) {
  std::optional<argument_intake> more;
  if (rest != nullptr) more.emplace(*rest, full_signature(call) + ": ", each.size(), call.reads_strictly);
  argument_intake* const into = more ? &*more : nullptr;
  const char* at = payload.data();
  const char* const end = at + payload.size();
  if (!call.named_arguments()) {
    take_positional(call, at, end, each, into, true);
  } else {
    std::uint64_t count = 0;
    if (!open_container(at, end, false, count) || count != 2) refuse_malformed(call);
    take_positional(call, at, end, each, into, false);
    take_named(call, at, end, each, into);
  }
  check_complete(call, each);
}

void throw_bad_argument(const running_call& call, std::size_t index, bytes_view got, std::string_view why) {
  const bool whole = skip_value(got.data(), got.data() + got.size()) == got.data() + got.size();
  if (!whole) refuse_malformed(call);
  refuse(call, misfit_text("argument " + label(call, index), call.entry().shape->parameter_type(index), why));
}

void throw_bad_item(const running_call& call, bytes_view, std::string_view why) {
  if (why.starts_with("item.") || why.starts_with("item[")) refuse(call, "an " + std::string(why));
  refuse(call, "an item of the stream does not fit, " + got_what(why));
}

}  // namespace gate::detail
