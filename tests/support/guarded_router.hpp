// A ROUTER with PLAIN or CURVE, and a ZAP handler whose verdicts the test sets. Nobody reads from the ROUTER.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <zmq.hpp>

namespace gate::test {

enum class guard { none, plain, curve };

class guarded_router {
 public:
  // On a free port of loopback, or at `address`.
  explicit guarded_router(guard how, const std::string& address = "tcp://127.0.0.1:*")
      : router_(context_, zmq::socket_type::router), handler_(context_, zmq::socket_type::rep) {
    handler_.bind("inproc://zeromq.zap.01");
    if (how != guard::none) router_.set(zmq::sockopt::zap_domain, "gate");
    if (how == guard::plain) router_.set(zmq::sockopt::plain_server, 1);
    if (how == guard::curve) {
      char secret_key[41];
      server_key.resize(40);
      zmq_curve_keypair(server_key.data(), secret_key);
      router_.set(zmq::sockopt::curve_server, 1);
      router_.set(zmq::sockopt::curve_secretkey, static_cast<const char*>(secret_key));
    }
    router_.set(zmq::sockopt::linger, 0);
    router_.bind(address);
    endpoint = router_.get(zmq::sockopt::last_endpoint);
    thread_ = std::thread([this] { serve(); });
  }
  guarded_router(const guarded_router&) = delete;
  guarded_router& operator=(const guarded_router&) = delete;
  ~guarded_router() {
    context_.shutdown();
    thread_.join();
  }

  // Sets the status codes for the next logins, in order. The last one stays in force. Without a call, all are 200.
  void answer(std::deque<std::string> statuses) {
    const std::lock_guard hold(lock_);
    statuses_ = std::move(statuses);
  }
  std::size_t asked() const {
    const std::lock_guard hold(lock_);
    return asked_.size();
  }
  // The frames of the last login request. The credentials begin with the seventh.
  std::vector<std::string> last_asked() const {
    const std::lock_guard hold(lock_);
    return asked_.empty() ? std::vector<std::string>() : asked_.back();
  }

  std::string endpoint;
  std::string server_key;  // Z85; for CURVE

 private:
  void serve() {
    for (std::vector<std::string> request; receive(request); request.clear()) {
      const std::string status = next_status(request);
      const std::string user = status == "200" ? "somebody" : "";
      const std::vector<std::string> reply{"1.0", request.at(1), status, "", user, ""};
      for (std::size_t i = 0; i < reply.size(); ++i) {
        const auto more = i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
        handler_.send(zmq::buffer(reply[i]), more);
      }
    }
    handler_.close();
    router_.close();
  }
  bool receive(std::vector<std::string>& request) {
    try {
      for (bool more = true; more;) {
        zmq::message_t frame;
        if (!handler_.recv(frame)) return false;
        request.push_back(frame.to_string());
        more = frame.more();
      }
    } catch (const zmq::error_t&) {  // the context has ended
      return false;
    }
    return request.size() > 5;
  }
  std::string next_status(const std::vector<std::string>& request) {
    const std::lock_guard hold(lock_);
    asked_.push_back(request);
    if (statuses_.empty()) return "200";
    const std::string status = statuses_.front();
    if (statuses_.size() > 1) statuses_.pop_front();
    return status;
  }

  zmq::context_t context_;
  zmq::socket_t router_;
  zmq::socket_t handler_;
  mutable std::mutex lock_;
  std::deque<std::string> statuses_;
  std::vector<std::vector<std::string>> asked_;
  std::thread thread_;
};

}  // namespace gate::test
