#include "common/hugedata/outlet.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <gate/assert.hpp>
#include <gate/event.hpp>
#include <gate/scope.hpp>
#include <gate/task_group.hpp>

#include "common/hugedata/source.hpp"
#include "common/hugedata/src/sender.hpp"

namespace gate::huge {

namespace {

// Reads an asynchronous source on the loop, a chunk's worth at a time, as long as there is room. Lives as long as the
// outlet.
class feeder {
 public:
  feeder(HugeData source, std::shared_ptr<sender> to, const env& here)
      : source_(std::move(source)), to_(std::move(to)), group_(here) {
    group_.spawn(run());
  }
  void made_room() noexcept { room_.set(); }

 private:
  task<void> run() {
    try {
      co_await feed_all();
    } catch (...) {
      to_->fail(std::current_exception());
    }
  }

  task<void> feed_all() {
    bool more = true;
    while (more) {
      bool room = to_->has_room();
      while (!room) {
        room_.reset();
        co_await room_.wait();
        room = to_->has_room();
      }
      std::string raw = co_await collect();
      more = !raw.empty();
      if (!to_->feeds_in_order() || to_->pool() == nullptr) {
        to_->feed(std::move(raw));
        continue;
      }
      auto job = [to = to_.get(), &raw] { to->feed(std::move(raw)); };
      bool fed = true;
      try {
        auto work = to_->pool()->run(std::move(job));
        co_await work;
      } catch (const pool_full&) {
        fed = false;
      }
      if (!fed) to_->feed(std::move(raw));  // on the loop, since the pool has no thread for it
    }
  }

  // Returns a chunk's worth of bytes; less only at the end.
  task<std::string> collect() {
    const std::size_t wanted = to_->chunk_bytes();
    std::string raw;
    while (raw.size() < wanted && !ended_) {
      if (used_ == piece_.size()) {
        auto next = co_await source_.source().next();
        ended_ = !next.has_value();
        piece_ = ended_ ? std::string() : std::move(*next);
        used_ = 0;
      }
      if (raw.empty() && used_ == 0 && piece_.size() <= wanted) {
        raw = std::exchange(piece_, {});
        continue;
      }
      const std::size_t taken = std::min(wanted - raw.size(), piece_.size() - used_);
      raw.append(piece_, used_, taken);
      used_ += taken;
    }
    co_return raw;
  }

  HugeData source_;
  const std::shared_ptr<sender> to_;
  async_event room_;
  std::string piece_;
  std::size_t used_ = 0;
  bool ended_ = false;
  task_group group_;  // last, and so destroyed first: its coroutine uses the others
};

std::uint8_t encoding_for(std::uint8_t accept) noexcept {
  if (accept == 0 || (accept & payload_encoding::zstd) != 0) return payload_encoding::plain;  // each chunk has its own
  for (const std::uint8_t one : {payload_encoding::gzip, payload_encoding::bz2, payload_encoding::lzma}) {
    if ((accept & one) != 0) return one;
  }
  return payload_encoding::plain;
}

}  // namespace

struct outlet::state {
  state(HugeData d, send_options o, thread_pool* p) : options(o), pool(p), data(std::move(d)) {
    begins.content = options.content;
    begins.encoding = encoding_for(options.accept);
    describe();
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    // Jobs that run will end, and start no others.
    if (making != nullptr) making->fail(std::make_exception_ptr(cancelled()));
  }
  void describe() {
    begins.total = data->total();
    begins.etag = data->etag();
    begins.offset = data->offset();
  }

  const send_options options;
  thread_pool* const pool;
  std::optional<HugeData> data;  // until it begins
  huge::head begins;
  std::shared_ptr<sender> making;
  std::unique_ptr<feeder> feeding;
};

outlet::outlet(HugeData data, send_options options, thread_pool* pool)
    : state_(std::make_unique<state>(std::move(data), options, pool)) {}
outlet::outlet(outlet&& other) noexcept = default;
outlet& outlet::operator=(outlet&& other) noexcept = default;
outlet::~outlet() = default;

void outlet::resume(std::uint64_t offset, std::string_view etag) {
  GATE_ASSERT(state_->making == nullptr);
  if (etag.empty() || etag != state_->begins.etag || whole_stream(state_->begins.encoding)) return;
  if (state_->data->source().seek(offset)) state_->describe();
}

const huge::head& outlet::head() const noexcept { return state_->begins; }

task<std::optional<leaving_chunk>> outlet::next() {
  state& s = *state_;
  if (s.making == nullptr) {
    s.making = std::make_shared<sender>(s.data->options(), s.options, s.begins, s.pool);
    s.making->started_at(s.begins.offset);
    HugeData data = std::move(*s.data);
    s.data.reset();
    if (data.source().blocking()) {
      s.making->read_from(std::move(data));
      s.making->pump();
    } else {
      const env here = co_await current_env();
      s.feeding = std::make_unique<feeder>(std::move(data), s.making, here);
    }
  }
  bool there = s.making->available();
  while (!there) {
    // A compressed stream makes room also when it takes bytes without giving any.
    if (s.feeding != nullptr) s.feeding->made_room();
    co_await s.making->arrival();
    there = s.making->available();
  }
  std::optional<leaving_chunk> chunk = s.making->take();
  if (s.feeding != nullptr) s.feeding->made_room();
  co_return chunk;
}

bool outlet::ready() const noexcept { return state_->making != nullptr && state_->making->ready(); }

std::uint64_t outlet::position() const noexcept {
  return state_->making != nullptr ? state_->making->position() : state_->begins.offset;
}

}  // namespace gate::huge
