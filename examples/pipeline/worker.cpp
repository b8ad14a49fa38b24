// A worker that calls another service: it counts the matches of log_search by file.
// usage: pipeline-worker [FLAGS] [FRONTEND]   (the broker's address for clients)
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gate/client.hpp>
#include <gate/run_worker.hpp>

#include "examples/log_search/match.hpp"

class Pipeline : public gate::Worker {
 public:
  explicit Pipeline(std::vector<std::string> arguments) {
    if (arguments.size() > 1) throw std::invalid_argument("one argument: the broker's address for clients");
    if (!arguments.empty()) frontend_ = std::move(arguments.front());
  }

  GATE_INTERFACE(count_by_file)
  GATE_DOC(count_by_file, "how many lines of each file contain a text", text)

  // [start]
  // The client uses the worker's own loop: its calls need no other thread.
  gate::task<void> on_start() override {
    gate::loop& here = co_await gate::this_loop();
    client_.emplace(here, frontend_);
  }
  gate::task<void> on_stop() override {
    client_.reset();
    co_return;
  }
  // [/start]

  // [count_by_file]
  // If the caller gives up, this method is cancelled, and so is the search. An error of the search goes to the caller.
  gate::task<std::map<std::string, std::uint64_t>> count_by_file(gate::Call& call, std::string text) {
    std::map<std::string, std::uint64_t> counts;
    gate::PendingCall search = (*client_)["log_search"]["find"](text);
    if (const auto left = call.remaining()) search = std::move(search).within(in_milliseconds(*left));
    auto matches = std::move(search).stream<log_search::match>();
    while (auto m = co_await matches.next()) ++counts[m->file];
    co_return counts;
  }
  // [/count_by_file]

 private:
  static std::chrono::milliseconds in_milliseconds(gate::duration time) {
    return std::chrono::ceil<std::chrono::milliseconds>(time);
  }

  std::string frontend_ = "tcp://127.0.0.1:5555";
  std::optional<gate::Client> client_;
};

int main(int argc, char** argv) { return gate::run_worker<Pipeline>(argc, argv); }
