#include "common/src/program_log.hpp"

#include <cstddef>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace gate {

namespace {

// What is logged may quote a peer, who shall not write lines of his own, nor steer a terminal.
class one_line final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& to) override {
    for (const char c : line.payload) {
      const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      to.push_back(control ? '?' : c);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<one_line>(); }
};

}  // namespace

program_log::program_log(const std::string& program, const std::string& level) {
  constexpr std::size_t lines_max = 8192;
  spdlog::init_thread_pool(lines_max, 1);
  logger_ =
      std::make_shared<spdlog::async_logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                             spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  auto format = std::make_unique<spdlog::pattern_formatter>();
  format->add_flag<one_line>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %*");
  logger_->set_formatter(std::move(format));
  logger_->set_level(spdlog::level::from_str(level));
  logger_->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger_);
}

// Ends the thread first: spdlog alone would destroy the logger while the thread may still hold its last line.
program_log::~program_log() { flush_program_log(); }

void flush_program_log() noexcept { spdlog::shutdown(); }

}  // namespace gate
