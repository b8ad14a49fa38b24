#include <algorithm>
#include <chrono>

#include <gate/call.hpp>
#include <gate/detail/method.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>

#include "common/log/log.hpp"

namespace gate {

std::string_view Call::method() const noexcept { return entry_->name; }

std::optional<duration> Call::remaining() const noexcept {
  if (!deadline_) return std::nullopt;
  // loop::now() is for the loop's thread only.
  const instant now = loop_->in_loop_thread() ? loop_->now() : instant(std::chrono::steady_clock::now());
  return std::max(duration::zero(), *deadline_ - now);
}

void Call::add_trailing(std::string_view key, std::string_view value) {
  if (append_metadata(trailing_, key, value)) return;
  throw Error(errc::too_large, "the metadata '" + std::string(key.substr(0, 64)) + "' does not fit into a result");
}

void Call::log(log_level level, std::string_view text) const {
  const auto at = static_cast<log::level>(level);
  if (!log::is_on(at)) return;
  const auto number = static_cast<std::uint64_t>(request_id_);
  if (caller_.empty()) {
    log::write(at, "{}.{} [call {}] {}", {service_, entry_->name, number, text});
  } else {
    log::write(at, "{}.{} [call {}, caller {}] {}", {service_, entry_->name, number, caller_, text});
  }
}

}  // namespace gate
