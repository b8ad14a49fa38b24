#include "broker/gatekeeper/src/audit_trail.hpp"

#include <new>
#include <system_error>

namespace gate::security {

audit_trail::audit_trail(const std::string& path) : log_([this](std::string_view line) { file_->write(line); }) {
  if (!path.empty()) file_.emplace(path);
}

audit_trail::~audit_trail() {
  if (file_) log_.flush(std::chrono::system_clock::now());
}

void audit_trail::add(const audit_record& record) noexcept {
  const std::lock_guard hold(lock_);
  if (!file_) return;
  try {
    log_.add(record, std::chrono::system_clock::now(), std::chrono::steady_clock::now());
  } catch (const std::bad_alloc&) {
    ++lost_;
  }
}

void audit_trail::flush() noexcept {
  const std::lock_guard hold(lock_);
  if (!file_) return;
  try {
    log_.flush(std::chrono::system_clock::now());
  } catch (const std::bad_alloc&) {
    ++lost_;
  }
}

std::string audit_trail::reopen() {
  const std::lock_guard hold(lock_);
  try {
    if (file_) file_->reopen();
  } catch (const std::system_error& e) {
    return e.what();
  }
  return {};
}

std::uint64_t audit_trail::lost() const {
  const std::lock_guard hold(lock_);
  return lost_ + (file_ ? file_->lost() : 0);
}

}  // namespace gate::security
