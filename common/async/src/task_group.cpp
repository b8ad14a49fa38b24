#include <utility>

#include <gate/assert.hpp>
#include <gate/task_group.hpp>

namespace gate {

task_group::~task_group() {
  while (!children_.empty()) {
    detail::runner::promise_type& child = children_.pop_front();
    if (!child.started) loop_.forget(child.handle());
    detail::destroy_frame(child.handle());
  }
}

void task_group::spawn(task<void> child) {
  detail::runner::promise_type& promise = run(std::move(child)).promise();
  promise.env = env{&loop_, &scope_};
  children_.push_back(promise);
  ++live_;
  loop_.ready(promise.handle());
}

detail::runner task_group::run(task<void> child) {
  try {
    co_await std::move(child);
  } catch (const cancelled&) {
    if (scope_.requested()) {
      child_cancelled_ = true;
    } else {
      failed(std::current_exception());
    }
  } catch (...) {
    failed(std::current_exception());
  }
  ended();
}

void task_group::failed(std::exception_ptr error) noexcept {
  if (!error_) error_ = std::move(error);
  scope_.cancel();
}

void task_group::ended() noexcept {
  if (--live_ > 0 || joiner_ == nullptr) return;
  std::exchange(joiner_, nullptr)->wake();
}

task<void> task_group::join() {
  while (live_ > 0) {  // a loop, since a child may be spawned after the last one ended
    joiner wait(*this);
    co_await wait;
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  if (std::exchange(child_cancelled_, false) && parent_ != nullptr && parent_->requested()) throw cancelled();
}

}  // namespace gate
