#include <algorithm>
#include <charconv>
#include <memory>

#include <msgpack.hpp>
#include <msgpack/null_visitor.hpp>

#include <gate/value.hpp>

namespace gate {
namespace detail {
namespace {

// Builds the tree of one value, like msgpack-cxx's own visitor. But it limits the depth and the allocated memory, and
// it does not copy strings.
class tree_builder : public msgpack::null_visitor {
 public:
  tree_builder(object_arena& arena, msgpack::object& root, std::size_t size) noexcept
      : arena_(arena), unclaimed_(size) {
    slots_[0] = &root;
  }

  decode_error error() const noexcept { return error_; }

  bool visit_nil() {
    slot().type = msgpack::type::NIL;
    return true;
  }
  bool visit_boolean(bool v) {
    slot().type = msgpack::type::BOOLEAN;
    slot().via.boolean = v;
    return true;
  }
  bool visit_positive_integer(std::uint64_t v) {
    slot().type = msgpack::type::POSITIVE_INTEGER;
    slot().via.u64 = v;
    return true;
  }
  bool visit_negative_integer(std::int64_t v) {
    // A signed form may hold a positive number.
    slot().type = v >= 0 ? msgpack::type::POSITIVE_INTEGER : msgpack::type::NEGATIVE_INTEGER;
    slot().via.i64 = v;
    return true;
  }
  bool visit_float32(float v) {
    slot().type = msgpack::type::FLOAT32;
    slot().via.f64 = static_cast<double>(v);
    return true;
  }
  bool visit_float64(double v) {
    slot().type = msgpack::type::FLOAT64;
    slot().via.f64 = v;
    return true;
  }
  bool visit_str(const char* v, std::uint32_t size) {
    slot().type = msgpack::type::STR;
    slot().via.str.ptr = v;
    slot().via.str.size = size;
    return true;
  }
  bool visit_bin(const char* v, std::uint32_t size) {
    slot().type = msgpack::type::BIN;
    slot().via.bin.ptr = v;
    slot().via.bin.size = size;
    return true;
  }
  // The size includes the byte of the extension's type, which comes first.
  bool visit_ext(const char* v, std::uint32_t size) {
    slot().type = msgpack::type::EXT;
    slot().via.ext.ptr = v;
    slot().via.ext.size = size - 1;
    return true;
  }

  bool start_array(std::uint32_t size) {
    msgpack::object* elements = enter(size);
    if (error_ != decode_error::none) return false;
    slot().type = msgpack::type::ARRAY;
    slot().via.array.size = size;
    slot().via.array.ptr = elements;
    slots_[++depth_] = elements;
    return true;
  }
  bool end_array_item() {
    ++slots_[depth_];
    return true;
  }
  bool end_array() {
    --depth_;
    return true;
  }
  bool start_map(std::uint32_t size) {
    // A key and its value stand side by side, like two elements of an array.
    static_assert(sizeof(msgpack::object_kv) == 2 * sizeof(msgpack::object));
    msgpack::object* elements = enter(std::size_t{size} * 2);
    if (error_ != decode_error::none) return false;
    slot().type = msgpack::type::MAP;
    slot().via.map.size = size;
    slot().via.map.ptr = reinterpret_cast<msgpack::object_kv*>(elements);
    slots_[++depth_] = elements;
    return true;
  }
  bool end_map_key() { return end_array_item(); }
  bool end_map_value() { return end_array_item(); }
  bool end_map() { return end_array(); }

  void parse_error(std::size_t, std::size_t) noexcept { fail(decode_error::malformed); }
  void insufficient_bytes(std::size_t, std::size_t) noexcept { fail(decode_error::truncated); }

 private:
  msgpack::object& slot() noexcept { return *slots_[depth_]; }

  void fail(decode_error error) noexcept {
    if (error_ == decode_error::none) error_ = error;
  }

