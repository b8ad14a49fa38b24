// A broker with methods and hooks of its own. It does all that gate-broker does, and has three more methods:
//
//   custom-broker [the flags of gate-broker]
//   gate call gate.uptime
//   gate call gate.slowest 5
//   gate call gate.watch --stream --timeout 1h
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gate/async_generator.hpp>
#include <gate/event.hpp>
#include <gate/run_broker.hpp>

namespace custom_broker {

// [broker]
struct slow_call {
  std::string service, method, caller, status;
  std::int64_t total_us = 0, queued_us = 0;
  MSGPACK_DEFINE_MAP(service, method, caller, status, total_us, queued_us)
};

class WatchfulBroker : public gate::Broker {
 public:
  using Broker::Broker;

 private:
  // Short methods on the broker's own loop: they share members with the hooks, without a lock.
  GATE_INTERFACE_ON(gate::run_on::loop, uptime, slowest)
  GATE_INTERFACE(watch)
  GATE_DOC(uptime, "seconds since the broker started")
  GATE_DOC(slowest, "the slowest requests so far, the slowest first", count)
  GATE_DOC(watch, "workers that come, leave and stall, as it happens")

  double uptime() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

  std::vector<slow_call> slowest(gate::Call& call, std::uint32_t count) const {
    call.log(gate::log_level::info, "asked from " + std::string(call.address()));
    const auto kept = static_cast<std::ptrdiff_t>(std::min<std::size_t>(count, slowest_.size()));
    return {slowest_.begin(), slowest_.begin() + kept};
  }

  // A stream without an end: it ends when its caller gives it up, or the broker stops.
  gate::async_generator<std::string> watch() {
    const watcher_place place(watchers_);
    watcher& mine = place.mine();
    mine.lines.emplace_back("watching");
    for (;;) {
      while (!mine.lines.empty()) {
        std::string line = std::move(mine.lines.front());
        mine.lines.pop_front();
        co_yield std::move(line);
      }
      if (leaving_) co_return;
      mine.news.reset();
      co_await mine.news.wait();
    }
  }
  // [/broker]

  // [hooks]
  void on_request_done(const request_record& r) override {
    if (r.service == "gate") return;  // calls to this broker's own methods do not count
    if (slowest_.size() == slowest_max && r.total_time.count() <= slowest_.back().total_us) return;
    slow_call fresh;
    fresh.service = r.service;
    fresh.method = r.method;
    fresh.caller = r.caller;
    fresh.status = gate::to_string(r.status);
    fresh.total_us = r.total_time.count();
    fresh.queued_us = r.queue_time.count();
    const auto slower = [](const slow_call& a, const slow_call& b) { return a.total_us > b.total_us; };
    slowest_.insert(std::upper_bound(slowest_.begin(), slowest_.end(), fresh, slower), std::move(fresh));
    if (slowest_.size() > slowest_max) slowest_.pop_back();
  }

  void on_worker_up(const worker_event& w) override { tell("up", w, w.address); }
  void on_worker_down(const worker_event& w, std::string_view why) override { tell("down", w, why); }
  void on_worker_stalled(const worker_event& w, bool stalled) override { tell(stalled ? "stalled" : "ready", w, {}); }

  void on_drain() override {
    leaving_ = true;
    for (watcher& each : watchers_) each.news.set();
  }
  // [/hooks]

  // A slow watcher misses the oldest lines: a hook must not wait, and must not keep lines without a limit.
  static constexpr std::size_t lines_max = 1000;
  static constexpr std::size_t slowest_max = 100;

  struct watcher {
    std::deque<std::string> lines;
    gate::async_event news;
  };
  // A watcher is in the list as long as its stream lives.
  class watcher_place {
   public:
    explicit watcher_place(std::list<watcher>& all) : all_(all), at_(all.emplace(all.end())) {}
    watcher_place(const watcher_place&) = delete;
    watcher_place& operator=(const watcher_place&) = delete;
    ~watcher_place() { all_.erase(at_); }
    watcher& mine() const noexcept { return *at_; }

   private:
    std::list<watcher>& all_;
    std::list<watcher>::iterator at_;
  };

  void tell(std::string_view what, const worker_event& w, std::string_view more) {
    std::string line(what);
    line.append(" ").append(w.service).append(" ").append(w.name);
    if (!more.empty()) line.append(": ").append(more);
    for (watcher& each : watchers_) {
      if (each.lines.size() == lines_max) each.lines.pop_front();
      each.lines.push_back(line);
      each.news.set();
    }
  }

  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::vector<slow_call> slowest_;  // the slowest first
  std::list<watcher> watchers_;
  bool leaving_ = false;
};

}  // namespace custom_broker

int main(int argc, char** argv) { return gate::run_broker<custom_broker::WatchfulBroker>(argc, argv); }
