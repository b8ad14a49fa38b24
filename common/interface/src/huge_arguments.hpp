// Receives arguments of a call that come in chunks.
#pragma once

#include <memory>
#include <optional>

#include <gate/detail/running_call.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>

#include "common/hugedata/inlet.hpp"
#include "common/hugedata/window_budget.hpp"

namespace gate::detail {

// The receiving end, as long as the call is open. Its reader is the method, or the coroutine that collects the bytes.
class huge_arguments final : private huge::inlet::events {
 public:
  huge_arguments(call_host& host, running_call& call, loop& where, const huge::receive_bounds& bounds,
                 huge::window_budget::lease window, const huge::head& head);

  // Grants the producer its window.
  void open_window() { consumed(inlet_.bounds().window_items, inlet_.first_credit()); }

  void arrived(const message& part);
  void fail(errc why);
  // The reader's side. Returns it once, then nothing.
  std::optional<HugeData> take() noexcept { return std::exchange(data_, std::nullopt); }

 private:
  void consumed(std::uint32_t items, std::uint32_t byte_count) override { host_.grant(call_, items, byte_count); }
  // The method has dropped the data, or gets the error when it reads. Both end with the call.
  void abandoned() override {}

  call_host& host_;
  running_call& call_;
  huge::window_budget::lease window_;
  huge::inlet inlet_;
  std::optional<HugeData> data_;
};

using huge_arguments_ptr = std::unique_ptr<huge_arguments, huge_arguments_deleter>;

}  // namespace gate::detail