  // Each element takes at least one byte. If the lists together claim more elements than there are bytes, the message
  // is false, and no memory is allocated for it.
  msgpack::object* enter(std::size_t count) {
    if (depth_ == limits::value_depth_max) {
      fail(decode_error::too_deep);
      return nullptr;
    }
    if (count > unclaimed_) {
      fail(decode_error::too_many);
      return nullptr;
    }
    unclaimed_ -= count;
    return arena_.allocate(count, count + unclaimed_);
  }

  object_arena& arena_;
  std::size_t unclaimed_;
  std::size_t depth_ = 0;
  std::array<msgpack::object*, limits::value_depth_max + 1> slots_;
  decode_error error_ = decode_error::none;
};

constexpr std::uint32_t nanoseconds_max = 999'999'999;

std::uint32_t load32(const char* from) noexcept {
  std::uint32_t v = 0;
  for (int i = 0; i < 4; ++i) v = v << 8 | static_cast<std::uint8_t>(from[i]);
  return v;
}

std::uint64_t load64(const char* from) noexcept { return std::uint64_t{load32(from)} << 32 | load32(from + 4); }

void store32(char* to, std::uint32_t v) noexcept {
  for (int i = 3; i >= 0; --i, v >>= 8) to[i] = static_cast<char>(static_cast<std::uint8_t>(v & 0xff));
}

void store64(char* to, std::uint64_t v) noexcept {
  store32(to, static_cast<std::uint32_t>(v >> 32));
  store32(to + 4, static_cast<std::uint32_t>(v & 0xffffffffu));
}

// "int 300", "list<string>", "map": the type. A number is shown too, because it may be out of range.
std::string describe(const msgpack::object& o, bool nested = false);

template <class It, class Get> std::string common_kind(It begin, It end, Get get) {
  std::string name = describe(get(*begin), true);
  const bool same = std::all_of(begin, end, [&](const auto& e) { return describe(get(e), true) == name; });
  return same ? name : "any";
}

std::string describe(const msgpack::object& o, bool nested) {
  const value_kind kind = kind_of(o);
  if (nested) return std::string(to_string(kind));
  if (o.type == msgpack::type::POSITIVE_INTEGER) return "int " + std::to_string(o.via.u64);
  if (o.type == msgpack::type::NEGATIVE_INTEGER) return "int " + std::to_string(o.via.i64);
  if (kind == value_kind::list && o.via.array.size != 0) {
    const auto* begin = o.via.array.ptr;
    const auto self = [](const msgpack::object& e) -> const msgpack::object& { return e; };
    return "list<" + common_kind(begin, begin + o.via.array.size, self) + ">";
  }
  if (kind == value_kind::map && o.via.map.size != 0) {
    const auto* begin = o.via.map.ptr;
    const auto* end = begin + o.via.map.size;
    const auto key = [](const msgpack::object_kv& e) -> const msgpack::object& { return e.key; };
    const auto val = [](const msgpack::object_kv& e) -> const msgpack::object& { return e.val; };
    return "map<" + common_kind(begin, end, key) + "," + common_kind(begin, end, val) + ">";
  }
  return std::string(to_string(kind));
}

}  // namespace

msgpack::object* object_arena::allocate(std::size_t count, std::size_t bytes_max) {
  if (count == 0) return nullptr;
  void* room = nullptr;
  if (count <= inline_count - used_) {
    room = storage_.data() + used_ * sizeof(msgpack::object);
    used_ += count;
  } else {
    // Memory for the rest of the value in one allocation, up to this many objects.
    constexpr std::size_t chunk_objects_max = 2048;
    const std::size_t chunk_objects = std::clamp(bytes_max, count, std::max(count, chunk_objects_max));
    if (!zone_) zone_.emplace((chunk_objects + 1) * sizeof(msgpack::object));
    room = zone_->allocate_align(count * sizeof(msgpack::object), alignof(msgpack::object));
  }
  auto* objects = static_cast<msgpack::object*>(room);
  std::uninitialized_default_construct_n(objects, count);
  return objects;
}

decode_error parse_value(bytes_view encoded, object_arena& arena, msgpack::object& root) {
  if (encoded.empty()) return decode_error::truncated;
  tree_builder builder(arena, root, encoded.size());
  std::size_t end = 0;
  const bool complete = msgpack::parse(encoded.data(), encoded.size(), end, builder);
  if (builder.error() != decode_error::none) return builder.error();
  if (!complete) return decode_error::truncated;
  return end == encoded.size() ? decode_error::none : decode_error::trailing_bytes;
}

timestamp read_timestamp(const msgpack::object& o) {
  require(o.type == msgpack::type::EXT && o.via.ext.type() == -1);
  const char* data = o.via.ext.data();
  timestamp t;
  switch (o.via.ext.size) {
    case 4:
      t.seconds = load32(data);
      break;
    case 8: {
      const std::uint64_t both = load64(data);
      t.seconds = static_cast<std::int64_t>(both & 0x3ffffffffu);
      t.nanoseconds = static_cast<std::uint32_t>(both >> 34);
      break;
    }
    case 12:
      t.nanoseconds = load32(data);
      t.seconds = static_cast<std::int64_t>(load64(data + 4));
      break;
    default:
      require(false);
  }
  require(t.nanoseconds <= nanoseconds_max);
  return t;
}

std::size_t write_timestamp(timestamp t, std::array<char, 12>& to) noexcept {
  const auto seconds = static_cast<std::uint64_t>(t.seconds);
  if (t.seconds >= 0 && seconds >> 34 == 0) {
    const std::uint64_t both = std::uint64_t{t.nanoseconds} << 34 | seconds;
    if (both >> 32 == 0) {
      store32(to.data(), static_cast<std::uint32_t>(both));
      return 4;
    }
    store64(to.data(), both);
    return 8;
  }
  store32(to.data(), t.nanoseconds);
  store64(to.data() + 4, seconds);
  return 12;
}

void throw_mismatch(std::string_view expected, const msgpack::object& got) {
  throw Error(errc::invalid_argument, "expected " + std::string(expected) + ", got " + describe(got));
}

void rethrow_mismatch(std::string_view place, std::string_view expected, const msgpack::object& got) {
  std::string text = "expected " + std::string(expected) + ", got " + describe(got);
  try {
    throw;
  } catch (const misfit& e) {
    if (!e.path().empty()) text = std::string(place) + e.path() + ": " + e.reason();
    if (e.path().empty() && !e.why().empty()) text += ", " + e.why();
  } catch (const msgpack::type_error&) {
  }
  throw Error(errc::invalid_argument, text);
}

void throw_undecodable(decode_error error) {
  throw Error(errc::invalid_argument, "not a value: " + std::string(to_string(error)));
}

void require_arguments(const msgpack::object& o, std::size_t count) {
  if (o.type != msgpack::type::ARRAY) throw Error(errc::invalid_argument, "the arguments are not a list");
  if (o.via.array.size == count) return;
  throw Error(errc::invalid_argument, "expected " + std::to_string(count) + (count == 1 ? " argument" : " arguments") +
                                          ", got " + std::to_string(o.via.array.size));
}

}  // namespace detail

std::string_view to_string(decode_error error) noexcept {
  switch (error) {
    case decode_error::none:
      return "none";
    case decode_error::truncated:
      return "truncated";
    case decode_error::malformed:
      return "malformed";
    case decode_error::trailing_bytes:
      return "trailing bytes";
    case decode_error::too_deep:
      return "nested too deep";
    case decode_error::too_many:
      return "more elements than bytes";
  }
  return "unknown";
}

std::string_view to_string(value_kind kind) noexcept {
  switch (kind) {
    case value_kind::nil:
      return "nil";
    case value_kind::boolean:
      return "bool";
    case value_kind::integer:
      return "int";
    case value_kind::floating:
      return "float";
    case value_kind::string:
      return "string";
    case value_kind::binary:
      return "bytes";
    case value_kind::list:
      return "list";
    case value_kind::map:
      return "map";
    case value_kind::timestamp:
      return "timestamp";
    case value_kind::extension:
      return "extension";
  }
  return "unknown";
}

value_kind kind_of(const msgpack::object& o) noexcept {
  switch (o.type) {
    case msgpack::type::NIL:
      return value_kind::nil;
    case msgpack::type::BOOLEAN:
      return value_kind::boolean;
    case msgpack::type::POSITIVE_INTEGER:
    case msgpack::type::NEGATIVE_INTEGER:
      return value_kind::integer;
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      return value_kind::floating;
    case msgpack::type::STR:
      return value_kind::string;
    case msgpack::type::BIN:
      return value_kind::binary;
    case msgpack::type::ARRAY:
      return value_kind::list;
    case msgpack::type::MAP:
      return value_kind::map;
    case msgpack::type::EXT:
      return o.via.ext.type() == -1 ? value_kind::timestamp : value_kind::extension;
  }
  return value_kind::extension;
}

void append_list_header(std::string& out, std::uint32_t size) {
  constexpr std::uint32_t short_list = 16;
  if (size < short_list) return out.push_back(static_cast<char>(0x90 | size));
  detail::string_sink sink(out);
  detail::packer(sink).pack_array(size);
}

void append_map_header(std::string& out, std::uint32_t size) {
  detail::string_sink sink(out);
  detail::packer(sink).pack_map(size);
}

void append_bytes_header(std::string& out, std::uint32_t size) {
  detail::string_sink sink(out);
  detail::packer(sink).pack_bin(size);
}

void append_bytes(std::string& out, bytes_view raw) { detail::append_binary(out, raw.data(), raw.size()); }

result<value, decode_error> value::decode(std::string&& encoded) {
  auto owner = std::make_shared<storage>();
  owner->raw = std::move(encoded);
  msgpack::object root;
  const decode_error error = detail::parse_value(owner->raw, owner->arena, root);
  if (error != decode_error::none) return error;
  return value(std::move(owner), root);
}

value value::decode_or_throw(std::string&& encoded) {
  auto decoded = decode(std::move(encoded));
  if (!decoded) detail::throw_undecodable(decoded.error());
  return std::move(decoded).value();
}

std::size_t value::size() const noexcept {
  switch (kind()) {
    case value_kind::string:
      return object_.via.str.size;
    case value_kind::binary:
      return object_.via.bin.size;
    case value_kind::list:
      return object_.via.array.size;
    case value_kind::map:
      return object_.via.map.size;
    default:
      return 0;
  }
}

value value::operator[](std::size_t index) const {
  if (object_.type != msgpack::type::ARRAY) detail::throw_mismatch("list", object_);
  if (index >= object_.via.array.size) {
    throw Error(errc::invalid_argument,
                "no element " + std::to_string(index) + " in a list of " + std::to_string(object_.via.array.size));
  }
  return value(owner_, object_.via.array.ptr[index]);
}

value value::operator[](std::string_view key) const {
  if (object_.type != msgpack::type::MAP) detail::throw_mismatch("map", object_);
  auto found = find(key);
  if (!found) throw Error(errc::invalid_argument, "no key \"" + std::string(key) + "\"");
  return *std::move(found);
}

std::optional<value> value::find(std::string_view key) const {
  if (object_.type != msgpack::type::MAP) return std::nullopt;
  const auto* begin = object_.via.map.ptr;
  const auto* end = begin + object_.via.map.size;
  const auto* found = std::find_if(begin, end, [key](const msgpack::object_kv& entry) {
    return entry.key.type == msgpack::type::STR &&
           std::string_view(entry.key.via.str.ptr, entry.key.via.str.size) == key;
  });
  if (found == end) return std::nullopt;
  return value(owner_, found->val);
}

}  // namespace gate
