#include "common/log/src/log_writer.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "common/base/output.hpp"
#include "common/base/process_generation.hpp"

namespace gate {

struct log_writer::state {
  state(int where, std::function<std::string(std::uint64_t)> what) : descriptor(where), notice(std::move(what)) {}

  const made_in_process made;
  const int descriptor;
  const std::function<std::string(std::uint64_t)> notice;
  std::mutex mutex;
  std::condition_variable news, ended;
  std::deque<std::string> lines;  // this and all below is guarded by mutex
  std::size_t bytes = 0;
  std::uint64_t dropped = 0;  // and not reported yet
  bool finishing = false;     // no more lines are added
  bool abandoned = false;     // nobody waits for the thread
  bool over = false;          // the thread has written all that it can

  void drop_oldest() {
    bytes -= lines.front().size();
    lines.pop_front();
    ++dropped;
  }

  std::string say_dropped() const {
    try {
      return notice(dropped);
    } catch (...) {
      return "lines lost\n";  // short enough to need no memory
    }
  }

  // Waits for the next text to write. Empty at the end.
  std::string take(std::uint64_t& told) {
    std::unique_lock lock(mutex);
    news.wait(lock, [this] { return abandoned || finishing || !lines.empty(); });
    told = dropped;
    if (abandoned || (lines.empty() && dropped == 0)) return {};
    if (dropped > 0) return say_dropped();
    std::string line = std::move(lines.front());
    bytes -= line.size();
    lines.pop_front();
    return line;
  }

  void work() {
    block_all_signals();
    for (;;) {
      std::uint64_t told = 0;
      const std::string line = take(told);
      if (line.empty()) break;
      const bool written = write_fully(descriptor, line);
      const std::lock_guard lock(mutex);
      if (written) {
        dropped -= told;
      } else if (told == 0) {
        ++dropped;
      } else if (lines.empty()) {
        if (finishing) break;
      } else {
        drop_oldest();
      }
    }
    const std::lock_guard lock(mutex);
    over = true;
    ended.notify_all();
  }
};

log_writer::log_writer(int descriptor, std::function<std::string(std::uint64_t count)> dropped)
    : state_(std::make_shared<state>(descriptor, std::move(dropped))) {
  std::thread([self = state_] { self->work(); }).detach();
}

void log_writer::add(std::string line) {
  if (state_->made.gone()) return;
  const std::lock_guard lock(state_->mutex);
  if (state_->finishing) return;
  state_->bytes += line.size();
  state_->lines.push_back(std::move(line));
  while (state_->lines.size() > lines_max || (state_->bytes > bytes_max && state_->lines.size() > 1)) {
    state_->drop_oldest();
  }
  state_->news.notify_one();
}

void log_writer::finish() noexcept {
  if (state_->made.gone()) return;  // in a child of fork() there is no thread
  std::unique_lock lock(state_->mutex);
  if (state_->abandoned) return;
  state_->finishing = true;
  state_->news.notify_one();
  if (!state_->ended.wait_for(lock, patience, [this] { return state_->over; })) state_->abandoned = true;
}

}  // namespace gate
