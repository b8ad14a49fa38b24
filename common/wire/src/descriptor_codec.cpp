#include "common/wire/descriptor_codec.hpp"

#include <gate/limits.hpp>
#include <gate/value.hpp>

namespace gate {
namespace {

constexpr std::size_t parameters_max = 255;
constexpr std::size_t labels_max = 255;

std::string_view text_of(const msgpack::object& o) { return detail::text(o); }

std::string name_of(const msgpack::object& o) {
  const std::string_view name = text_of(o);
  detail::require(name.size() <= limits::name_bytes_max);
  return std::string(name);
}

std::string description_of(const msgpack::object& o) {
  const std::string_view text = text_of(o);
  detail::require(text.size() <= limits::description_bytes_max);
  return std::string(text);
}

// Calls `take(key, value)` for each entry with a text key.
template <class Take> void each_entry(const msgpack::object& o, Take take) {
  detail::require(o.type == msgpack::type::MAP);
  for (std::uint32_t i = 0; i < o.via.map.size; ++i) {
    const msgpack::object_kv& entry = o.via.map.ptr[i];
    if (entry.key.type == msgpack::type::STR) take(text_of(entry.key), entry.val);
  }
}

template <class Take> void each_element(const msgpack::object& o, std::size_t count_max, Take take) {
  detail::require(o.type == msgpack::type::ARRAY && o.via.array.size <= count_max);
  for (std::uint32_t i = 0; i < o.via.array.size; ++i) take(o.via.array.ptr[i]);
}

parameter_info read_parameter(const msgpack::object& o) {
  parameter_info p;
  each_entry(o, [&p](std::string_view key, const msgpack::object& v) {
    if (key == "name") p.name = name_of(v);
    if (key == "type") p.type = text_of(v);
  });
  return p;
}

method_kind read_kind(const msgpack::object& o) {
  const std::string_view kind = text_of(o);
  detail::require(kind == "unary" || kind == "stream");
  return kind == "stream" ? method_kind::stream : method_kind::unary;
}

method_descriptor read_method(const msgpack::object& o) {
  method_descriptor m;
  each_entry(o, [&m](std::string_view key, const msgpack::object& v) {
    if (key == "name") m.name = name_of(v);
    if (key == "kind") m.kind = read_kind(v);
    if (key == "client_stream") v.convert(m.client_stream);
    if (key == "pooled") v.convert(m.pooled);
    if (key == "result") m.result = text_of(v);
    if (key == "doc") m.doc = text_of(v);
    if (key == "parameters") {
      m.parameters.clear();  // if a key is given twice, the last one counts
      each_element(v, parameters_max, [&m](const msgpack::object& p) { m.parameters.push_back(read_parameter(p)); });
    }
  });
  detail::require(!m.name.empty());
  return m;
}

descriptor read_descriptor(const msgpack::object& o) {
  descriptor d;
  each_entry(o, [&d](std::string_view key, const msgpack::object& v) {
    if (key == "host") d.host = name_of(v);
    if (key == "pid") v.convert(d.pid);
    if (key == "threads") v.convert(d.threads);
    if (key == "version") d.version = name_of(v);
    if (key == "description") d.description = description_of(v);
    if (key == "labels") {
      detail::require(v.type == msgpack::type::MAP && v.via.map.size <= labels_max);
      d.labels.clear();
      each_entry(v, [&d](std::string_view label, const msgpack::object& text) {
        d.labels[std::string(label)] = text_of(text);
      });
    }
    if (key == "methods") {
      d.methods.clear();
      each_element(v, limits::methods_max, [&d](const msgpack::object& m) { d.methods.push_back(read_method(m)); });
    }
  });
  return d;
}

void write(std::string& out, std::string_view key, std::string_view text) {
  encode_to(out, key);
  encode_to(out, text);
}

void write_parameter(std::string& out, const parameter_info& p) {
  append_map_header(out, 2);
  write(out, "name", p.name);
  write(out, "type", p.type);
}

void write_method(std::string& out, const method_descriptor& m) {
  append_map_header(out, m.pooled ? 7 : 6);
  write(out, "name", m.name);
  write(out, "kind", m.kind == method_kind::stream ? "stream" : "unary");
  encode_to(out, std::string_view("client_stream"));
  encode_to(out, m.client_stream);
  if (m.pooled) {
    encode_to(out, std::string_view("pooled"));
    encode_to(out, true);
  }
  encode_to(out, std::string_view("parameters"));
  append_list_header(out, static_cast<std::uint32_t>(m.parameters.size()));
  for (const parameter_info& p : m.parameters) write_parameter(out, p);
  write(out, "result", m.result);
  write(out, "doc", m.doc);
}

// Refuses a descriptor that decode_descriptor would refuse. Here the author can still correct it.
void check(const descriptor& d) {
  const auto name_fits = [](std::string_view name) {
    if (name.size() > limits::name_bytes_max) {
      throw Error(errc::too_large, "a name of more than 255 bytes: " + std::string(name.substr(0, 60)) + "...");
    }
  };
  if (d.methods.size() > limits::methods_max) throw Error(errc::too_large, "more methods than limits::methods_max");
  if (d.labels.size() > labels_max) throw Error(errc::too_large, "more than 255 labels");
  if (d.description.size() > limits::description_bytes_max) {
    throw Error(errc::too_large, "a description of more than 4096 bytes");
  }
  name_fits(d.host);
  name_fits(d.version);
  for (const method_descriptor& m : d.methods) {
    if (m.name.empty()) throw Error(errc::invalid_argument, "a method without a name");
    if (m.parameters.size() > parameters_max) throw Error(errc::too_large, m.name + " has more than 255 parameters");
    name_fits(m.name);
    for (const parameter_info& p : m.parameters) name_fits(p.name);
  }
}

}  // namespace

std::string encode_descriptor(const descriptor& d) {
  check(d);
  std::string out;
  append_map_header(out, d.threads != 0 ? 7 : 6);
  write(out, "host", d.host);
  encode_to(out, std::string_view("pid"));
  encode_to(out, d.pid);
  if (d.threads != 0) {
    encode_to(out, std::string_view("threads"));
    encode_to(out, d.threads);
  }
  write(out, "version", d.version);
  write(out, "description", d.description);
  encode_to(out, std::string_view("labels"));
  encode_to(out, d.labels);
  encode_to(out, std::string_view("methods"));
  append_list_header(out, static_cast<std::uint32_t>(d.methods.size()));
  for (const method_descriptor& m : d.methods) write_method(out, m);
  if (out.size() > limits::descriptor_bytes_max) {
    throw Error(errc::too_large, "the descriptions of methods and labels take more than 1 MiB");
  }
  return out;
}

std::optional<descriptor> decode_descriptor(bytes_view payload) {
  if (payload.size() > limits::descriptor_bytes_max) return std::nullopt;
  decode_error error = decode_error::none;
  const borrowed_value whole(payload, error);
  if (error != decode_error::none) return std::nullopt;
  try {
    return read_descriptor(whole.object());
  } catch (const msgpack::type_error&) {
    return std::nullopt;
  }
}

}  // namespace gate
