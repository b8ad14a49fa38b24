// Converts between Majordomo bodies, which have no meaning for Majordomo, and calls with a method, arguments and a
// result.
#include <algorithm>

#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/base/text_memory.hpp"
#include "common/dialects/mdp.hpp"
#include "common/value/msgpack_scan.hpp"

namespace gate::wire::mdp {
namespace {

using msgpack_scan::binary_of;
using msgpack_scan::take_list;
using msgpack_scan::take_value;
using msgpack_scan::text_of;

constexpr bytes_view no_bytes = "";

bool is_name(bytes_view text) noexcept {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.'; };
  return !text.empty() && text.size() <= limits::name_bytes_max && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), inner);
}

bool calls_a_method(frames_view body) {
  return (body.size() == 2 || body.size() == 3) && is_name(body[0]) && body[0] != body_method &&
         msgpack_scan::one_list(body[1]) && (body.size() == 2 || msgpack_scan::one_named_map(body[2]));
}

void append_binary(std::string& to, bytes_view raw) {
  detail::string_sink sink(to);
  detail::packer packer(sink);
  const auto size = static_cast<std::uint32_t>(raw.size());
  packer.pack_bin(size);
  packer.pack_bin_body(raw.data(), size);
}

void append_binaries(std::string& to, frames_view body) {
  append_list_header(to, static_cast<std::uint32_t>(body.size()));
  for (const bytes_view frame : body) append_binary(to, frame);
}

// Reads a list of binaries (and of texts, if `texts_too`) into `body`. The list may have as many as a message may have
// frames.
bool take_bytes(bytes_view list, bool texts_too, std::vector<bytes_view>& body) {
  const std::optional<std::uint32_t> size = take_list(list);
  if (!size || *size > limits::frames_max) return false;
  for (std::uint32_t left = *size; left > 0; --left) {
    const std::optional<bytes_view> element = take_value(list);
    if (!element) return false;
    std::optional<bytes_view> raw = binary_of(*element);
    if (!raw && texts_too) raw = text_of(*element);
    if (!raw) return false;
    body.push_back(*raw);
  }
  return list.empty();
}

}  // namespace

std::string_view to_string(fault f) noexcept {
  switch (f) {
    case fault::header:
      return "the peer changed its dialect";
    case fault::too_short:
      return "a Majordomo message lacks frames";
    case fault::too_long:
      return "a Majordomo message has too many frames";
    case fault::unknown:
      return "an unknown Majordomo command";
    case fault::delimiter:
      return "no empty frame behind the client's address";
    case fault::service:
      return "a service's name has 1 to 255 bytes";
  }
  return "unknown";
}

call_view read_call(frames_view body, std::string& scratch) {
  if (calls_a_method(body)) {
    if (body.size() == 2) return {body[0], body[1], false};
    clear_for_reuse(scratch);
    scratch.append("\x92").append(body[1]).append(body[2]);
    return {body[0], scratch, true};
  }
  clear_for_reuse(scratch);
  append_binaries(scratch, body);
  return {body_method, scratch, false};
}

std::string_view compose_call(const message& request, std::vector<bytes_view>& body) {
  body.clear();
  bytes_view positional = request.payload.frames() == 0 ? bytes_view("\x90") : request.payload.single();
  bytes_view named;
  if (request.has(message_flag::named)) {
    bytes_view both = positional;
    const bool pair = take_list(both) == 2u;
    const std::optional<bytes_view> first =
        pair ? take_value(both, msgpack_scan::reader::ours, msgpack_scan::depth_with_values) : std::nullopt;
    if (!first || !msgpack_scan::one_named_map(both)) return "the named arguments are malformed";
    positional = *first;
    named = both;
  }
  if (!msgpack_scan::one_list(positional)) return "the arguments are malformed";
  if (request.method == body_method) {
    const bool no_names = named.empty() || *msgpack_scan::take_map(named) == 0;
    if (!no_names || !take_bytes(positional, true, body)) {
      return "'call' of a Majordomo worker takes up to 64 arguments, each bytes or a text, and no named ones";
    }
    if (body.empty()) body.push_back(no_bytes);
    return {};
  }
  body.push_back(request.method);
  body.push_back(positional);
  if (!named.empty()) body.push_back(named);
  return {};
}

bytes_view read_result(frames_view body, std::string& scratch) {
  clear_for_reuse(scratch);
  if (body.size() == 1) {
    append_binary(scratch, body[0]);
  } else {
    append_binaries(scratch, body);
  }
  return scratch;
}

void compose_result(bytes_view value, std::vector<bytes_view>& body) {
  if (value.empty() || value == "\xc0") return body.push_back(no_bytes);
  const std::size_t before = body.size();
  if (msgpack_scan::is_list(value) && take_bytes(value, false, body)) {
    if (body.size() - before >= 2) return;
  }
  body.resize(before);
  if (msgpack_scan::one_value(value)) {
    if (const auto raw = binary_of(value)) return body.push_back(*raw);
    if (const auto text = text_of(value)) return body.push_back(*text);
  }
  body.push_back(value);
}

}  // namespace gate::wire::mdp
