#include "broker/security/zap.hpp"

#include <algorithm>

namespace gate::security::zap {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t value_bytes_max = 1u << 16;

bool is_short(bytes_view text) noexcept { return text.size() <= text_bytes_max; }

void put_property(std::string& to, std::string_view name, std::string_view value) {
  to += static_cast<char>(name.size());
  to += name;
  for (unsigned shift = 32; shift > 0;) {
    shift -= 8;
    to += static_cast<char>(value.size() >> shift & 0xff);
  }
  to += value;
}

// Reads one property. False if there is no valid one.
bool take_property(bytes_view& raw, bytes_view& name, bytes_view& value) noexcept {
  const std::size_t name_size = static_cast<unsigned char>(raw.front());
  raw.remove_prefix(1);
  if (name_size == 0 || raw.size() < name_size + 4) return false;
  name = raw.substr(0, name_size);
  raw.remove_prefix(name_size);
  std::size_t value_size = 0;
  for (std::size_t i = 0; i < 4; ++i) value_size = value_size << 8 | static_cast<unsigned char>(raw[i]);
  raw.remove_prefix(4);
  if (raw.size() < value_size) return false;
  value = raw.substr(0, value_size);
  raw.remove_prefix(value_size);
  return true;
}

bool is_metadata(bytes_view raw) noexcept {
  while (!raw.empty()) {
    bytes_view name, value;
    if (!take_property(raw, name, value)) return false;
  }
  return true;
}

std::optional<status> parse_status(bytes_view text) noexcept {
  for (const status s : {status::ok, status::temporary, status::refused, status::internal}) {
    if (text == std::to_string(static_cast<unsigned>(s))) return s;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(mechanism m) noexcept {
  switch (m) {
    case mechanism::null:
      return "NULL";
    case mechanism::plain:
      return "PLAIN";
    case mechanism::curve:
      return "CURVE";
  }
  return "";
}

parsed_request parse_request(frames_view message) noexcept {
  parsed_request result;
  const auto wrong = [&](std::string_view why) {
    result.why = why;
    return result;
  };
  const auto delimiter = std::find_if(message.begin(), message.end(), [](bytes_view f) { return f.empty(); });
  const auto envelope_size = static_cast<std::size_t>(delimiter - message.begin()) + 1;
  if (delimiter == message.end() || envelope_size > envelope_frames_max) return wrong("there is no empty frame");
  const frames_view body = message.subspan(envelope_size);
  if (body.size() < 2 || !is_short(body[1])) return wrong("there is no request id");
  result.envelope = message.first(envelope_size);
  result.id = body[1];
  result.can_be_answered = true;
  if (body[0] != version) return wrong("the version is not 1.0");
  if (body.size() < 6) return wrong("a request has at least 6 frames");
  if (!std::all_of(body.begin() + 2, body.begin() + 6, is_short)) return wrong("a field is too long");
  request r;
  r.envelope = result.envelope;
  r.id = body[1];
  r.domain = body[2];
  r.address = body[3];
  r.identity = body[4];
  const frames_view credentials = body.subspan(6);
  if (body[5] == "NULL") {
    if (!credentials.empty()) return wrong("NULL has no credentials");
  } else if (body[5] == "PLAIN") {
    if (credentials.size() != 2) return wrong("PLAIN has a user and a password");
    if (!is_short(credentials[0]) || !is_short(credentials[1])) return wrong("a field is too long");
    r.how = mechanism::plain;
    r.user = credentials[0];
    r.password = credentials[1];
  } else if (body[5] == "CURVE") {
    if (credentials.size() != 1 || credentials[0].size() != key_bytes) return wrong("CURVE has a key of 32 bytes");
    r.how = mechanism::curve;
    r.key = credentials[0];
  } else {
    return wrong("the mechanism is not known");
  }
  result.valid = r;
  return result;
}

frames compose_reply(frames_view envelope, bytes_view id, status code, std::string_view text, std::string_view user_id,
                     properties metadata) {
  const bool fits = is_short(user_id) && std::all_of(metadata.begin(), metadata.end(), [](const auto& p) {
                      return !p.first.empty() && is_short(p.first) && p.second.size() <= value_bytes_max;
                    });
  if (code == status::ok && !fits) {
    code = status::internal;
    text = "the user id or the metadata does not fit into a reply";
  }
  frames out(envelope.begin(), envelope.end());
  out.emplace_back(version);
  out.emplace_back(id);
  out.push_back(std::to_string(static_cast<unsigned>(code)));
  out.emplace_back(text.substr(0, text_bytes_max));
  std::string raw;
  if (code == status::ok) {
    for (const auto& [name, value] : metadata) put_property(raw, name, value);
  }
  out.emplace_back(code == status::ok ? user_id : std::string_view());
  out.push_back(std::move(raw));
  return out;
}

frames compose_request(const request& what) {
  frames out{"", std::string(version)};
  out.reserve(9);  // without a reallocation, which would leave copies of the password behind
  for (const bytes_view field : {what.id, what.domain, what.address, what.identity}) out.emplace_back(field);
  out.emplace_back(to_string(what.how));
  if (what.how == mechanism::plain) {
    out.emplace_back(what.user);
    out.emplace_back(what.password);
  } else if (what.how == mechanism::curve) {
    out.emplace_back(what.key);
  }
  return out;
}

std::optional<reply> parse_reply(frames_view message) noexcept {
  if (message.size() != 7 || !message[0].empty() || message[1] != version) return std::nullopt;
  if (!std::all_of(message.begin() + 2, message.begin() + 6, is_short)) return std::nullopt;
  const auto code = parse_status(message[3]);
  if (!code || !is_metadata(message[6])) return std::nullopt;
  return reply{message[2], *code, message[4], *code == status::ok ? message[5] : bytes_view(), message[6]};
}

std::optional<std::vector<std::pair<bytes_view, bytes_view>>> parse_metadata(bytes_view raw) {
  std::vector<std::pair<bytes_view, bytes_view>> found;
  while (!raw.empty()) {
    bytes_view name, value;
    if (!take_property(raw, name, value)) return std::nullopt;
    found.emplace_back(name, value);
  }
  return found;
}

}  // namespace gate::security::zap
