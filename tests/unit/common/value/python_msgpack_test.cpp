// Values of every adaptor through another msgpack implementation: Python reads and writes them, and the values that
// come back are equal.
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "tests/support/scratch_folder.hpp"

namespace {

using namespace std::chrono;

enum class colour : std::int16_t { red = -3, green = 7, blue = 300 };
struct inner {
  std::string sku;
  std::optional<double> price;
  MSGPACK_DEFINE_MAP(sku, price)
  bool operator==(const inner&) const = default;
};
struct outer {
  std::vector<inner> items;
  std::map<std::string, std::int64_t> counts;
  colour shade = colour::red;
  MSGPACK_DEFINE(items, counts, shade)
  bool operator==(const outer&) const = default;
};

class dice {
 public:
  explicit dice(unsigned seed) : engine_(seed) {}
  std::uint64_t bits() { return engine_(); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }

 private:
  std::mt19937_64 engine_;
};

// Numbers of all sizes; the ends of the type's range come more often than by chance.
template <class T> T number(dice& d) {
  const T ends[] = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), T(0), T(1), static_cast<T>(-1)};
  if (d.below(3) == 0) return ends[d.below(std::size(ends))];
  return static_cast<T>(static_cast<std::int64_t>(d.bits()) >> d.below(64));
}
template <class T> struct any_of;
template <class T> T roll(dice& d) { return any_of<T>::roll(d); }

