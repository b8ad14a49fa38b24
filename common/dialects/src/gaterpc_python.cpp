// Texts in Python's form: class names of exceptions, texts as repr() writes them, signatures.
#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/dialects/gaterpc.hpp"
#include "common/value/msgpack_scan.hpp"

namespace gate::wire::gaterpc {
namespace {

// Names the Python class if there is one, otherwise the class of gate-rpc. The rest have new names in that style.
constexpr std::array<std::string_view, errc_max + 1> classes{
    "Error",                    // ok: never an error
    "CancelledError",           // cancelled
    "TimeoutError",             // timed_out
    "TypeError",                // invalid_argument
    "AttributeError",           // no_method
    "Exception",                // failed, if the type is not known
    "ServiceUnAvailableError",  // unavailable
    "BusyWorkerError",          // busy
    "WorkerLostError",          // worker_lost
    "TooLargeError",            // too_large
    "ProtocolError",            // protocol_error
    "NotImplementedError",      // unsupported
    "AuthenticationError",      // unauthenticated
    "PermissionError",          // permission_denied
    "TooSlowError",             // too_slow
    "InternalError",            // internal
    "DataLossError",            // data_loss
};

void append_escaped(std::string& to, char c, char quote) {
  constexpr std::string_view hex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\\' || c == quote) {
    to += '\\';
    to += c;
  } else if (c == '\n') {
    to += "\\n";
  } else if (c == '\r') {
    to += "\\r";
  } else if (c == '\t') {
    to += "\\t";
  } else if (byte < 0x20 || byte == 0x7f) {
    to += "\\x";
    to += hex[byte >> 4];
    to += hex[byte & 15];
  } else {
    to += c;
  }
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Finds the first character of `ends` that is outside of brackets and quotes.
std::size_t find_outside(std::string_view text, std::string_view ends) noexcept {
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (depth == 0 && ends.find(c) != std::string_view::npos) {
      return i;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    }
  }
  return std::string_view::npos;
}

// Reads one of "n", "n=100", "n: int", "n: int = 100", "*args".
parameter_info read_parameter(std::string_view text) {
  const std::size_t name_end = find_outside(text, ":=");
  parameter_info p;
  p.name = std::string(trimmed(text.substr(0, name_end)));
  if (name_end != std::string_view::npos && text[name_end] == ':') {
    const std::string_view rest = text.substr(name_end + 1);
    p.type = std::string(trimmed(rest.substr(0, find_outside(rest, "="))));
  }
  return p;
}

// Reads the "/" behind parameters without names. signature_of() has invented names for them, which are removed here.
void drop_made_up_names(std::vector<parameter_info>& parameters) {
  const auto made_up = [](const parameter_info& p) {
    return p.name.size() > 1 && p.name[0] == '_' && p.name.find_first_not_of("0123456789", 1) == std::string::npos;
  };
  if (parameters.empty() || !std::all_of(parameters.begin(), parameters.end() - 1, made_up)) return;
  parameters.pop_back();
  for (parameter_info& p : parameters) p.name.clear();
}

// Reads "(n: int = 100, *args) -> str". A text of another form is ignored.
void read_signature(std::string_view text, method_descriptor& into) {
  constexpr std::size_t parameters_max = 255;
  if (!text.starts_with('(')) return;
  text.remove_prefix(1);
  const std::size_t close = find_outside(text, ")");
  if (close == std::string_view::npos) return;
  const std::string_view result = trimmed(text.substr(close + 1));
  if (result.starts_with("->")) into.result = std::string(trimmed(result.substr(2)));
  std::string_view list = text.substr(0, close);
  while (!list.empty() && into.parameters.size() < parameters_max) {
    const std::size_t comma = find_outside(list, ",");
    parameter_info p = read_parameter(list.substr(0, comma));
    if (!p.name.empty() && p.name.size() <= limits::name_bytes_max && p.type.size() <= limits::name_bytes_max) {
      into.parameters.push_back(std::move(p));
      if (into.parameters.back().name == "/") drop_made_up_names(into.parameters);
    }
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  if (into.result.size() > limits::name_bytes_max) into.result.clear();
}

// Writes "optional[list[string]]" for "optional<list<string>>". A type that is not valid as an annotation becomes a
// Python string.
std::string annotation_of(std::string_view type) {
  if (type == "nil") return "None";
  constexpr std::string_view others = "_.,<>";
  const bool plain = std::all_of(type.begin(), type.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           others.find(c) != std::string_view::npos;
  });
  if (!plain) {
    std::string text = "'";
    for (const char c : type) append_escaped(text, c, '\'');
    return text + '\'';
  }
  std::string text;
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (type.substr(i).starts_with("<>")) {
      ++i;
    } else {
      text += type[i] == '<' ? '[' : type[i] == '>' ? ']' : type[i];
    }
  }
  return text;
}

