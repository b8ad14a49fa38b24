#include <charconv>
#include <system_error>

#include <gate/value.hpp>

namespace gate {
namespace {

// Writes until the limit is exceeded, then nothing more.
class value_printer {
 public:
  explicit value_printer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void print(const msgpack::object& o) {
    if (full()) return;
    switch (kind_of(o)) {
      case value_kind::nil:
        out_ += "null";
        break;
      case value_kind::boolean:
        out_ += o.via.boolean ? "true" : "false";
        break;
      case value_kind::integer:
        print_integer(o);
        break;
      case value_kind::floating:
        print_number(o.via.f64);
        break;
      case value_kind::string:
        print_text({o.via.str.ptr, o.via.str.size});
        break;
      case value_kind::binary:
        out_ += "bytes(" + std::to_string(o.via.bin.size) + ")";
        break;
      case value_kind::list:
        print_list(o);
        break;
      case value_kind::map:
        print_map(o);
        break;
      case value_kind::timestamp:
        print_timestamp(o);
        break;
      case value_kind::extension:
        out_ += "extension(" + std::to_string(o.via.ext.size) + ")";
        break;
    }
  }

  std::string finish() && {
    if (full()) out_.replace(bytes_max_, std::string::npos, "...");
    return std::move(out_);
  }

 private:
  bool full() const noexcept { return out_.size() > bytes_max_; }

  template <class Number> void print_number(Number number) {
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    out_.append(digits, end.ptr);
  }

  void print_integer(const msgpack::object& o) {
    if (o.type == msgpack::type::POSITIVE_INTEGER) {
      print_number(o.via.u64);
    } else {
      print_number(o.via.i64);
    }
  }

  void print_text(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out_ += '"';
    for (const char c : text) {
      if (full()) return;
      const auto byte = static_cast<std::uint8_t>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (byte < 0x20 || byte == 0x7f) {
        out_ += "\\u00";
        out_ += hex[byte >> 4];
        out_ += hex[byte & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  void print_timestamp(const msgpack::object& o) {
    try {
      const detail::timestamp t = detail::read_timestamp(o);
      print_number(t.seconds);
      if (t.nanoseconds != 0) out_.append("+").append(std::to_string(t.nanoseconds)).append("ns");
    } catch (const msgpack::type_error&) {
      out_ += "extension(" + std::to_string(o.via.ext.size) + ")";
    }
  }

  void print_list(const msgpack::object& o) {
    out_ += '[';
    for (std::uint32_t i = 0; i < o.via.array.size && !full(); ++i) {
      if (i != 0) out_ += ',';
      print(o.via.array.ptr[i]);
    }
    out_ += ']';
  }

  void print_map(const msgpack::object& o) {
    out_ += '{';
    for (std::uint32_t i = 0; i < o.via.map.size && !full(); ++i) {
      if (i != 0) out_ += ',';
      print(o.via.map.ptr[i].key);
      out_ += ':';
      print(o.via.map.ptr[i].val);
    }
    out_ += '}';
  }

  std::size_t bytes_max_;
  std::string out_;
};

}  // namespace

std::string to_string(const value& v, std::size_t bytes_max) {
  value_printer printer(bytes_max);
  printer.print(v.object());
  return std::move(printer).finish();
}

}  // namespace gate
