#include "broker/src/security/password_checker.hpp"

#include <utility>

namespace gate::security {

password_checker::password_checker(std::size_t waiting_max, unique_function<void(std::unique_ptr<hash_job>)> done)
    : waiting_max_(waiting_max), done_(std::move(done)), thread_([this] { work(); }) {}

password_checker::~password_checker() {
  {
    const std::lock_guard hold(lock_);
    leaving_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool password_checker::submit(std::unique_ptr<hash_job> job) {
  {
    const std::lock_guard hold(lock_);
    if (waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void password_checker::work() {
  std::unique_lock hold(lock_);
  while (true) {
    wake_.wait(hold, [this] { return leaving_ || !waiting_.empty(); });
    if (leaving_) return;
    std::unique_ptr<hash_job> job = std::move(waiting_.front());
    waiting_.pop_front();
    hold.unlock();
    check(*job);
    done_(std::move(job));
    hold.lock();
  }
}

}  // namespace gate::security
