// Sends arguments in chunks, as fast as the worker takes them. The client's loop only.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include <gate/event.hpp>
#include <gate/huge_data.hpp>
#include <gate/protocol.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>
#include <gate/unique_function.hpp>

#include "client/src/client_core.hpp"
#include "common/hugedata/outlet.hpp"

namespace gate::detail {

class huge_upload final : public std::enable_shared_from_this<huge_upload> {
 public:
  huge_upload(core_ptr core, HugeData data, huge_content content);

  // Writes into the request that the arguments follow in chunks, and what is known of them.
  void announce(message& request) const;
  // Call it when the request was sent as `call`. `failed` is called if the source fails, unless stop() came first.
  void start(call_id call, unique_function<void(std::exception_ptr)> failed);
  void on_window() noexcept { window_.notify_all(); }
  // The call has ended.
  void stop() noexcept;

 private:
  static task<void> run(std::shared_ptr<huge_upload> self);
  task<void> send();
  bool wanted() const noexcept { return !stopped_ && core_->runtime() != nullptr; }

  core_ptr core_;
  cancel_scope scope_;  // destroyed after the source and whatever else runs in it
  huge::outlet out_;
  call_id call_{};
  unique_function<void(std::exception_ptr)> failed_;
  async_event window_;
  bool stopped_ = false;
};

using upload_ptr = std::shared_ptr<huge_upload>;

// Takes the arguments out of the request if they must be sent in chunks: a HugeData, or all arguments together if they
// have more than `threshold` bytes. In the second case `text` holds them, for a second attempt without chunks.
struct huge_part_of_request {
  upload_ptr upload;
  std::shared_ptr<std::string> text;
};
huge_part_of_request take_huge_part(const core_ptr& core, call_request& request, std::size_t threshold);

}  // namespace gate::detail
