// A dispatcher with a faked environment: its replies are noted, and the test opens its windows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gate/event.hpp>
#include <gate/interface.hpp>
#include <gate/loop.hpp>
#include <gate/thread_pool.hpp>
#include <gate/value.hpp>

#include "common/interface/dispatcher.hpp"
#include "tests/support/virtual_time.hpp"

namespace gate::test {

struct answer_event {
  message_type type{};
  call_id call{};
  std::string payload;
  errc status = errc::ok;
  std::string text, remote_type, metadata;
  std::uint32_t items = 0, byte_count = 0;
  bool no_payload = false;
  std::uint8_t encoding = 0;
  std::optional<std::uint64_t> total, offset, checksum;
  std::optional<huge_content> content;
  std::string etag;

  template <class T> T as() const { return decode_as<T>(payload); }
};

class fake_answers final : public answers {
 public:
  std::vector<answer_event> log;
  std::map<call_id, std::uint64_t> windows;  // items that a call may still send; not in the map: no limit
  bool channel_writable = true;
  async_event changed;

  bool window_open(call_id call) const noexcept override {
    const auto found = windows.find(call);
    return found == windows.end() || found->second > 0;
  }
  bool writable() const noexcept override { return channel_writable; }
  bool part(call_id call, payload_view item) override {
    const auto found = windows.find(call);
    if (found != windows.end()) {
      GATE_ASSERT(found->second > 0);
      --found->second;
    }
    answer_event e;
    e.type = message_type::part;
    e.call = call;
    e.payload = item.single();
    return note(std::move(e));
  }
  bool huge_part(const message& m) override {
    const auto found = windows.find(m.call);
    const bool head = m.content.has_value();
    if (found != windows.end() && !head) {
      GATE_ASSERT(found->second > 0);
      --found->second;
    }
    answer_event e;
    e.type = message_type::part;
    e.call = m.call;
    e.payload = m.payload.single();
    e.no_payload = m.has(message_flag::no_payload);
    e.encoding = m.encoding;
    e.total = m.total_bytes;
    e.offset = m.offset;
    e.checksum = m.checksum;
    e.content = m.content;
    e.etag = m.etag;
    return note(std::move(e));
  }
  bool final(const message& m) override {
    answer_event e;
    e.total = m.total_bytes;
    e.type = message_type::final;
    e.call = m.call;
    e.payload = m.payload.single();
    e.metadata = m.metadata.encoded();
    e.no_payload = m.has(message_flag::no_payload);
    return note(std::move(e));
  }
  bool error(const message& m) override {
    answer_event e;
    e.type = message_type::error;
    e.call = m.call;
    e.status = m.status;
    e.text = m.text;
    e.remote_type = m.remote_type;
    return note(std::move(e));
  }
  bool grant(call_id call, std::uint32_t items, std::uint32_t byte_count) override {
    answer_event e;
    e.type = message_type::credit;
    e.call = call;
    e.items = items;
    e.byte_count = byte_count;
    return note(std::move(e));
  }

  std::size_t count(message_type type) const {
    std::size_t n = 0;
    for (const answer_event& e : log) n += e.type == type ? 1 : 0;
    return n;
  }
  std::vector<answer_event> of(message_type type) const {
    std::vector<answer_event> some;
    for (const answer_event& e : log) {
      if (e.type == type) some.push_back(e);
    }
    return some;
  }
  std::size_t ended() const { return count(message_type::final) + count(message_type::error); }

 private:
  bool note(answer_event e) {
    log.push_back(std::move(e));
    changed.notify_all();
    return true;
  }
};

// Serves an Interface T as "demo". A `real` bench uses real time, for methods that run in the pool.
template <class T> class dispatch_bench {
 public:
  virtual_time time;
  loop here;
  T target;
  fake_answers out;
  thread_pool pool;
  dispatcher subject;

  dispatch_bench() : dispatch_bench(dispatcher_options()) {}
  explicit dispatch_bench(dispatcher_options options, std::size_t threads = 1, std::size_t queue_max = 64)
      : here(time, time), pool(threads, queue_max), subject(here, pool, target, out, named(std::move(options))) {}

  struct real_time {};
  explicit dispatch_bench(real_time, dispatcher_options options = {}, std::size_t threads = 1,
                          std::size_t queue_max = 64)
      : pool(threads, queue_max), subject(here, pool, target, out, named(std::move(options))) {}

  // A request in flight; change `m` before send().
  struct prepared {
    std::string payload, method;
    message m;
  };
  template <class... A> prepared prepare(std::string_view method, const A&... arguments) {
    prepared p;
    p.payload = encode_arguments(arguments...);
    p.method = method;
    p.m.type = message_type::request;
    p.m.call = call_id{++last_};
    return p;
  }
  call_id send(prepared& p) {
    p.m.payload = bytes_view(p.payload);
    p.m.method = p.method;
    p.m.service = "demo";
    subject.request(p.m);
    // The frame is gone now: nothing may point into it.
    p.payload.assign(p.payload.size(), '\xc1');
    return p.m.call;
  }
  template <class... A> call_id call(std::string_view method, const A&... arguments) {
    auto p = prepare(method, arguments...);
    return send(p);
  }
  template <class... A> call_id stream(std::string_view method, const A&... arguments) {
    auto p = prepare(method, arguments...);
    p.m.flags = message_flag::wants_stream;
    return send(p);
  }
  template <class... A> answer_event answer(std::string_view method, const A&... arguments) {
    const std::size_t before = out.ended();
    call(method, arguments...);
    await_ends(before + 1);
    return out.log.back();
  }
  void item(call_id call, const std::string& payload) {
    message m;
    m.type = message_type::part;
    m.call = call;
    m.payload = bytes_view(payload);
    subject.part(m);
  }
  void end_of_items(call_id call) {
    message m;
    m.type = message_type::part;
    m.call = call;
    m.flags = message_flag::end_of_parts | message_flag::no_payload;
    subject.part(m);
  }
  void open_window(call_id call, std::uint64_t items) {
    out.windows[call] += items;
    subject.window_opened(call);
  }

  // Runs the loop until `count` calls have been answered, `count` items were sent, or no method runs.
  void await_ends(std::size_t count) {
    if (out.ended() < count) here.run(ends(out, count));
  }
  void await_items(std::size_t count) {
    if (out.count(message_type::part) < count) here.run(items(out, count));
  }
  void await_idle() { here.run(subject.idle()); }
  // Lets everything run that is ready.
  void settle() { here.run(turns()); }

 private:
  static dispatcher_options named(dispatcher_options o) {
    if (o.service.empty()) o.service = "demo";
    return o;
  }
  static task<void> ends(fake_answers& out, std::size_t count) {
    while (out.ended() < count) co_await out.changed.wait();
  }
  static task<void> items(fake_answers& out, std::size_t count) {
    while (out.count(message_type::part) < count) co_await out.changed.wait();
  }
  static task<void> turns() {
    for (int i = 0; i < 20; ++i) co_await yield();
  }
  std::uint64_t last_ = 0;
};

}  // namespace gate::test
