// Converts counts of any period to nanoseconds and back in 128 bits. The result is exact, or there is none.
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include <gate/adaptors.hpp>

namespace gate::detail {

namespace {

__extension__ using wide = __int128;

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

bool fits(wide n) { return n >= least && n <= most; }

// Computes n * by / over. False if the result is not a whole number, or exceeds 128 bits.
bool scale(wide n, wide by, wide over, wide& out) {
  if (__builtin_mul_overflow(n, by, &out)) return false;
  if (out % over != 0) return false;
  out /= over;
  return true;
}

// num/den seconds as a fraction of nanoseconds in lowest terms.
struct factors {
  factors(std::int64_t num, std::int64_t den) : by(num), over(den) {
    // num and den have no common factor, but den and the nanoseconds of a second may have one.
    const std::int64_t common = std::gcd(second, den);
    over /= common;
    by *= second / common;
  }
  wide by, over;
};

std::string unit(std::int64_t num, std::int64_t den) {
  if (den == 1 && num == 1) return "seconds";
  if (den == 1 && num == 60) return "minutes";
  if (den == 1 && num == 3600) return "hours";
  if (den == 1 && num == 86400) return "days";
  if (num == 1 && den == 1000) return "milliseconds";
  if (num == 1 && den == 1'000'000) return "microseconds";
  if (num == 1 && den == second) return "nanoseconds";
  return "units of " + std::to_string(num) + "/" + std::to_string(den) + " s";
}

timestamp split(wide nanoseconds) {
  wide seconds = nanoseconds / second;
  wide rest = nanoseconds % second;
  if (rest < 0) {
    rest += second;
    seconds -= 1;
  }
  if (!fits(seconds)) throw std::range_error("a time beyond 64 bits of seconds cannot travel");
  return {static_cast<std::int64_t>(seconds), static_cast<std::uint32_t>(rest)};
}

wide nanoseconds_from(std::int64_t count, std::int64_t num, std::int64_t den, const char* what) {
  const factors f(num, den);
  wide out = 0;
  if (scale(count, f.by, f.over, out)) return out;
  throw std::range_error(std::string(what) + " that is no whole number of nanoseconds cannot travel");
}

std::int64_t count_from(wide nanoseconds, std::int64_t num, std::int64_t den) {
  const factors f(num, den);
  wide out = 0;
  if (!scale(nanoseconds, f.over, f.by, out)) throw misfit("which is no whole number of " + unit(num, den));
  if (!fits(out)) throw misfit("which is out of range");
  return static_cast<std::int64_t>(out);
}

wide rounded(long double seconds, long double bound, const char* refusal) {
  const long double nanoseconds = std::nearbyint(seconds * second);
  if (!(std::abs(nanoseconds) < bound)) throw std::range_error(refusal);
  return static_cast<wide>(nanoseconds);
}

}  // namespace

std::int64_t nanoseconds_of(std::int64_t count, std::int64_t num, std::int64_t den) {
  const wide n = nanoseconds_from(count, num, den, "a duration");
  if (!fits(n)) throw std::range_error("a duration of more than 292 years cannot travel as nanoseconds");
  return static_cast<std::int64_t>(n);
}

timestamp timestamp_of(std::int64_t count, std::int64_t num, std::int64_t den) {
  return split(nanoseconds_from(count, num, den, "a time"));
}

std::int64_t count_of(std::int64_t nanoseconds, std::int64_t num, std::int64_t den) {
  return count_from(nanoseconds, num, den);
}

std::int64_t count_of(timestamp t, std::int64_t num, std::int64_t den) {
  return count_from(wide{t.seconds} * second + t.nanoseconds, num, den);
}

std::int64_t nanoseconds_of(long double seconds) {
  return static_cast<std::int64_t>(rounded(seconds, 9223372036854775808.0L,
                                           "a duration that is not a number, or longer than 292 years, cannot travel"));
}

timestamp timestamp_of(long double seconds) {
  return split(rounded(seconds, 9.2233720368547758e27L,
                       "a time that is not a number, or beyond 64 bits of seconds, cannot travel"));
}

std::int64_t signed_count(std::uint64_t count) {
  if (count > static_cast<std::uint64_t>(most)) throw std::range_error("a duration beyond 63 bits cannot travel");
  return static_cast<std::int64_t>(count);
}

void throw_holds_nil() { throw std::range_error("an optional that holds nil cannot travel: it would arrive empty"); }

void throw_inexact(const char* type) { throw misfit(std::string("which a ") + type + " does not hold exactly"); }

}  // namespace gate::detail
