#include "common/src/program_log.hpp"

#include <cstddef>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace gate {

program_log::program_log(const std::string& program, const std::string& level) {
  constexpr std::size_t lines_max = 8192;
  spdlog::init_thread_pool(lines_max, 1);
  logger_ =
      std::make_shared<spdlog::async_logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                             spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger_->set_level(spdlog::level::from_str(level));
  logger_->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger_);
}

// Ends the thread first: spdlog alone would destroy the logger while the thread may still hold its last line.
program_log::~program_log() { flush_program_log(); }

void flush_program_log() noexcept { spdlog::shutdown(); }

}  // namespace gate
