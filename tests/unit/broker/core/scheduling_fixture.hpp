// Workers that announce their threads, the requests that they get and the replies that they send.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/unit/broker/core/core_fixture.hpp"

namespace gate::broker::testing {

// A worker that announces its threads. Its methods: `plain` and `other` use a thread, `flow` is a plain generator, `co`
// a coroutine.
inline peer_id threaded(bench& b, std::uint32_t threads, std::uint32_t capacity = 1024, bool recalls = true) {
  const peer_id id = b.open();
  descriptor d;
  d.threads = threads;
  for (const char* name : {"plain", "other", "flow", "co"}) {
    method_descriptor& m = d.methods.emplace_back();
    m.name = name;
    m.pooled = m.name != "co";
    if (m.name == "flow") m.kind = method_kind::stream;
  }
  message hello = bench::hello(peer_role::worker, "s", capacity);
  hello.capabilities = recalls ? capability::streams | capability::recall : capability::streams;
  b.core.received(id, hello, &d, b.now);
  b.verify();
  return id;
}

inline void answer(bench& b, peer_id from, std::uint64_t call, std::chrono::microseconds took) {
  message m = bench::of(message_type::final, call);
  m.payload = payload_view("result");
  m.service_time = took;
  b.receive(from, m);
}

inline std::vector<sent> requests_to(bench& b, peer_id who) {
  std::vector<sent> all = b.take(who);
  std::erase_if(all, [](const sent& s) { return s.type != message_type::request; });
  return all;
}

inline std::size_t recalls_to(bench& b, peer_id who) {
  const std::vector<sent> all = b.take(who);
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const sent& s) { return s.type == message_type::recall; }));
}

inline const ask plain{.method = "plain"};
inline const ask coroutine{.method = "co"};

}  // namespace gate::broker::testing