bool takes_rest(const parameter_info& p) noexcept { return p.name.starts_with('*'); }

void append_interface(std::string& to, std::string_view name, std::string_view doc, std::string_view signature) {
  encode_to(to, name);
  append_map_header(to, 2);
  encode_to(to, std::string_view("doc"));
  if (doc.empty()) {
    to += encode_nil();
  } else {
    encode_to(to, doc);
  }
  encode_to(to, std::string_view("signature"));
  encode_to(to, signature);
}

}  // namespace

std::string signature_of(const method_descriptor& m) {
  std::vector<parameter_info> all;  // in Python's order: *args and **kwargs at the end
  std::copy_if(m.parameters.begin(), m.parameters.end(), std::back_inserter(all), std::not_fn(takes_rest));
  const std::size_t fixed = all.size();
  std::copy_if(m.parameters.begin(), m.parameters.end(), std::back_inserter(all), takes_rest);
  std::size_t unnamed = 0, required = 0;
  for (std::size_t i = 0; i < fixed; ++i) {
    if (all[i].name.empty()) unnamed = i + 1;
    if (!all[i].type.starts_with("optional<")) required = i + 1;
  }
  std::string text = "(";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const parameter_info& p = all[i];
    if (text.size() > 1) text += ", ";
    text += p.name.empty() ? "_" + std::to_string(i + 1) : p.name;
    if (!p.type.empty() && !(takes_rest(p) && p.type == "any")) text += ": " + annotation_of(p.type);
    if (i < fixed && i >= required) text += " = None";
    if (i + 1 == unnamed) text += ", /";
  }
  text += ')';
  if (!m.result.empty()) text += " -> " + annotation_of(m.result);
  return text;
}

std::string interfaces_of(const std::vector<method_descriptor>& methods) {
  std::string map;
  append_map_header(map, static_cast<std::uint32_t>(methods.size() + 1));
  for (const method_descriptor& m : methods) append_interface(map, m.name, m.doc, signature_of(m));
  append_interface(map, interfaces_method, "The methods of this worker", "()");
  return map;
}

std::string_view class_of(errc status) noexcept { return classes[static_cast<std::size_t>(status)]; }

errc status_of(std::string_view type) noexcept {
  // Only the names that a method does not raise itself. A TimeoutError of a method says nothing about the call.
  if (type == "ServiceUnAvailableError" || type == "GateUnAvailableError") return errc::unavailable;
  if (type == "BusyWorkerError" || type == "BusyGateError") return errc::busy;
  for (const errc status : {errc::worker_lost, errc::too_large, errc::protocol_error, errc::unauthenticated,
                            errc::too_slow, errc::internal}) {
    if (type == class_of(status)) return status;
  }
  return errc::failed;
}

std::string represent(std::string_view type, std::string_view text) {
  if (text.size() > type.size() + 1 && text.starts_with(type) && text[type.size()] == '(' && text.ends_with(')')) {
    return std::string(text);
  }
  const bool apostrophe = text.find('\'') != std::string_view::npos;
  const char quote = apostrophe && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string shown(type);
  shown += '(';
  shown += quote;
  for (const char c : text) append_escaped(shown, c, quote);
  shown += quote;
  shown += ')';
  return shown;
}

std::optional<std::vector<method_descriptor>> read_interfaces(bytes_view result) {
  using msgpack_scan::take_map;
  using msgpack_scan::take_value;
  using msgpack_scan::text_of;
  if (!msgpack_scan::one_named_map(result)) return std::nullopt;
  std::vector<method_descriptor> methods;
  for (std::uint32_t left = *take_map(result); left > 0 && methods.size() < limits::methods_max; --left) {
    method_descriptor m;
    const bytes_view name = *text_of(*take_value(result));
    bytes_view about = *take_value(result);
    if (name.empty() || name.size() > limits::name_bytes_max) continue;
    m.name = std::string(name);
    const std::optional<std::uint32_t> facts = take_map(about);
    for (std::uint32_t more = facts.value_or(0); more > 0; --more) {
      const std::optional<bytes_view> key = text_of(*take_value(about));
      const std::optional<bytes_view> said = text_of(*take_value(about));
      if (key == bytes_view("doc") && said) m.doc = std::string(said->substr(0, limits::error_text_bytes_max));
      if (key == bytes_view("signature") && said) read_signature(*said, m);
    }
    methods.push_back(std::move(m));
  }
  return methods;
}

}  // namespace gate::wire::gaterpc
