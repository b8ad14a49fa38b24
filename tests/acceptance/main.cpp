// gate-acceptance: checks with real processes that the project keeps its promises. scripts/acceptance runs it.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "tests/acceptance/report.hpp"

namespace gate::acceptance {

void report::line(std::string_view what, const std::string& figure, const std::string& bar, bool ok) {
  std::cout << what << '\t' << figure << '\t' << bar << '\t' << (ok ? "ok" : "short") << std::endl;
  all_ok_ = all_ok_ && ok;
}

void report::skip(std::string_view what, const std::string& why) {
  std::cout << what << '\t' << why << '\t' << "-" << '\t' << "skipped" << std::endl;
}

std::string in_words(std::chrono::duration<double> time) {
  char text[32];
  const double seconds = time.count();
  if (seconds < 1) {
    std::snprintf(text, sizeof text, "%.1f ms", seconds * 1000);
  } else {
    std::snprintf(text, sizeof text, "%.2f s", seconds);
  }
  return text;
}

std::string in_mebibytes(double byte_count) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", byte_count / (1 << 20));
  return text;
}

double growth(std::size_t then, std::size_t now) { return now > then ? static_cast<double>(now - then) : 0; }

const std::vector<point>& points() {
  static const std::vector<point> all = [] {
    std::vector<point> known{
        {"core", "killed-worker", "kill -9 of a worker with 100 calls in hand", killed_worker},
        {"core", "frozen-worker", "SIGSTOP of a worker with 100 calls in hand", frozen_worker},
        {"core", "restarted-broker", "kill -9 and restart of the broker under load", restarted_broker},
        {"core", "stalled-consumer", "a consumer that reads nothing of a stream of 1,000,000 items", stalled_consumer},
        {"core", "full-queue", "10,000 calls to a worker that takes one at a time, with queue_max = 1000", full_queue},
        {"core", "garbage", "random, truncated, oversized and wrong messages at both ports", garbage},
        {"core", "million-frames", "messages of a million frames", million_frames},
        {"dialects", "captured-gate-rpc", "what gate-rpc 0.2.12 put on the wire, said again", captured_gaterpc},
        {"dialects", "majordomo-tools", "the parts of the ZeroMQ guide's mdclient, mdclient2 and mdworker",
         majordomo_tools},
        {"dialects", "wrong-dialects", "peers that change their dialect, and peers that speak none", wrong_dialects},
        {"dialects", "python-peers", "the Python examples with C++ peers", python_peers},
        {"dialects", "mixed-workers", "a Python worker and a C++ worker under one name", mixed_workers},
        {"dialects", "mixed-huge", "HugeData of a Python worker and a C++ worker under one name", mixed_huge},
        {"hugedata", "gate-rpc-codecs", "HugeData between Python and C++, in all three compressions", mixed_huge},
        {"dialects", "killed-python-worker", "kill -9 of a Python worker with calls in hand", killed_python_worker},
        {"hugedata", "large-file", "a file of 4 GiB from disk to disk", large_file},
        {"hugedata", "small-calls", "small calls beside a transfer on one connection", small_calls},
        {"hugedata", "many-transfers", "1000 transfers one after another, and 100 at once", many_transfers},
        {"hugedata", "ended-transfers", "transfers that nobody wants any more", ended_transfers},
    };
    const std::vector<point> attacks = security_points();
    known.insert(known.end(), attacks.begin(), attacks.end());
    return known;
  }();
  return all;
}

}  // namespace gate::acceptance

int main(int argc, char** argv) {
  using namespace gate::acceptance;
  const std::string asked = argc == 2 ? argv[1] : "";
  if (asked == "--list") {
    for (const point& each : points()) std::cout << each.set << '\t' << each.name << '\t' << each.about << '\n';
    return EXIT_SUCCESS;
  }
  const auto found =
      std::find_if(points().begin(), points().end(), [&](const point& each) { return each.name == asked; });
  if (found == points().end()) {
    std::cerr << "usage: gate-acceptance --list | POINT\n";
    return 2;
  }
  try {
    report to;
    found->run(to);
    return to.all_ok() ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& e) {
    std::cerr << "gate-acceptance: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
