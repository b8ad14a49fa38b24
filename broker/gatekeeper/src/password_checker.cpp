#include "broker/gatekeeper/src/password_checker.hpp"

#include <utility>

namespace gate::security {

password_checker::password_checker(std::size_t waiting_max, unique_function<void(std::unique_ptr<hash_job>)> done)
    : done_(std::move(done)), waiting_(waiting_max), thread_([this] { work(); }) {}

password_checker::~password_checker() {
  {
    const std::lock_guard hold(lock_);
    leaving_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::unique_ptr<hash_job> password_checker::submit(const line& at, std::unique_ptr<hash_job> job) {
  std::unique_ptr<hash_job> bumped;
  {
    const std::lock_guard hold(lock_);
    bumped = waiting_.push(at, std::move(job));
  }
  wake_.notify_one();
  return bumped;
}

void password_checker::work() {
  std::unique_lock hold(lock_);
  while (true) {
    wake_.wait(hold, [this] { return leaving_ || !waiting_.empty(); });
    if (leaving_) return;
    std::unique_ptr<hash_job> job = waiting_.pop();
    hold.unlock();
    check(*job);
    done_(std::move(job));
    hold.lock();
  }
}

}  // namespace gate::security
