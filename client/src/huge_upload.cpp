#include "client/src/huge_upload.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <gate/loop.hpp>

#include "common/hugedata/source.hpp"

namespace gate::detail {

namespace {

// Bytes that are shared because a second attempt may need them.
class shared_text final : public huge_source {
 public:
  explicit shared_text(std::shared_ptr<const std::string> text) noexcept : text_(std::move(text)) {}
  bool blocking() const noexcept override { return true; }
  std::optional<std::uint64_t> total() const noexcept override { return text_->size(); }
  const std::string& etag() const noexcept override { return no_etag_; }
  std::uint64_t offset() const noexcept override { return 0; }
  bool seek(std::uint64_t offset) override {
    if (offset > text_->size()) return false;
    at_ = static_cast<std::size_t>(offset);
    return true;
  }
  huge_piece read(std::size_t bytes_max) override {
    huge_piece piece;
    piece.shared = bytes_view(*text_).substr(at_, bytes_max);
    at_ += piece.shared.size();
    return piece;
  }

 private:
  std::shared_ptr<const std::string> text_;
  std::string no_etag_;
  std::size_t at_ = 0;
};

huge::send_options options_of(huge_content content) {
  huge::send_options options;
  options.content = content;
  return options;
}

}  // namespace

huge_upload::huge_upload(core_ptr core, HugeData data, huge_content content)
    : core_(std::move(core)), out_(std::move(data), options_of(content)) {}

void huge_upload::announce(message& request) const {
  request.flags |= message_flag::client_stream;
  request.content = out_.head().content;
  request.total_bytes = out_.head().total;
  request.etag = out_.head().etag;
}

void huge_upload::start(call_id call, unique_function<void(std::exception_ptr)> failed) {
  call_ = call;
  failed_ = std::move(failed);
  spawn_detached(core_->where(), run(shared_from_this()), nobody);
}

void huge_upload::stop() noexcept {
  stopped_ = true;
  scope_.cancel();
}

task<void> huge_upload::run(std::shared_ptr<huge_upload> self) {
  cancel_scope& around = co_await this_scope();
  self->scope_.set_parent(&around);
  std::exception_ptr failure;
  task<void> work = self->send();
  try {
    co_await std::move(work).within(self->scope_);
  } catch (...) {
    failure = std::current_exception();
  }
  self->scope_.set_parent(nullptr);
  if (failure && !self->stopped_) self->failed_(failure);
  self->failed_ = {};
}

task<void> huge_upload::send() {
  for (;;) {
    task<std::optional<huge::leaving_chunk>> next = out_.next();
    const std::optional<huge::leaving_chunk> chunk = co_await std::move(next);
    if (!chunk) break;
    while (wanted() && !core_->runtime()->may_send_part(call_)) co_await window_.wait();
    if (!wanted()) co_return;
    core_->runtime()->send_part(huge::part_of(call_, *chunk));
  }
  if (!wanted()) co_return;
  message end;
  end.call = call_;
  end.flags = message_flag::end_of_parts | message_flag::no_payload;
  end.total_bytes = out_.position();
  core_->runtime()->send_part(end);
}

huge_part_of_request take_huge_part(const core_ptr& core, call_request& request, std::size_t threshold) {
  huge_part_of_request taken;
  if (request.huge) {
    taken.upload = std::make_shared<huge_upload>(core, std::move(*request.huge), request.content);
    request.huge.reset();
  } else if (request.arguments.size() > threshold && !request.items) {
    taken.text = std::make_shared<std::string>(std::move(request.arguments));
    request.arguments.clear();
    HugeData data(std::make_unique<shared_text>(taken.text), {});
    taken.upload = std::make_shared<huge_upload>(core, std::move(data), huge_content::value);
  }
  return taken;
}

}  // namespace gate::detail
