#include <gate/cross_loop.hpp>

namespace gate {

loop_thread::loop_thread() : thread_([this] { loop_.run(serve()); }) {}

loop_thread::~loop_thread() {
  loop_.post([this] { stop_.set(); });
  thread_.join();
}

task<void> loop_thread::serve() {
  co_await stop_.wait();
  loop_.close_detached();
  loop_.when_detached_end([this] { idle_.set(); });
  co_await idle_.wait();
}

}  // namespace gate
