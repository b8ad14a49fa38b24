#include "common/transport/lookup.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include "common/base/process_generation.hpp"
#include "common/protocol/endpoint.hpp"
#include "common/transport/open_files.hpp"

namespace gate::peer {

namespace {

// The most addresses of one name that are tried: each may take its whole time-out to fail.
constexpr std::size_t addresses_max = 8;

std::atomic<found_addresses (*)(const std::string&)> answers{look_up};

std::string fault_text(const std::string& host, int error, int system_error) {
  switch (error) {
    case EAI_NONAME:
    case EAI_NODATA:
      return "no host is known by the name '" + host + "'";
    case EAI_AGAIN:
      return "the name '" + host + "' cannot be looked up at the moment: no name server answers";
    case EAI_SYSTEM:
      return "the name '" + host + "' cannot be looked up: " + text_of(system_error);
    default:
      return "the name '" + host + "' cannot be looked up: " + ::gai_strerror(error);
  }
}

}  // namespace

bool names_a_host(std::string_view endpoint) noexcept {
  if (!endpoint.starts_with("tcp://")) return false;
  const std::string_view host = host_of(endpoint);
  // With `;` a source address stands in front, which libzmq reads.
  if (host.find(';') != host.npos || host.find(':') != host.npos || host.starts_with('[')) return false;
  return host.find_first_not_of("0123456789.") != host.npos;
}

bool is_ipv6(std::string_view endpoint) noexcept {
  return endpoint.starts_with("tcp://") && host_of(endpoint).find(':') != std::string_view::npos;
}

found_addresses look_up(const std::string& endpoint) {
  found_addresses found;
  const std::string host(host_of(endpoint)), port = endpoint.substr(endpoint.rfind(':'));
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &list); error != 0) {
    found.fault = fault_text(host, error, errno);
    return found;
  }
  for (const addrinfo* one = list; one != nullptr && found.endpoints.size() < addresses_max; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    const std::string number(text.data());
    std::string address = "tcp://" + (one->ai_family == AF_INET6 ? "[" + number + "]" : number) + port;
    const bool known = std::find(found.endpoints.begin(), found.endpoints.end(), address) != found.endpoints.end();
    if (!known) found.endpoints.push_back(std::move(address));
  }
  ::freeaddrinfo(list);
  if (found.endpoints.empty()) found.fault = fault_text(host, EAI_NONAME, 0);
  return found;
}

void answer_lookups_by(found_addresses (*other)(const std::string& endpoint)) noexcept {
  answers = other == nullptr ? look_up : other;
}

// One lookup object that waits for a name. Its loop exists while `where` is not null. The desk's lock guards `where`.
struct lookup::waiting {
  made_in_process made;
  loop* where = nullptr;
  unique_function<void(found_addresses)> tell;
};

namespace {

// All lookups in progress.
template <class Waiting> class desk {
 public:
  // A child of fork() has no threads of its parent, so it gets a desk of its own. No lock: the child might find it
  // locked for ever.
  static desk& here() {
    static std::atomic<desk*> current{nullptr};  // never destroyed: its threads use it to the end
    desk* known = current.load(std::memory_order_acquire);
    while (known == nullptr || known->made_.gone()) {
      auto fresh = std::make_unique<desk>();
      if (current.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
    }
    return *known;
  }

  void ask(const std::string& endpoint, std::shared_ptr<Waiting> who) {
    const std::lock_guard lock(mutex_);
    auto& all = asked_[endpoint];
    all.push_back(std::move(who));
    if (all.size() > 1) return;
    sigset_t every, before;  // the new thread blocks all signals: they are for the threads of the program
    ::sigfillset(&every);
    ::pthread_sigmask(SIG_SETMASK, &every, &before);
    std::string fault;
    try {
      std::thread([this, endpoint] { answer(endpoint, answers.load()(endpoint)); }).detach();
    } catch (const std::system_error& e) {
      fault = "cannot start a thread to look up '" + endpoint + "': " + e.code().message();
    } catch (...) {
      fault = "not enough memory to look up a name";
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!fault.empty()) answer_locked(endpoint, {{}, fault});
  }

  void forget(Waiting& who) noexcept {
    const std::lock_guard lock(mutex_);
    who.where = nullptr;
  }

 private:
  void answer(const std::string& endpoint, const found_addresses& found) {
    const std::lock_guard lock(mutex_);
    answer_locked(endpoint, found);
  }

  void answer_locked(const std::string& endpoint, const found_addresses& found) {
    auto node = asked_.extract(endpoint);
    if (node.empty()) return;
    for (std::shared_ptr<Waiting>& who : node.mapped()) {
      if (who->where == nullptr) continue;
      loop& there = *who->where;
      there.post([who, found] {
        if (who->where != nullptr) who->tell(found);
      });
    }
  }

  const made_in_process made_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<std::shared_ptr<Waiting>>> asked_;
};

}  // namespace

lookup::lookup(loop& where, const std::string& endpoint, unique_function<void(found_addresses)> tell)
    : waiting_(std::make_shared<waiting>()) {
  waiting_->where = &where;
  waiting_->tell = std::move(tell);
  desk<waiting>::here().ask(endpoint, waiting_);
}

lookup::~lookup() {
  if (!waiting_->made.gone()) desk<waiting>::here().forget(*waiting_);
}

}  // namespace gate::peer
