#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <gate/clock.hpp>
#include <gate/detail/credit.hpp>
#include <gate/detail/stream_core.hpp>
#include <gate/error.hpp>
#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/reply.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

#include "client/src/client_core.hpp"
#include "client/src/client_runtime.hpp"
#include "client/src/huge_upload.hpp"
#include "common/hugedata/flow_window.hpp"

namespace gate::detail {

Error table_full(const client_options& options);

// A call with more than one message in its reply or from its caller. Three parties take part: the reader, the client's
// loop, and the upload of the caller's items. The reader is a coroutine on its loop, or a thread that blocks. The
// upload runs on the reader's loop. If the two loops are one, there is no lock, and no message between loops.
//
// Items go from the client's loop to the reader in one flat buffer. The two swap buffers when the reader's is empty.
class stream_core final : public stream_events, public std::enable_shared_from_this<stream_core> {
 public:
  stream_core(call_request request, bool wants_stream);

  // --- the reader
  bool started() const noexcept { return started_; }
  bool strict() const noexcept { return strict_; }
  const call_request& request() const noexcept { return request_; }
  // The reply was one value and no stream of items: the method is no stream. Known once the item was taken.
  bool one_value() const noexcept { return one_value_; }
  // There is an item to take.
  bool available();
  // Begins the call if it has not begun. Returns false if there is an item to take, or the end: then do not wait.
  bool park(stream_wait& reader);
  void unpark() noexcept;
  std::optional<bytes_view> take();
  std::optional<bytes_view> take_blocking();
  // Call it after the end of a call that wants no stream.
  Reply take_reply();
  void drop() noexcept;

 private:
  std::unique_lock<std::mutex> lock() {
    return remote_ ? std::unique_lock(mutex_) : std::unique_lock(mutex_, std::defer_lock);
  }
  void start(loop* home);
  void resume_reader();
  void consumed(std::size_t bytes);
  instant now_of_reader() const noexcept;

  // --- the client's loop
  void begin();
  void send();
  task<void> wait_for_place();
  task<void> take_place();
  void abandon() noexcept;
  void on_part(const message& m) override;
  void on_window() override;
  void on_final(const message& m) override;
  void on_error(std::exception_ptr error) override { end(std::move(error)); }
  void end(std::exception_ptr error);
  void append(bytes_view item);
  void notify_reader();
  void end_upload();
  task<bool> push(std::string item, bool last);

  // --- the upload
  loop& upload_loop() const noexcept { return home_ != nullptr ? *home_ : core_->where(); }
  void start_upload();
  void start_huge_upload();
  static task<void> run_upload(stream_ptr self);
  static task<void> upload(stream_ptr self, std::unique_ptr<sent_items> items);
  static task<bool> push_there(stream_ptr self, std::string item, bool last);
  void upload_failed(std::exception_ptr error);

  const core_ptr core_;
  const bool wants_stream_;
  const bool has_upload_;
  const bool strict_;
  const std::uint32_t window_items_max_;
  std::uint32_t window_items_;  // the reader's, once the call has begun
  const bool window_follows_;   // of the reply: adapts, as the caller set no size and the broker knows credit
  call_request request_;
  const std::optional<std::chrono::milliseconds> budget_;  // the caller's: a wait for a place shortens request_'s

  // Set by the reader before the call begins.
  bool started_ = false;
  bool remote_ = false;        // the reader and the client are on different threads
  loop* home_ = nullptr;       // the reader's loop; null for a thread that blocks
  cancel_scope upload_scope_;  // belongs to the loop of the upload

  // For the reader only.
  std::string items_;  // each behind its length
  std::size_t read_bytes_ = 0;
  stream_wait* reader_ = nullptr;
  consumed_credit consumed_;
  instant grant_at_{};    // the latest time to grant credit, once something was consumed
  instant granted_at_{};  // the last time

  // For both; under the mutex when they are on two threads.
  std::mutex mutex_;
  std::condition_variable arrival_;
  std::string arrived_;
  bool waiting_ = false;  // the reader must be notified
  bool ended_ = false;
  bool dropped_ = false;
  bool one_value_ = false;
  std::exception_ptr error_;
  Reply reply_;

  // For the client's loop only.
  call_id call_{};
  upload_ptr huge_upload_;  // of arguments that travel in chunks
  call_place place_;
  cancel_scope place_scope_;
  bool abandoned_ = false;
  bool has_parts_ = false;
  async_event window_;  // notified when the upload may go on
  huge::flow_window flow_;
  std::atomic<std::uint32_t> grant_step_;  // the reader grants credit each time it has consumed this many bytes
};

// Owns a stream on behalf of its reader.
class stream_handle {
 public:
  explicit stream_handle(stream_ptr stream) noexcept : stream_(std::move(stream)) {}
  stream_handle(const stream_handle&) = delete;
  stream_handle& operator=(const stream_handle&) = delete;
  ~stream_handle() { stream_->drop(); }
  stream_core& operator*() const noexcept { return *stream_; }
  stream_core* operator->() const noexcept { return stream_.get(); }

 private:
  stream_ptr stream_;
};

// Waits for the end of a call that wants no stream.
class final_wait final : public stream_wait {
 public:
  using stream_wait::stream_wait;
  void await_resume() { take(); }
};

}  // namespace gate::detail
