#include "cli/commands/upload.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include <gate/argument_list.hpp>
#include <gate/error.hpp>
#include <gate/generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/limits.hpp>

#include "cli/context/json.hpp"
#include "cli/context/outcome.hpp"
#include "cli/context/reports.hpp"

namespace gate::cli {
namespace {

constexpr std::size_t piece_bytes = 256u << 10;
constexpr std::uint64_t value_bytes_max = std::numeric_limits<std::uint32_t>::max();

// Returns the header of a text or bytes value.
std::string head_of(content as, std::uint64_t size) {
  std::string head;
  if (as == content::text) {
    gate::detail::string_sink sink(head);
    gate::detail::packer(sink).pack_str(static_cast<std::uint32_t>(size));
  } else {
    append_bytes_header(head, static_cast<std::uint32_t>(size));
  }
  return head;
}

value json_in(const input& from, const std::string& text, const std::string& type) {
  const std::string wanted = type.empty() ? "" : ": JSON of its type, " + type + ", is wanted (as text: @text:FILE)";
  try {
    return to_value(json::parse(text));
  } catch (const json::parse_error& e) {
    throw usage_error(from.label() + " holds no JSON (see byte " + std::to_string(e.byte) + ")" + wanted);
  } catch (const json::exception&) {
    throw usage_error(from.label() + " holds a number beyond what float64 holds");
  } catch (const json_error& e) {
    throw usage_error(from.label() + ": " + e.what());
  }
}

value decoded(std::string encoded) {
  auto decoded = value::decode(std::move(encoded));
  if (!decoded) throw usage_error(std::string(to_string(decoded.error())));
  return std::move(*decoded);
}

// A part of the encoded arguments: bytes in memory, or the bytes of an input.
struct piece {
  std::string text;
  input_ptr from;
};

generator<std::string> pieces_of(std::vector<piece> pieces) {
  for (piece& p : pieces) {
    if (!p.from) {
      co_yield p.text;
      continue;
    }
    for (;;) {
      std::string some = p.from->read(piece_bytes);
      if (some.empty()) break;
      co_yield some;
    }
  }
}

HugeData data_of(std::vector<piece> pieces) {
  huge_options options;
  std::uint64_t total = 0;
  bool known = true;
  for (const piece& p : pieces) {
    known = known && (!p.from || p.from->size());
    total += p.from ? p.from->size().value_or(0) : p.text.size();
  }
  if (known) options.total = total;
  return HugeData::from_chunks(pieces_of(std::move(pieces)), std::move(options));
}

}  // namespace

upload::upload(std::vector<argument> given) : typed_(given) {
  for (argument& each : given) {
    part p;
    if (each.literal) {
      p.encoded = encode(*each.literal);
    } else {
      p.from = std::make_shared<input>(each.file);
    }
    p.given = std::move(each);
    parts_.push_back(std::move(p));
  }
}

upload::~upload() {
  for (const part& p : parts_) {
    if (p.from) p.from->stop();
  }
}

bool upload::needs_types() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const part& p) { return p.from && p.given.as == content::unsaid; });
}

bool upload::is_streamed() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(), [](const part& p) { return p.from != nullptr; });
}

void upload::prepare(const method_line* method, bool chunks) {
  std::size_t position = 0;
  for (part& p : parts_) prepare(p, method, position++, chunks);
}

