#include <algorithm>
#include <limits>

#include <gate/detail/reading.hpp>
#include <gate/value.hpp>

namespace gate::detail {

namespace {

constexpr std::size_t shown_bytes_max = 64;  // of a key or name that a peer sent

thread_local bool strict = false;

bool is_integer(const msgpack::object& o) {
  return o.type == msgpack::type::POSITIVE_INTEGER || o.type == msgpack::type::NEGATIVE_INTEGER;
}

// "int", "string". For a number out of range of an integer type: the number.
std::string plain_kind(std::string_view expected, const msgpack::object& o) {
  const bool out_of_range = expected.starts_with("int") || expected.starts_with("uint");
  if (is_integer(o) && out_of_range) {
    return o.type == msgpack::type::POSITIVE_INTEGER ? std::to_string(o.via.u64) : std::to_string(o.via.i64);
  }
  return std::string(to_string(kind_of(o)));
}

std::string quoted_key(const msgpack::object& key) {
  if (key.type == msgpack::type::STR) {
    return "'" + std::string(key.via.str.ptr, std::min<std::size_t>(key.via.str.size, shown_bytes_max)) + "'";
  }
  if (key.type == msgpack::type::POSITIVE_INTEGER) return std::to_string(key.via.u64);
  if (key.type == msgpack::type::NEGATIVE_INTEGER) return std::to_string(key.via.i64);
  return std::string(to_string(kind_of(key)));
}

[[noreturn]] void rethrow_within(const std::string& step, std::string_view expected, const msgpack::object& o) {
  try {
    throw;
  } catch (misfit& e) {
    e.state(expected, o);
    e.within(step);
    throw;
  } catch (const msgpack::type_error&) {
    misfit e{std::string()};
    e.state(expected, o);
    e.within(step);
    throw e;
  }
}

[[noreturn]] void refuse_field(std::string_view name, std::string reason) {
  misfit e{std::string()};
  e.say(std::move(reason));
  e.within("." + std::string(name.substr(0, shown_bytes_max)));
  throw e;
}

}  // namespace

void misfit::state(std::string_view expected, const msgpack::object& got) {
  if (!reason_.empty()) return;
  reason_ = "must be " + std::string(expected) + ", got " + plain_kind(expected, got);
  if (!why_.empty()) reason_ += ", " + why_;
}

void rethrow_in_element(std::size_t index, std::string_view expected, const msgpack::object& o) {
  rethrow_within("[" + std::to_string(index) + "]", expected, o);
}
void rethrow_in_entry(const msgpack::object& key, std::string_view expected, const msgpack::object& o) {
  rethrow_within("[" + quoted_key(key) + "]", expected, o);
}
void rethrow_in_field(std::string_view name, std::string_view expected, const msgpack::object& o) {
  rethrow_within("." + std::string(name), expected, o);
}

bool reads_strictly() noexcept { return strict; }
strict_reading::strict_reading(bool now) noexcept : before_(strict) { strict = now; }
strict_reading::~strict_reading() { strict = before_; }

field_reader::field_reader(const msgpack::object& o) : map_(o) {
  if (o.type != msgpack::type::MAP) throw msgpack::type_error();
  for (std::uint32_t i = 0; i < o.via.map.size; ++i) {
    if (o.via.map.ptr[i].key.type != msgpack::type::STR) throw misfit("whose keys are not all text");
  }
}

const msgpack::object* field_reader::find(std::string_view name) noexcept {
  const std::uint32_t size = map_.via.map.size;
  for (std::uint32_t tried = 0; tried < size; ++tried) {
    if (next_ >= size) next_ = 0;
    const msgpack::object_kv& entry = map_.via.map.ptr[next_++];
    if (std::string_view(entry.key.via.str.ptr, entry.key.via.str.size) != name) continue;
    ++found_;
    return &entry.val;
  }
  return nullptr;
}

void field_reader::refuse_unknown(const std::string_view* names, std::size_t count) const {
  std::string known;
  for (std::size_t i = 0; i < count; ++i) (known += i == 0 ? "" : ", ") += names[i];
  for (std::uint32_t i = 0; i < map_.via.map.size; ++i) {
    const msgpack::object& key = map_.via.map.ptr[i].key;
    const std::string_view name(key.via.str.ptr, key.via.str.size);
    if (std::find(names, names + count, name) == names + count) {
      refuse_field(name, "there is no such field, only " + known);
    }
  }
  throw misfit("which has a field twice");
}

void field_reader::missing(std::string_view name) const { refuse_field(name, "is missing"); }

std::size_t struct_elements(const msgpack::object& o, std::size_t fields) {
  if (o.type != msgpack::type::ARRAY) throw msgpack::type_error();
  if (strict && o.via.array.size != fields) {
    throw misfit("of " + std::to_string(o.via.array.size) + " elements, not " + std::to_string(fields));
  }
  return o.via.array.size;
}

}  // namespace gate::detail