template <std::integral T> struct any_of<T> {
  static T roll(dice& d) { return number<T>(d); }
};
template <> struct any_of<bool> {
  static bool roll(dice& d) { return d.below(2) == 0; }
};
template <std::floating_point T> struct any_of<T> {
  static T roll(dice& d) {
    using L = std::numeric_limits<T>;
    const T ends[] = {L::max(), L::lowest(), L::min(), L::denorm_min(), L::infinity(), -L::infinity(), T(-0.0), T(0.1)};
    if (d.below(2) == 0) return ends[d.below(std::size(ends))];
    const auto raw = static_cast<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>(d.bits());
    const T made = std::bit_cast<T>(raw);
    return std::isnan(made) ? T(0.5) : made;
  }
};
template <> struct any_of<std::string> {
  static std::string roll(dice& d) {
    const std::string samples[] = {
        "", "a", "grün", std::string("a\0b", 3), std::string(300, 'x'), std::string(70'000, 'y')};
    return samples[d.below(std::size(samples))];
  }
};
template <> struct any_of<gate::bytes> {
  static gate::bytes roll(dice& d) { return gate::bytes(d.below(400), static_cast<std::byte>(d.bits())); }
};
template <> struct any_of<colour> {
  static colour roll(dice& d) { return std::array{colour::red, colour::green, colour::blue}[d.below(3)]; }
};
template <> struct any_of<std::monostate> {
  static std::monostate roll(dice&) { return {}; }
};
template <class R, class P> struct any_of<duration<R, P>> {
  static duration<R, P> roll(dice& d) {
    // The range of 64-bit nanoseconds.
    const auto least = duration_cast<duration<R, P>>(nanoseconds::min());
    const auto most = duration_cast<duration<R, P>>(nanoseconds::max());
    if (d.below(3) == 0) return d.below(2) == 0 ? least : most;
    return duration_cast<duration<R, P>>(nanoseconds(number<std::int64_t>(d)));
  }
};
template <class D> struct any_of<time_point<system_clock, D>> {
  static time_point<system_clock, D> roll(dice& d) {
    if (d.below(3) == 0)
      return d.below(2) == 0 ? time_point<system_clock, D>::min() : time_point<system_clock, D>::max();
    return time_point<system_clock, D>(D(number<typename D::rep>(d)));
  }
};
template <class T> struct any_of<std::optional<T>> {
  static std::optional<T> roll(dice& d) {
    if (d.below(3) == 0) return std::nullopt;
    return ::roll<T>(d);
  }
};
template <class T> struct any_of<std::shared_ptr<T>> {
  static std::shared_ptr<T> roll(dice& d) { return std::make_shared<T>(::roll<T>(d)); }
};
template <class... A> struct any_of<std::tuple<A...>> {
  static std::tuple<A...> roll(dice& d) { return std::tuple<A...>{::roll<A>(d)...}; }
};
template <class A, class B> struct any_of<std::pair<A, B>> {
  static std::pair<A, B> roll(dice& d) { return {::roll<A>(d), ::roll<B>(d)}; }
};
template <class T, std::size_t N> struct any_of<std::array<T, N>> {
  static std::array<T, N> roll(dice& d) {
    std::array<T, N> made{};
    for (T& each : made) each = ::roll<T>(d);
    return made;
  }
};
template <class... A> struct any_of<std::variant<A...>> {
  static std::variant<A...> roll(dice& d) {
    std::variant<A...> made;
    std::size_t i = 0;
    const std::size_t chosen = d.below(sizeof...(A));
    ((i++ == chosen ? void(made = ::roll<A>(d)) : void()), ...);
    return made;
  }
};
template <class C>
  requires gate::detail::map_type<C>
struct any_of<C> {
  static C roll(dice& d) {
    C made;
    for (std::size_t n = d.below(20); n > 0; --n) {
      auto key = ::roll<typename C::key_type>(d);
      made[std::move(key)] = ::roll<typename C::mapped_type>(d);
    }
    return made;
  }
};
template <class C>
  requires gate::detail::list_type<C>
struct any_of<C> {
  static C roll(dice& d) {
    C made;
    for (std::size_t n = d.below(20); n > 0; --n) made.insert(made.end(), ::roll<typename C::value_type>(d));
    return made;
  }
};
template <> struct any_of<inner> {
  static inner roll(dice& d) { return {::roll<std::string>(d), ::roll<std::optional<double>>(d)}; }
};
template <> struct any_of<outer> {
  static outer roll(dice& d) {
    outer made;
    made.items = ::roll<std::vector<inner>>(d);
    made.counts = ::roll<std::map<std::string, std::int64_t>>(d);
    made.shade = ::roll<colour>(d);
    return made;
  }
};

template <class T> bool same(const T& a, const T& b) {
  if constexpr (std::floating_point<T>) {
    return a == b && std::signbit(a) == std::signbit(b);
  } else if constexpr (gate::detail::nullable<T>::value) {
    return bool(a) == bool(b) && (!a || *a == *b);
  } else {
    return a == b;
  }
}

// Reads values from a file with Python's msgpack, and writes them to another.
std::string through_python(const std::string& values) {
  const gate::test::scratch_folder folder;
  const std::string from = folder.file("from"), to = folder.file("to");
  std::FILE* const out = std::fopen(from.c_str(), "wb");
  REQUIRE(out != nullptr);
  REQUIRE(std::fwrite(values.data(), 1, values.size(), out) == values.size());
  REQUIRE(std::fclose(out) == 0);
  const std::string script =
      "import msgpack, sys\n"
      "u = msgpack.Unpacker(open(sys.argv[1], 'rb'), strict_map_key=False, max_buffer_size=0, use_list=False)\n"
      "open(sys.argv[2], 'wb').write(b''.join(msgpack.packb(v) for v in u))\n";
  const std::string command = "timeout 60 /usr/bin/python3 -c \"" + script + "\" '" + from + "' '" + to + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  std::FILE* const in = std::fopen(to.c_str(), "rb");
  REQUIRE(in != nullptr);
  std::string back;
  char some[65536];
  for (std::size_t n = 0; (n = std::fread(some, 1, sizeof some, in)) > 0;) back.append(some, n);
  std::fclose(in);
  return back;
}

class collection {
 public:
  template <class T> void add(dice& d) {
    for (int i = 0; i < 40; ++i) {
      const T value = roll<T>(d);
      gate::encode_to(values_, value);
      ++count_;
      checks_.push_back([value](gate::bytes_view back) {
        INFO(gate::type_name<T>());
        CHECK(same(gate::decode_as<T>(back), value));
      });
    }
  }
  // Decodes one long list of all values, cut into its elements.
  void check() const {
    std::string list;
    gate::append_list_header(list, static_cast<std::uint32_t>(count_));
    const std::string back = through_python(list + values_);
    const gate::borrowed_value all(back);
    REQUIRE(all.object().via.array.size == count_);
    for (std::size_t i = 0; i < count_; ++i) checks_[i](gate::encode(all.object().via.array.ptr[i]));
  }

 private:
  std::string values_;
  std::size_t count_ = 0;
  std::vector<std::function<void(gate::bytes_view)>> checks_;
};

}  // namespace

TEST_CASE("what Python's msgpack reads and writes again is what was sent", "[value]") {
  const unsigned seed = GENERATE(1u, 2u);
  INFO("seed " << seed);
  dice d(seed);
  collection all;
  all.add<bool>(d);
  all.add<char>(d);
  all.add<std::int8_t>(d);
  all.add<std::uint8_t>(d);
  all.add<std::int16_t>(d);
  all.add<std::uint16_t>(d);
  all.add<std::int32_t>(d);
  all.add<std::uint32_t>(d);
  all.add<std::int64_t>(d);
  all.add<std::uint64_t>(d);
  all.add<float>(d);
  all.add<double>(d);
  all.add<std::string>(d);
  all.add<gate::bytes>(d);
  all.add<colour>(d);
  all.add<std::monostate>(d);
  all.add<nanoseconds>(d);
  all.add<milliseconds>(d);
  all.add<seconds>(d);
  all.add<hours>(d);
  all.add<duration<std::int64_t, std::ratio<1, 50>>>(d);
  all.add<system_clock::time_point>(d);
  all.add<sys_time<microseconds>>(d);
  all.add<sys_seconds>(d);
  all.add<std::optional<std::int32_t>>(d);
  all.add<std::shared_ptr<std::string>>(d);
  all.add<std::vector<std::int64_t>>(d);
  all.add<std::vector<bool>>(d);
  all.add<std::deque<double>>(d);
  all.add<std::list<std::string>>(d);
  all.add<std::set<std::int16_t>>(d);
  all.add<std::unordered_set<std::string>>(d);
  all.add<std::array<float, 3>>(d);
  all.add<std::pair<std::string, system_clock::time_point>>(d);
  all.add<std::tuple<int, double, std::string>>(d);
  all.add<std::variant<std::monostate, bool, std::int64_t, double, std::string, gate::bytes>>(d);
  all.add<std::map<std::string, std::vector<std::optional<double>>>>(d);
  all.add<std::unordered_map<std::int32_t, std::map<std::string, nanoseconds>>>(d);
  all.add<std::vector<std::vector<std::tuple<std::string, std::optional<std::vector<std::int8_t>>>>>>(d);
  all.add<inner>(d);
  all.add<outer>(d);
  all.add<std::map<std::string, outer>>(d);
  all.check();
}
