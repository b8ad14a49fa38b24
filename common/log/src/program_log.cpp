#include "common/log/program_log.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <gate/assert.hpp>

#include "common/log/log.hpp"
#include "common/log/src/log_writer.hpp"

namespace gate {

namespace {

// A log line may quote a peer. The peer must not be able to add lines of its own, nor to control a terminal.
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

std::unique_ptr<spdlog::formatter> make_formatter() {
  auto format = std::make_unique<spdlog::pattern_formatter>();
  format->add_flag<one_line>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %*");
  return format;
}

std::string to_text(spdlog::formatter& format, const spdlog::details::log_msg& line) {
  spdlog::memory_buf_t text;
  format.format(line, text);
  return {text.data(), text.size()};
}

class writer_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit writer_sink(const std::string& program)
      : writer_(STDERR_FILENO,
                [program, format = std::shared_ptr<spdlog::formatter>(make_formatter())](std::uint64_t count) {
                  const std::string text = std::to_string(count) +
                                           " lines of this log were dropped here: they "
                                           "could not be written";
                  return to_text(*format, {program, spdlog::level::warn, text});
                }) {}
  log_writer& writer() noexcept { return writer_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override { writer_.add(to_text(*formatter_, line)); }
  void flush_() override {}

 private:
  log_writer writer_;
};

}  // namespace

program_log::program_log(const std::string& program, const std::string& level) {
  const auto sink = std::make_shared<writer_sink>(program);
  writer_ = std::shared_ptr<log_writer>(sink, &sink->writer());
  const auto logger = std::make_shared<spdlog::logger>(program, sink);
  logger->set_formatter(make_formatter());
  logger->set_level(spdlog::level::from_str(level));
  logger->set_error_handler([](const std::string&) {});  // spdlog's own handler writes to stderr
  spdlog::set_default_logger(logger);
  current = this;
}

program_log::~program_log() {
  current = nullptr;
  writer_->finish();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("nowhere"));
}

void program_log::set_level(const std::string& level) { spdlog::set_level(spdlog::level::from_str(level)); }

void flush_program_log() noexcept {
  if (program_log::current != nullptr) program_log::current->writer_->finish();
}

namespace log {

namespace {

spdlog::level::level_enum of_spdlog(level at) noexcept {
  static constexpr spdlog::level::level_enum levels[] = {spdlog::level::trace, spdlog::level::debug,
                                                         spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  return levels[static_cast<std::size_t>(at)];
}

}  // namespace

bool is_on(level at) noexcept { return spdlog::should_log(of_spdlog(at)); }

void write(level at, std::string_view format, std::initializer_list<argument> arguments) noexcept {
  if (!is_on(at)) return;
  try {
    std::string line;
    for (const argument& a : arguments) {
      const std::size_t place = format.find("{}");
      GATE_ASSERT(place != std::string_view::npos);
      line.append(format.substr(0, place)).append(a.text());
      format.remove_prefix(place + 2);
    }
    line.append(format);
    spdlog::default_logger_raw()->log(of_spdlog(at), spdlog::string_view_t(line.data(), line.size()));
  } catch (const std::exception&) {
    return;  // no memory for the line
  }
}

}  // namespace log

}  // namespace gate
