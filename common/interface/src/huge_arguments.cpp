#include "common/interface/src/huge_arguments.hpp"

#include <exception>
#include <string>
#include <utility>

#include <gate/error.hpp>
#include <gate/scope.hpp>
#include <gate/value.hpp>

#include "common/hugedata/bytes_value.hpp"

namespace gate::detail {

namespace {

// Marks the place in the list of arguments of the argument that comes in chunks.
constexpr std::string_view placeholder("\xc7\x00\x48", 3);

huge::receive_bounds with_window(huge::receive_bounds bounds, std::uint32_t bytes) {
  bounds.window_bytes = bytes;
  return bounds;
}

}  // namespace

huge_arguments::huge_arguments(call_host& host, running_call& call, loop& where, const huge::receive_bounds& bounds,
                               huge::window_budget::lease window, const huge::head& head)
    : host_(host), call_(call), window_(std::move(window)), inlet_(where, *this, with_window(bounds, window_.bytes())) {
  inlet_.begin(head);
  data_.emplace(inlet_.data());
}

void huge_arguments::arrived(const message& part) {
  if (!part.has(message_flag::no_payload)) inlet_.part(huge::chunk_of(part));
  if (part.has(message_flag::end_of_parts)) inlet_.end(part.total_bytes);
}

void huge_arguments::fail(errc why) { inlet_.fail(std::make_exception_ptr(Error(why, std::string(reason_text(why))))); }

void huge_arguments_deleter::operator()(huge_arguments* arguments) const noexcept { delete arguments; }

void running_call::open_huge(huge_arguments_ptr chunks) noexcept { huge_arguments_ = std::move(chunks); }

void running_call::deliver_chunk(const message& part) { huge_arguments_->arrived(part); }

HugeData running_call::take_huge_argument(bytes_view raw) {
  if (raw == placeholder) {
    std::optional<HugeData> data = huge_arguments_ ? huge_arguments_->take() : std::nullopt;
    if (!data) throw Error(errc::invalid_argument, "its bytes did not come");
    return std::move(*data);
  }
  return huge::bytes_of_value(raw);
}

namespace {

call_root collect(running_call& call, HugeData arriving, std::size_t bytes_max) {
  try {
    HugeData data = std::move(arriving);
    task<std::string> reading = data.to_memory(bytes_max);
    std::string raw = co_await std::move(reading);
    call.arguments = std::move(raw);
  } catch (...) {
    call.caught();
  }
  call.end_collecting();
}

}  // namespace

void running_call::collect_arguments() {
  in_transfer = true;
  launch(collect(*this, *huge_arguments_->take(), huge_.value_bytes_max));
}

void running_call::end_collecting() {
  root_ = nullptr;
  in_transfer = false;
  huge_arguments_.reset();
  host_->collected(*this);
}

}  // namespace gate::detail
