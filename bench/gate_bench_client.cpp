// The client of the benchmark. It uses the public interface only: one loop, and one coroutine for each call in flight.
#include <deque>
#include <string>
#include <vector>

#include <gate/client.hpp>
#include <gate/credentials.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>

#include "bench/harness.hpp"

namespace {

using gate::bench::arguments;

// One slot of the closed loop: makes a call, checks the result, and makes the next call.
gate::task<void> keep_calling(gate::Method echo, gate::bytes payload, gate::bench::meter& meter) {
  for (bool more = true; more;) {
    const std::uint64_t issued_at = gate::bench::now_ns();
    const gate::bytes got = co_await echo(payload).as<gate::bytes>();
    more = meter.complete(issued_at, gate::bench::is_echo(got, payload));
  }
}

gate::task<void> run_echo(const arguments& a, std::deque<gate::Client>& clients) {
  gate::bench::meter meter(a);
  const gate::env here = co_await gate::current_env();
  gate::task_group callers(here);
  std::uint64_t slot = 0;
  const std::string method = a.workload == "W8" ? "plain_echo" : "echo";
  for (gate::Client& client : clients) {
    for (std::size_t k = 0; k < a.in_flight; ++k) {
      gate::bytes payload = gate::bench::echo_payload(a.size_bytes);
      gate::bench::put_tag(payload, slot++);
      callers.spawn(keep_calling(client["bench"][method], std::move(payload), meter));
    }
  }
  co_await callers.join();
  meter.report();
}

gate::task<std::uint64_t> read_stream(gate::Client& client, std::uint64_t items, std::uint64_t size) {
  auto stream = client["bench"]["stream"](items, size).stream<gate::bytes>();
  std::uint64_t seen = 0, errors = 0;
  while (auto item = co_await stream.next()) {
    if (item->size() != size || gate::bench::tag_of(*item) != seen) ++errors;
    ++seen;
  }
  co_return errors + (seen == items ? 0 : 1);
}

gate::task<void> run_stream(const arguments& a, gate::Client& client) {
  const std::uint64_t warm_up_errors = co_await read_stream(client, 1000, a.size_bytes);
  gate::bench::transfer measured;
  measured.begin();
  const std::uint64_t errors = co_await read_stream(client, a.items, a.size_bytes);
  measured.end();
  measured.report(a, a.items, a.items * a.size_bytes, warm_up_errors + errors);
}

gate::task<std::uint64_t> read_blob(gate::Client& client, std::string kind, std::uint64_t size) {
  const bool random = kind == "random";
  gate::HugeData blob = co_await client["bench"]["blob"](kind, size).huge();
  std::uint64_t seen = 0, errors = 0;
  while (auto chunk = co_await blob.next()) {
    if (!gate::bench::is_blob(random, seen, *chunk)) ++errors;
    seen += chunk->size();
  }
  co_return errors + (seen == size ? 0 : 1);
}

gate::task<void> run_blob(const arguments& a, gate::Client& client) {
  const std::uint64_t warm_up_errors = co_await read_blob(client, a.kind, 64u << 10);
  gate::bench::transfer measured;
  measured.begin();
  const std::uint64_t errors = co_await read_blob(client, a.kind, a.size_bytes);
  measured.end();
  measured.report(a, 1, a.size_bytes, warm_up_errors + errors);
}

gate::task<void> run_idle(const arguments& a, std::deque<gate::Client>& clients) {
  const gate::bytes payload = gate::bench::echo_payload(a.size_bytes);
  for (gate::Client& client : clients) {
    const gate::bytes got = co_await client["bench"]["echo"](payload).as<gate::bytes>();
    if (!gate::bench::is_echo(got, payload)) gate::bench::fail("a wrong echo");
  }
  gate::bench::say("BEGIN");
  co_await gate::sleep_for(std::chrono::duration_cast<gate::duration>(std::chrono::duration<double>(a.duration_s)));
  gate::bench::say("END");
  gate::bench::report_idle(a, clients.size());
}

gate::task<void> run(gate::loop& loop, const arguments& a) {
  std::deque<gate::Client> clients;
  gate::client_options options(a.endpoint);
  options.credentials = gate::credentials::from_environment();
  for (std::size_t i = 0; i < a.connections; ++i) clients.emplace_back(loop, options);
  if (a.workload == "W5") {
    co_await run_stream(a, clients.front());
  } else if (a.workload == "idle") {
    co_await run_idle(a, clients);
  } else if (a.workload.starts_with("W6")) {
    co_await run_blob(a, clients.front());
  } else {
    co_await run_echo(a, clients);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const arguments a = gate::bench::parse(argc, argv);
  gate::bench::arm_watchdog(a);
  try {
    gate::loop loop;
    loop.run(run(loop, a));
  } catch (const std::exception& e) {
    gate::bench::fail(e.what());
  }
  return 0;
}