void upload::prepare(part& p, const method_line* method, std::size_t position, bool chunks) {
  if (!p.from) return;
  const std::string type = method == nullptr ? std::string() : type_of(*method, p.given, position);
  p.as = p.given.as == content::unsaid ? content_of(type) : p.given.as;
  if (p.as == content::huge && chunks) return;
  if (p.as == content::huge) p.as = content::bytes;
  guessed_ = guessed_ || p.as == content::unsaid;
  if (p.as == content::json) {
    const std::optional<std::string> text = p.from->read_whole(json_bytes_max);
    if (!text) throw usage_error(p.from->label() + " is too large: JSON may have 64 MiB at most");
    p.encoded = encode(json_in(*p.from, *text, type));
    p.from.reset();
    return;
  }
  const std::size_t held_max = chunks ? limits::huge_threshold : limits::payload_bytes_max;
  if (std::optional<std::string> all = p.from->read_whole(held_max)) {
    p.encoded = head_of(p.as, all->size()) + *all;
    p.from.reset();
    return;
  }
  if (!chunks) throw usage_error(p.from->label() + " is larger than a gate-rpc broker takes in one request (16 MiB)");
  p.from->keep(value_bytes_max);
  p.encoded = head_of(p.as, *p.from->size());
}

bool upload::collect() {
  std::uint64_t total = 0;
  for (const part& p : parts_) {
    if (p.from && (p.as == content::huge || !p.from->size())) return false;
    total += p.encoded.size() + (p.from ? *p.from->size() : 0);
  }
  if (!is_streamed() || total > limits::payload_bytes_max) return false;
  for (part& p : parts_) {
    if (!p.from) continue;
    p.encoded += p.from->again()->read_whole(limits::payload_bytes_max).value_or(std::string());
    p.from.reset();
  }
  return true;
}

PendingCall upload::call(const Method& method) {
  std::optional<std::size_t> huge;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].from || parts_[i].as != content::huge) continue;
    if (huge) throw usage_error("a call takes one HugeData: @bytes: or @text: for the other file");
    huge = i;
  }
  if (huge) return call_with_huge(method, *huge);
  if (is_streamed()) return call_encoded(method);
  argument_list all;
  for (const part& p : parts_) {
    if (p.given.name.empty()) {
      all.add(decoded(p.encoded));
    } else {
      all.add_named(p.given.name, decoded(p.encoded));
    }
  }
  return method.apply(all);
}

PendingCall upload::call_with_huge(const Method& method, std::size_t place) {
  argument_list all;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    part& p = parts_[i];
    const bool named = !p.given.name.empty();
    if (i == place) {
      named ? all.add_named_huge(p.given.name) : all.add_huge();
      continue;
    }
    if (p.from) {  // it is sent whole, in the request
      const std::optional<std::string> rest = p.from->read_whole(limits::payload_bytes_max);
      if (!rest) throw usage_error(p.from->label() + " is too large beside a HugeData argument (16 MiB at most)");
      p.encoded += *rest;
      p.from.reset();
    }
    named ? all.add_named(p.given.name, decoded(p.encoded)) : all.add(decoded(p.encoded));
  }
  piece content;
  content.from = parts_[place].from;
  std::vector<piece> pieces;
  pieces.push_back(std::move(content));
  return method.apply(all, data_of(std::move(pieces)));
}

// A list; if there are names, a list of a list and a map. argument_list encodes arguments in the same way.
PendingCall upload::call_encoded(const Method& method) {
  const auto by_name = [](const part& p) { return !p.given.name.empty(); };
  const auto names = static_cast<std::uint32_t>(std::count_if(parts_.begin(), parts_.end(), by_name));
  const std::uint32_t positions = static_cast<std::uint32_t>(parts_.size()) - names;
  std::vector<piece> pieces(1);
  if (names > 0) append_list_header(pieces.back().text, 2);
  append_list_header(pieces.back().text, positions);
  std::uint32_t count = 0;
  for (const part& p : parts_) {
    if (count++ == positions) append_map_header(pieces.back().text, names);
    if (by_name(p)) encode_to(pieces.back().text, p.given.name);
    pieces.back().text += p.encoded;
    if (!p.from) continue;
    piece body;
    body.from = p.from;
    pieces.push_back(std::move(body));
    pieces.emplace_back();
  }
  return method.apply_encoded(data_of(std::move(pieces)), names > 0);
}

}  // namespace gate::cli
