#include "common/hugedata/inlet.hpp"

#include <string>
#include <utility>

#include <gate/error.hpp>

#include "common/base/process_generation.hpp"
#include "common/hugedata/source.hpp"
#include "common/hugedata/src/receiver.hpp"

namespace gate::huge {

namespace {

// The reader's side of a transfer. In a child of fork() no more bytes come, and a thread that does not exist there may
// hold the receiver's mutex. So reading fails there, and does not touch the receiver.
class received_source final : public detail::huge_source {
 public:
  explicit received_source(std::shared_ptr<receiver> from) noexcept : receiver_(std::move(from)) {}
  ~received_source() override {
    give_up();
    if (accounted_ != 0) receiver_->bounds().account->give_back(accounted_);
  }

  bool blocking() const noexcept override { return false; }
  std::optional<std::uint64_t> total() const noexcept override { return receiver_->head().total; }
  const std::string& etag() const noexcept override { return receiver_->head().etag; }
  std::uint64_t offset() const noexcept override { return receiver_->head().offset; }
  bool seek(std::uint64_t offset) override { return offset == receiver_->head().offset; }

  task<std::optional<std::string>> next() override {
    if (made_.gone()) {
      throw Error(errc::unavailable, "this HugeData was opened before fork(), and belongs to the parent: call again",
                  origin::local, {}, retry_class::never);
    }
    bool there = receiver_->available();
    while (!there) {
      co_await receiver_->arrival();
      there = receiver_->available();
    }
    co_return receiver_->take();
  }

  void give_up() noexcept override {
    if (!made_.gone()) receiver_->drop();
  }
  bool fed_by_this_thread() const override { return !made_.gone() && receiver_->on_its_own_thread(); }
  bool account(std::uint64_t bytes) noexcept override {
    const auto& counted = receiver_->bounds().account;
    if (counted == nullptr) return true;
    if (!counted->take(bytes)) return false;
    accounted_ += bytes;
    return true;
  }

 private:
  const made_in_process made_;
  const std::shared_ptr<receiver> receiver_;
  std::uint64_t accounted_ = 0;
};

}  // namespace

bool memory_account::take(std::uint64_t bytes) noexcept {
  const std::uint64_t before = held_.fetch_add(bytes, std::memory_order_relaxed);
  if (bytes <= bytes_max_ && before <= bytes_max_ - bytes) return true;
  give_back(bytes);
  return false;
}

void memory_account::give_back(std::uint64_t bytes) noexcept { held_.fetch_sub(bytes, std::memory_order_relaxed); }

inlet::inlet(loop& where, events& told, receive_bounds bounds, thread_pool* pool)
    : receiver_(std::make_shared<receiver>(where, told, std::move(bounds), pool)) {}
inlet::inlet(inlet&& other) noexcept : receiver_(std::move(other.receiver_)) {}
inlet& inlet::operator=(inlet&& other) noexcept {
  if (this != &other) {
    if (receiver_ != nullptr) receiver_->detach();
    receiver_ = std::move(other.receiver_);
  }
  return *this;
}
inlet::~inlet() {
  if (receiver_ != nullptr) receiver_->detach();
}

bool inlet::begin(const head& h) { return receiver_->begin(h); }
HugeData inlet::data() { return HugeData(std::make_unique<received_source>(receiver_), {}); }
bool inlet::part(const arrived_chunk& chunk) { return receiver_->part(chunk); }
bool inlet::end(std::optional<std::uint64_t> total) { return receiver_->end(total); }
std::uint32_t inlet::first_credit() noexcept { return receiver_->first_credit(); }
void inlet::fail(std::exception_ptr why) { receiver_->fail(std::move(why)); }
const receive_bounds& inlet::bounds() const noexcept { return receiver_->bounds(); }

}  // namespace gate::huge
