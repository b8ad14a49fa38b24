// A call that has chunks: its arguments are sent in chunks, or its reply comes or may come in chunks. The client's loop
// only.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <gate/detail/call_wait.hpp>
#include <gate/event.hpp>
#include <gate/huge_data.hpp>
#include <gate/reply.hpp>
#include <gate/task.hpp>

#include "client/src/client_core.hpp"
#include "client/src/client_runtime.hpp"
#include "client/src/huge_upload.hpp"
#include "common/hugedata/inlet.hpp"

namespace gate::detail {

class huge_call final : public stream_events,
                        private huge::inlet::events,
                        public std::enable_shared_from_this<huge_call> {
 public:
  // What the caller waits for: the whole value, collected; or the HugeData, as soon as the reply begins.
  enum class result : std::uint8_t { value, data };

  huge_call(core_ptr core, result wanted) noexcept : core_(std::move(core)), wanted_(wanted) {}

  // Begins the call. The caller then waits for settled().
  void begin(message request, upload_ptr upload);
  // Takes over a call whose reply turns out to come in chunks, and tells `caller` its end, unless it forsakes the call.
  void adopt(call_id call, call_wait& caller) noexcept;

  async_event& settled() noexcept { return settled_; }
  // Call one of these after settled(), once. They throw the error that the call failed with.
  Reply take_reply();
  HugeData take_data();
  // The caller does not wait any more.
  void forsake() noexcept;

  void on_part(const message& m) override;
  void on_window() override;
  void on_final(const message& m) override;
  void on_error(std::exception_ptr error) override;

 private:
  void consumed(std::uint32_t items, std::uint32_t byte_count) override;
  void abandoned() override;

  // The link from the coroutine that collects to this object. The runtime owns this object until the call has ended;
  // `kept` owns it from then on.
  struct collecting {
    std::weak_ptr<huge_call> to;
    std::shared_ptr<huge_call> kept;
  };
  void open(const message& head);
  static task<void> collect(std::shared_ptr<collecting> known, HugeData data, std::size_t bytes_max);
  void keep() noexcept;
  void collected(std::string payload, std::exception_ptr failure);
  HugeData bytes_of(const Reply& reply) const;
  void settle(std::exception_ptr error);
  void cancel() noexcept;

  core_ptr core_;
  const result wanted_;
  std::string called_;  // "service.method", if begin() began the call
  call_id call_{};
  call_wait* caller_ = nullptr;
  upload_ptr upload_;
  huge::window_budget::lease window_;
  std::optional<huge::inlet> inlet_;
  huge_content content_ = huge_content::raw;
  std::weak_ptr<collecting> collector_;
  bool collecting_ = false;
  Reply final_;  // the reply without its result
  async_event settled_;
  std::optional<Reply> reply_;
  std::optional<HugeData> data_;
  std::exception_ptr error_;
};

// Whether the arguments of a call without a HugeData are sent in chunks.
bool takes_long_way(const call_request& request, std::uint32_t flags) noexcept;
// Makes the call. Await it on the client's loop.
task<Reply> call_in_chunks(call_request request);

}  // namespace gate::detail
