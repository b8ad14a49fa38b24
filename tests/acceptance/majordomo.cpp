// The programs of the ZeroMQ guide's Majordomo, frame by frame. One port serves both roles. mdclient sends and waits,
// mdclient2 sends all requests before it reads, mdworker takes one request at a time.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <unistd.h>

#include "tests/acceptance/report.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"

namespace gate::acceptance {

using namespace gate::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr int one_by_one = 10'000;
constexpr int at_once = 100'000;
constexpr double peak_bytes_max = 256 << 20;

// The commands of one version.
struct version {
  const char* name;
  bool second;

  frames request(const std::string& service, const std::string& body) const {
    return second ? frames{"MDPC02", "\1", service, body} : frames{"", "MDPC01", service, body};
  }
  frames reply(const std::string& service, const std::string& body) const {
    return second ? frames{"MDPC02", "\3", service, body} : frames{"", "MDPC01", service, body};
  }
  frames ready(const std::string& service) const {
    return second ? frames{"MDPW02", "\1", service} : frames{"", "MDPW01", "\1", service};
  }
  frames heartbeat() const { return second ? frames{"MDPW02", "\5"} : frames{"", "MDPW01", "\4"}; }
  std::string final_word() const { return second ? "\4" : "\3"; }
  std::size_t word_at() const { return second ? 1 : 2; }
};

constexpr version versions[]{{"MDP/0.1", false}, {"MDP/0.2", true}};

// mdworker: echoes one request after the other.
class mdworker {
 public:
  mdworker(const version& speaks, const std::string& endpoint) : speaks_(speaks), peer_(endpoint) {
    peer_.send(speaks_.ready("echo"));
    thread_ = std::thread([this] { serve(); });
  }
  mdworker(const mdworker&) = delete;
  mdworker& operator=(const mdworker&) = delete;
  ~mdworker() {
    stop_ = true;
    thread_.join();
  }

 private:
  void serve() {
    while (!stop_) {
      std::optional<frames> message = peer_.receive(50ms);
      if (!message) continue;
      if (*message != speaks_.heartbeat()) message->at(speaks_.word_at()) = speaks_.final_word();
      peer_.send(*message);  // answers a heartbeat with a heartbeat
    }
  }

  const version& speaks_;
  raw_dealer peer_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// A gate-broker with one address for both roles. Its calls wait for workers.
struct one_port {
  one_port() : broker(addresses{address(), address()}) {}
  static std::string address() {
    static const std::string all = "ipc://@gate-acceptance-" + std::to_string(::getpid());
    return all;
  }
  broker_program broker;
};

std::string rate(int calls, clock::duration took) {
  const double seconds = std::chrono::duration<double>(took).count();
  return " in " + in_words(took) + " (" + std::to_string(static_cast<int>(calls / seconds)) + "/s)";
}

std::string of(int some, int all) { return std::to_string(some) + " of " + std::to_string(all); }

void mdclient(report& to, const version& speaks, const std::string& who, const std::string& service) {
  raw_dealer client(one_port::address());
  const auto begin = clock::now();
  int right = 0;
  for (int i = 0; i < one_by_one; ++i) {
    client.send(speaks.request(service, "Hello world"));
    right += client.receive() == speaks.reply(service, "Hello world") ? 1 : 0;
  }
  to.line(who + ": one call after the other", of(right, one_by_one) + rate(one_by_one, clock::now() - begin),
          "all right", right == one_by_one);
}

void mdclient2(report& to, const version& speaks, const std::string& who, const std::string& service, bool in_order) {
  raw_dealer client(one_port::address());
  const auto begin = clock::now();
  for (int i = 0; i < at_once; ++i) client.send(speaks.request(service, std::to_string(i)));
  int received = 0, right = 0;
  std::string seen(at_once, '\0');
  for (; received < at_once; ++received) {
    const std::optional<frames> reply = client.receive();
    if (!reply) break;
    if (in_order) {
      right += *reply == speaks.reply(service, std::to_string(received)) ? 1 : 0;
      continue;
    }
    const int number = std::stoi(reply->back());
    const bool first = number >= 0 && number < at_once && seen.at(static_cast<std::size_t>(number)) == 0;
    right += first && *reply == speaks.reply(service, std::to_string(number)) ? 1 : 0;
    if (first) seen.at(static_cast<std::size_t>(number)) = 1;
  }
  to.line(who + ": all before the first reply is read", of(right, at_once) + rate(received, clock::now() - begin),
          in_order ? "all, in order" : "all, each once", right == at_once);
}

}  // namespace

void majordomo_tools(report& to) {
  for (const version& speaks : versions) {
    one_port port;
    const std::string with = std::string(speaks.name) + " ";
    {
      const mdworker worker(speaks, one_port::address());
      mdclient(to, speaks, with + "worker", "echo");
      mdclient2(to, speaks, with + "worker", "echo", true);
    }
    {
      worker_program worker(port.broker);
      mdclient(to, speaks, with + "client, our worker", "test");
      mdclient2(to, speaks, with + "client, our worker", "test", false);
    }
    {
      const mdworker worker(speaks, one_port::address());
      const Client client(one_port::address());
      int right = 0;
      const auto begin = clock::now();
      for (int i = 0; i < one_by_one; ++i) {
        const bytes raw(11, std::byte{'x'});
        right += client["echo"]["call"](raw).get<bytes>() == raw ? 1 : 0;
      }
      to.line(with + "worker, our client", of(right, one_by_one) + rate(one_by_one, clock::now() - begin), "all right",
              right == one_by_one);
    }
    const auto peak = static_cast<double>(port.broker.program().peak_resident_bytes());
    to.line(with + "the broker's largest size", in_mebibytes(peak), in_mebibytes(peak_bytes_max),
            peak < peak_bytes_max);
  }
}

}  // namespace gate::acceptance
