// Arguments of a call that come in chunks.
#pragma once

#include <memory>
#include <optional>

#include <gate/detail/running_call.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>

#include "common/hugedata/inlet.hpp"
#include "common/hugedata/window_budget.hpp"

namespace gate::detail {

// The receiving end, for as long as the call is open; its reader is the method, or whoever collects.
class huge_arguments final : private huge::inlet::events {
 public:
  huge_arguments(call_host& host, running_call& call, loop& where, const huge::receive_bounds& bounds,
                 huge::window_budget::lease window, const huge::head& head);

  // The window that its producer is to be granted.
  void open_window() { consumed(inlet_.bounds().window_items, inlet_.first_credit()); }

  void arrived(const message& part);
  void fail(errc why);
  // The reader's side, once; nothing when it was taken.
  std::optional<HugeData> take() noexcept { return std::exchange(data_, std::nullopt); }

 private:
  void consumed(std::uint32_t items, std::uint32_t byte_count) override { host_.grant(call_, items, byte_count); }
  // The method has dropped it, or is told what is wrong with it: either way its end is the call's.
  void abandoned() override {}

  call_host& host_;
  running_call& call_;
  huge::window_budget::lease window_;
  huge::inlet inlet_;
  std::optional<HugeData> data_;
};

using huge_arguments_ptr = std::unique_ptr<huge_arguments, huge_arguments_deleter>;

}  // namespace gate::detail
