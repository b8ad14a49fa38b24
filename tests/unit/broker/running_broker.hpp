// A broker on a thread of its own, and raw peers that speak to it envelope by envelope.
#pragma once

#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include <gate/broker.hpp>
#include <gate/loop.hpp>

#include "common/wire/gate2.hpp"

namespace gate::test {

inline broker_options on_wildcard_ports() {
  broker_options options;
  options.frontend = {"tcp://127.0.0.1:*"};
  options.backend = {"tcp://127.0.0.1:*"};
  options.log_level = "off";
  return options;
}

template <class Kind = Broker> class running_broker {
 public:
  explicit running_broker(broker_options options = on_wildcard_ports()) {
    std::promise<Broker::bound> bound;
    std::future<Broker::bound> ready = bound.get_future();
    thread_ = std::thread([this, options = std::move(options), &bound] { serve(options, bound); });
    endpoints_ = ready.get();
  }
  running_broker(const running_broker&) = delete;
  running_broker& operator=(const running_broker&) = delete;
  ~running_broker() {
    stop();
    thread_.join();
  }

  std::string frontend() const { return endpoints_.frontend.at(0); }
  std::string backend() const { return endpoints_.backend.at(0); }
  // Has `call(Kind&)` run on the broker's loop.
  template <class Call> void post(Call call) {
    loop_.post([this, call = std::move(call)]() mutable {
      if (broker_) call(*broker_);
    });
  }
  void drain() {
    loop_.post([this] {
      if (broker_) broker_->drain();
    });
  }
  void stop() {
    loop_.post([this] {
      if (broker_) broker_->stop();
    });
  }
  // Waits for the end of run().
  void wait() { ended_.get_future().get(); }

 private:
  void serve(const broker_options& options, std::promise<Broker::bound>& bound) {
    broker_.emplace(options);
    broker_->bind(loop_);
    bound.set_value(broker_->endpoints());
    loop_.run(broker_->run());
    broker_.reset();
    ended_.set_value();
  }

  loop loop_;
  std::optional<Kind> broker_;
  Broker::bound endpoints_;
  std::promise<void> ended_;
  std::thread thread_;
};

// A message, and the memory that its views point into.
struct received_message {
  std::shared_ptr<std::vector<std::string>> frames;
  message m;
  const message* operator->() const noexcept { return &m; }
};

class silence : public std::runtime_error {
 public:
  silence() : std::runtime_error("the broker did not answer in time") {}
};

// What a DEALER sends under PLAIN. Without a user: no login.
struct plain_login {
  std::string user, password;
};

// A DEALER that sends and receives envelopes. Waits for what it expects, at most ten seconds.
class raw_peer {
 public:
  // `messages_ahead`: how many messages the transport reads before receive() asks for them. `prepare` may change the
  // socket before it connects.
  explicit raw_peer(const std::string& endpoint, const std::string& routing_id = {}, int messages_ahead = 1000,
                    const plain_login& login = {}, const std::function<void(zmq::socket_t&)>& prepare = {})
      : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 10'000);
    socket_.set(zmq::sockopt::rcvhwm, messages_ahead);
    if (!routing_id.empty()) socket_.set(zmq::sockopt::routing_id, routing_id);
    if (!login.user.empty()) {
      socket_.set(zmq::sockopt::plain_username, login.user);
      socket_.set(zmq::sockopt::plain_password, login.password);
    }
    socket_.set(zmq::sockopt::reconnect_ivl, -1);
    if (prepare) prepare(socket_);
    socket_.connect(endpoint);
  }

  void send(const message& m) {
    std::string batch;
    wire::gate2::append(batch, m);
    send_frames({batch});
  }
  void send_frames(const std::vector<std::string>& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto flags = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
      socket_.send(zmq::buffer(frames[i]), flags);
    }
  }

  // The next envelope that is no heartbeat. Throws `silence`.
  received_message receive() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (pending_.empty()) {
      if (std::chrono::steady_clock::now() > deadline) throw silence();  // only heartbeats come
      read_batch();
    }
    received_message next = pending_.front();
    pending_.pop_front();
    return next;
  }
  received_message expect(message_type type) {
    received_message next = receive();
    if (next->type != type) {
      throw std::runtime_error("expected " + std::string(to_string(type)) + ", got " +
                               std::string(to_string(next->type)) + " " + std::string(next->text));
    }
    return next;
  }
  // Messages that were sent still leave before the connection ends.
  void close_after_sending() { socket_.set(zmq::sockopt::linger, 10'000); }
  // Waits until the broker has ended the connection; what arrives before is dropped.
  void wait_for_end() {
    zmq::socket_t& events = monitor();
    for (;;) {
      zmq::message_t event, address;
      if (!events.recv(event)) throw silence();
      if (!events.recv(address)) throw silence();
      std::uint16_t number = 0;
      std::memcpy(&number, event.data(), sizeof number);
      if (number == ZMQ_EVENT_DISCONNECTED) return;
    }
  }
  // Call it before anything that makes the broker end the connection.
  zmq::socket_t& monitor() {
    if (!monitor_) {
      const std::string name = "inproc://raw-peer-monitor";
      if (::zmq_socket_monitor(socket_.handle(), name.c_str(), ZMQ_EVENT_DISCONNECTED) != 0) throw zmq::error_t();
      monitor_.emplace(context_, zmq::socket_type::pair);
      monitor_->set(zmq::sockopt::linger, 0);
      monitor_->set(zmq::sockopt::rcvtimeo, 10'000);
      monitor_->connect(name);
    }
    return *monitor_;
  }

  void hello_as_client() {
    message m;
    m.type = message_type::hello;
    m.version_min = m.version_max = gate2_version;
    m.role = peer_role::client;
    send(m);
    expect(message_type::welcome);
  }
  void hello_as_worker(std::string_view service, std::uint32_t capacity = 16) {
    message m;
    m.type = message_type::hello;
    m.version_min = m.version_max = gate2_version;
    m.role = peer_role::worker;
    m.service = service;
    m.capacity = capacity;
    send(m);
    expect(message_type::welcome);
  }
  void request(std::uint64_t id, std::string_view service, std::string_view method, std::string_view payload = "\x90",
               std::uint8_t flags = 0) {
    message m;
    m.type = message_type::request;
    m.call = call_id{id};
    m.flags = flags;
    m.service = service;
    m.method = method;
    m.payload = payload;
    send(m);
  }
  void final(call_id id, std::string_view payload) {
    message m;
    m.type = message_type::final;
    m.call = id;
    m.payload = payload;
    send(m);
  }

 private:
  void read_batch() {
    auto frames = std::make_shared<std::vector<std::string>>();
    zmq::message_t frame;
    do {
      if (!socket_.recv(frame)) throw silence();
      frames->push_back(frame.to_string());
    } while (frame.more());
    std::optional<bytes_view> payload;
    if (frames->size() > 1) payload = frames->at(1);
    wire::gate2::reader envelopes(frames->at(0), payload);
    message m;
    while (envelopes.next(m)) {
      if (m.type != message_type::heartbeat) pending_.push_back({frames, m});
    }
    if (envelopes.error() != wire::gate2::parse_error::none) throw std::runtime_error("the broker sent a bad batch");
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  std::optional<zmq::socket_t> monitor_;
  std::deque<received_message> pending_;
};

}  // namespace gate::test
