// Reads and writes the frames and bodies of gate-rpc.
#include "common/dialects/gaterpc.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/dialects/foreign_words.hpp"
#include "common/value/msgpack_scan.hpp"

namespace gate::wire::gaterpc {
namespace {

using msgpack_scan::one_text;
using msgpack_scan::take_list;
using msgpack_scan::take_map;
using msgpack_scan::take_value;
using msgpack_scan::text_of;

constexpr std::size_t login_frames = 3;

login login_of(frames_view frames) noexcept { return {true, frames[1], frames[2]}; }

void append_login(frame_list& to, const login& credentials) {
  if (!credentials.given) return;
  to.add(plain_mechanism);
  to.add(credentials.user);
  to.add(credentials.password);
}

// If the frames begin with a login and `needed` frames follow it, removes the login and returns it.
login take_login(frames_view& frames, std::size_t needed) noexcept {
  if (frames.size() < login_frames + needed || frames[0] != plain_mechanism) return {};
  const login credentials = login_of(frames);
  frames = frames.subspan(login_frames);
  return credentials;
}

bool begins(frames_view frames, bytes_view tag) noexcept {
  return frames.size() >= 2 && frames[0].empty() && frames[1] == tag;
}

std::optional<command> command_of(bytes_view frame) noexcept {
  if (frame.size() != 1 || frame[0] < 1 || frame[0] > 5) return std::nullopt;
  return static_cast<command>(frame[0]);
}

// Client id, empty frame, request id, body.
bool read_envelope(frames_view rest, worker_message& m) noexcept {
  if (rest.size() < 4 || !rest[1].empty()) return false;
  m.client_id = rest[0];
  m.request_id = rest[2];
  m.body = rest.subspan(3);
  return true;
}

bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Reads a decimal integer as Python's int() does. A value below 1 counts as 1; a value that is too large is cut to the
// largest one.
std::optional<std::uint32_t> read_capacity(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t value = 0;
  for (const char c : text) value = std::min(value * 10 + static_cast<std::uint64_t>(c - '0'), most);
  return negative || value == 0 ? 1 : static_cast<std::uint32_t>(value);
}

}  // namespace

// --- between client and broker ---------------------------------------------------------------------------------------

std::optional<client_message> read_client_request(frames_view frames) {
  if (!begins(frames, client_tag) || frames.size() < 5) return std::nullopt;
  client_message m;
  m.service = frames[2];
  frames_view rest = frames.subspan(3);
  // A request id may also be "PLAIN". Then the frame that would hold the method behind a login is not a text.
  if (rest.size() >= login_frames + 2 && msgpack_scan::is_text(rest[login_frames + 1])) {
    m.credentials = take_login(rest, 2);
  }
  m.request_id = rest[0];
  m.body = rest.subspan(1);
  return m;
}

std::optional<client_message> read_client_reply(frames_view frames) {
  if (!begins(frames, client_tag) || frames.size() < 5) return std::nullopt;
  client_message m;
  m.service = frames[2];
  m.request_id = frames[3];
  m.body = frames.subspan(4);
  return m;
}

void append(frame_list& to, const client_message& m) {
  to.add({});
  to.add(client_tag);
  to.add(m.service);
  append_login(to, m.credentials);
  to.add(m.request_id);
  for (const bytes_view frame : m.body) to.add(frame);
  to.end_message();
}

// --- between broker and worker ---------------------------------------------------------------------------------------

std::optional<worker_message> read_from_worker(frames_view frames) {
  if (!begins(frames, worker_tag) || frames.size() < 3) return std::nullopt;
  const std::optional<command> what = command_of(frames[2]);
  if (!what) return std::nullopt;
  frames_view rest = frames.subspan(3);
  worker_message m;
  m.what = *what;
  switch (m.what) {
    case command::ready:
      m.credentials = take_login(rest, 1);
      m.body = rest;
      return rest.size() == 1 ? std::optional(m) : std::nullopt;
    case command::reply:
      // With a login, the empty frame comes three frames later.
      if (rest.size() >= login_frames + 4 && rest[login_frames + 1].empty()) m.credentials = take_login(rest, 4);
      return read_envelope(rest, m) ? std::optional(m) : std::nullopt;
    case command::heartbeat:
    case command::disconnect:
      m.credentials = take_login(rest, 0);
      m.body = rest;
      return m;
    case command::request:
      break;  // only a broker sends it
  }
  return std::nullopt;
}

std::optional<worker_message> read_from_broker(frames_view frames) {
  if (!begins(frames, worker_tag) || frames.size() < 3) return std::nullopt;
  const std::optional<command> what = command_of(frames[2]);
  if (!what) return std::nullopt;
  const frames_view rest = frames.subspan(3);
  worker_message m;
  m.what = *what;
  switch (m.what) {
    case command::request:
      return read_envelope(rest, m) ? std::optional(m) : std::nullopt;
    case command::heartbeat:
    case command::disconnect:
      m.body = rest;
      return m;
    case command::ready:
    case command::reply:
      break;  // only a worker sends them
  }
  return std::nullopt;
}

login read_login(peer_role from, frames_view frames) {
  if (from == peer_role::client) {
    const std::optional<client_message> m = read_client_request(frames);
    return m ? m->credentials : login();
  }
  const std::optional<worker_message> m = read_from_worker(frames);
  return m ? m->credentials : login();
}

namespace {

// Appends all frames before the body.
void append_envelope(frame_list& to, const worker_message& m) {
  to.add({});
  to.add(worker_tag);
  to.add(bytes_view(reinterpret_cast<const char*>(&m.what), 1));
  append_login(to, m.credentials);
  if (m.what == command::request || m.what == command::reply) {
    to.add(m.client_id);
    to.add({});
    to.add(m.request_id);
  }
}

}  // namespace

void append(frame_list& to, const worker_message& m) {
  append_envelope(to, m);
  for (const bytes_view frame : m.body) to.add(frame);
  to.end_message();
}

void append(frame_list& to, const worker_message& m, const answer& a) {
  append_envelope(to, m);
  append_body(to, a);
  to.end_message();
}

// The first bytes of a text, at most `size_max`. It does not cut a character in two.
bytes_view begin_of(bytes_view text, std::size_t size_max) noexcept {
  if (text.size() <= size_max) return text;
  while (size_max > 0 && (static_cast<unsigned char>(text[size_max]) & 0xc0) == 0x80) --size_max;
  return text.substr(0, size_max);
}

std::optional<ready> read_ready(bytes_view body) noexcept {
  const std::size_t first = body.find(':');
  if (first == bytes_view::npos) return std::nullopt;
  const std::size_t second = body.find(':', first + 1);
  if (second == bytes_view::npos || body.find(':', second + 1) != bytes_view::npos) return std::nullopt;
  const std::optional<std::uint32_t> capacity = read_capacity(body.substr(second + 1));
  if (!capacity) return std::nullopt;
  const bytes_view description = body.substr(first + 1, second - first - 1);
  return ready{body.substr(0, first), begin_of(description, limits::description_bytes_max), *capacity};
}

std::string compose_ready(const ready& r) {
  std::string body(r.service);
  body += ':';
  const std::size_t description = body.size();
  body += r.description;
  std::replace(body.begin() + static_cast<std::ptrdiff_t>(description), body.end(), ':', ';');
  body += ':';
  body += std::to_string(r.capacity);
  return body;
}

// --- bodies ----------------------------------------------------------------------------------------------------------

std::optional<arguments> read_arguments(frames_view body, std::string_view& why) {
  const auto refused = [&](std::string_view reason) {
    why = reason;
    return std::nullopt;
  };
  if (body.empty() || body.size() > 3) return refused("a request has a function, its args and its kwargs");
  const std::optional<bytes_view> method = one_text(body[0]);
  if (!method || method->empty() || method->size() > limits::name_bytes_max) {
    return refused("the function must be a text of 1 to 255 bytes");
  }
  arguments a{*method, "\x90", {}};
  if (body.size() > 1) {
    if (!msgpack_scan::one_list(body[1])) return refused("args must be a list");
    a.positional = body[1];
  }
  if (body.size() > 2) {
    if (!msgpack_scan::one_named_map(body[2])) return refused("kwargs must be a map with texts for keys");
    bytes_view map = body[2];
    if (*take_map(map) != 0) a.named = body[2];
  }
  return a;
}

namespace {

// False if a Python worker would drop the request without an answer and never free its slot.
bool takes_names(bytes_view named) {
  if (!msgpack_scan::one_named_map(named, msgpack_scan::reader::python)) return false;
  for (std::uint32_t left = *take_map(named); left > 0; --left) {
    if (text_of(*take_value(named))->starts_with("__")) return false;
    take_value(named);
  }
  return true;
}

}  // namespace

std::optional<arguments> arguments_of(const message& request, refusal& why) {
  const auto refused = [&](errc status, std::string_view text) {
    why = {status, text};
    return std::nullopt;
  };
  if (request.has(message_flag::client_stream)) {
    return refused(errc::unsupported, "a gate-rpc worker takes no stream of items");
  }
  if (!msgpack_scan::valid_utf8(request.method)) {
    return refused(errc::no_method, "a method of gate-rpc has a name in UTF-8");
  }
  arguments a{request.method, "\x90", {}};
  if (request.payload.frames() > 0) a.positional = value_of(request);
  if (request.has(message_flag::named)) {
    bytes_view both = a.positional;
    if (take_list(both) != 2) return refused(errc::invalid_argument, "the named arguments are malformed");
    const std::optional<bytes_view> first =
        take_value(both, msgpack_scan::reader::ours, msgpack_scan::depth_with_values);
    if (!first) return refused(errc::invalid_argument, "the positional arguments are malformed");
    a.positional = *first;
    a.named = both;
  }
  if (!msgpack_scan::one_list(a.positional, msgpack_scan::reader::python)) {
    return refused(errc::invalid_argument, "a gate-rpc worker cannot unpack the arguments");
  }
  if (request.has(message_flag::named) && !takes_names(a.named)) {
    return refused(errc::invalid_argument,
                   "for a gate-rpc worker the names of named arguments must be texts that do not begin with __");
  }
  return a;
}

bytes_view clipped(bytes_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

message failure_of(call_id call, const exception& thrown) {
  message m = error_of(call, errc::failed, clipped(thrown.text, limits::error_text_bytes_max));
  m.remote_type = clipped(thrown.type, limits::name_bytes_max);
  if (!thrown.traceback.empty()) m.payload = thrown.traceback;
  return m;
}

namespace {

bool is_falsy(bytes_view value) noexcept {
  if (value == "\xc0" || value == "\xc2" || value == bytes_view("\0", 1)) return true;
  if (const auto text = text_of(value)) return text->empty();
  if (const auto raw = msgpack_scan::binary_of(value)) return raw->empty();
  bytes_view rest = value;
  const auto size = msgpack_scan::is_list(value) ? take_list(rest) : take_map(rest);
  return size && *size == 0;
}

// Reads an exception: three texts, or one text as some older peers send it.
std::optional<exception> read_exception(bytes_view value) {
  if (const auto text = text_of(value)) return exception{{}, *text, {}};
  std::array<bytes_view, 3> texts;
  if (take_list(value) != texts.size()) return std::nullopt;
  for (bytes_view& text : texts) {
    const auto element = take_value(value);
    const auto content = element ? text_of(*element) : std::nullopt;
    if (!content) return std::nullopt;
    text = *content;
  }
  return exception{texts[0], texts[1], texts[2]};
}

// Reads a map with `result` and `exception`. Either may be missing, and other keys may be there.
std::optional<answer> read_single(bytes_view body) {
  constexpr std::size_t depth_max = msgpack_scan::depth_with_values;
  if (!msgpack_scan::is_map(body) || !msgpack_scan::one_value(body, msgpack_scan::reader::ours, depth_max)) {
    return std::nullopt;
  }
  answer a{answer::kind::result, "\xc0", {}};
  bytes_view thrown = "\xc0";
  for (std::uint32_t left = *take_map(body); left > 0; --left) {
    const bytes_view key = *take_value(body);
    const bytes_view value = *take_value(body);
    if (text_of(key) == bytes_view("result")) a.content = value;
    if (text_of(key) == bytes_view("exception")) thrown = value;
  }
  if (is_falsy(thrown)) return a;
  const std::optional<exception> e = read_exception(thrown);
  if (!e) return std::nullopt;
  return answer{answer::kind::failure, {}, *e};
}

std::optional<answer> read_streamed(frames_view body, answer::kind item, answer::kind failure) {
  if (body.size() == 3 && body[1] == exception_tag) {
    if (!msgpack_scan::one_value(body[2])) return std::nullopt;
    const std::optional<exception> e = read_exception(body[2]);
    if (!e) return std::nullopt;
    return answer{failure, {}, *e};
  }
  if (body.size() != 2) return std::nullopt;
  return answer{item, body[1], {}};
}

}  // namespace

answer::kind failure_in(answer_form form) noexcept {
  if (form == answer_form::single) return answer::kind::failure;
  return form == answer_form::generator ? answer::kind::item_failure : answer::kind::huge_failure;
}

std::array<bytes_view, 2> unmistakable(bytes_view chunk) noexcept {
  if (chunk != huge_end_tag && chunk != exception_tag) return {chunk, {}};
  return {chunk.substr(0, 1), chunk.substr(1)};
}

std::optional<answer> read_answer(frames_view body) {
  using kind = answer::kind;
  if (body.empty()) return std::nullopt;
  if (body.size() == 1) return read_single(body[0]);
  if (body[0] == generator_tag) {
    if (body.size() == 2 && body[1] == generator_end_tag) return answer{kind::end, {}, {}};
    const std::optional<answer> a = read_streamed(body, kind::item, kind::item_failure);
    return a && (a->what != kind::item || msgpack_scan::one_value(a->content)) ? a : std::nullopt;
  }
  if (body[0] != huge_tag) return std::nullopt;
  if (body.size() == 2 && body[1] == huge_end_tag) return answer{kind::huge_end, {}, {}};
  return read_streamed(body, kind::chunk, kind::huge_failure);
}

namespace {

// Makes a text that a strict reader accepts: if it is not UTF-8, each byte above 127 becomes a question mark.
std::string clean(std::string_view text) {
  std::string cleaned(text);
  if (msgpack_scan::valid_utf8(text)) return cleaned;
  for (char& c : cleaned) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return cleaned;
}

void append_exception(std::string& to, const exception& e) {
  append_list_header(to, 3);
  for (const bytes_view text : {e.type, e.text, e.traceback}) encode_to(to, clean(text));
}

void add_exception(frame_list& to, const exception& e) {
  append_exception(to.open(), e);
  to.close();
}

}  // namespace

void append_body(frame_list& to, const answer& a) {
  using kind = answer::kind;
  constexpr bytes_view map_of_two_result = "\x82\xa6result";
  constexpr bytes_view and_exception =
      "\xa9"
      "exception";
  switch (a.what) {
    case kind::result:
      to.open().append(map_of_two_result).append(a.content).append(and_exception).append("\xc0");
      return to.close();
    case kind::failure:
      to.open().append(map_of_two_result).append("\xc0").append(and_exception);
      return add_exception(to, a.thrown);
    case kind::item:
      to.add(generator_tag);
      return to.add(a.content);
    case kind::end:
      to.add(generator_tag);
      return to.add(generator_end_tag);
    case kind::chunk:
      to.add(huge_tag);
      return to.add(a.content);
    case kind::huge_end:
      to.add(huge_tag);
      return to.add(huge_end_tag);
    case kind::item_failure:
    case kind::huge_failure:
      to.add(a.what == kind::item_failure ? generator_tag : huge_tag);
      to.add(exception_tag);
      return add_exception(to, a.thrown);
  }
}

// --- recognition -----------------------------------------------------------------------------------------------------

bool recognises(frames_view frames) {
  if (begins(frames, worker_tag)) {
    const std::optional<worker_message> m = read_from_worker(frames);
    return m && m->what == command::ready && read_ready(m->body[0]);
  }
  const std::optional<client_message> m = read_client_request(frames);
  std::string_view why;
  return m && read_arguments(m->body, why).has_value();
}

bool recognises_old(frames_view frames) noexcept {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  if (begins(frames, worker_tag)) {
    // In its READY, the worker's id is followed by the service. In its other messages the id stands alone and has no
    // colon.
    if (frames.size() < 4 || frames[2].size() != 1 || !frames[3].starts_with("gw-")) return false;
    return frames[2][0] == static_cast<char>(command::ready) ? frames.size() >= 5
                                                             : frames[3].find(':') == bytes_view::npos;
  }
  return begins(frames, client_tag) && frames.size() >= 5 && frames[3].starts_with("gc-") && frames[4].size() == 32 &&
         std::all_of(frames[4].begin(), frames[4].end(), is_hex);
}

}  // namespace gate::wire::gaterpc
