#include "common/log/log.hpp"

#include <array>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "common/log/program_log.hpp"

namespace {

// Captures stderr while it lives.
class captured_stderr {
 public:
  captured_stderr() : before_(dup(STDERR_FILENO)) {
    REQUIRE(pipe(ends_.data()) == 0);
    dup2(ends_[1], STDERR_FILENO);
  }
  ~captured_stderr() {
    restore();
    close(ends_[0]);
  }

  std::string take() {
    restore();
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = read(ends_[0], piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(n));
    return text;
  }

 private:
  void restore() {
    if (before_ < 0) return;
    dup2(before_, STDERR_FILENO);
    close(before_);
    close(ends_[1]);
    before_ = -1;
  }

  int before_;
  std::array<int, 2> ends_{};
};

}  // namespace

TEST_CASE("the values of a log line stand in the order of its braces", "[interface]") {
  captured_stderr out;
  {
    const gate::program_log program("log_test", "info");
    gate::log::warn("{} of {}: {}", -3, std::string("nine"), std::string_view("{}"));
    gate::log::info("no value");
    gate::log::write(gate::log::level::debug, "{} is below the level", {1});
    CHECK(gate::log::is_on(gate::log::level::info));
    CHECK_FALSE(gate::log::is_on(gate::log::level::debug));
  }
  const std::string text = out.take();
  CHECK(text.find("warning -3 of nine: {}\n") != std::string::npos);
  CHECK(text.find("info no value\n") != std::string::npos);
  CHECK(text.find("below the level") == std::string::npos);
}
