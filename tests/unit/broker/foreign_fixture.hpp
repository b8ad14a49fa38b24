// Peers of other dialects, frame by frame, against a running broker.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>
#include <zmq.hpp>

#include <gate/value.hpp>

#include "tests/unit/broker/running_broker.hpp"

namespace gate::test {

using frames = std::vector<std::string>;

// A DEALER that sends and receives frames as they are. Waits for what it expects, at most ten seconds.
class foreign_dealer {
 public:
  // `messages_ahead`: how many messages the transport reads before receive() asks for them.
  explicit foreign_dealer(const std::string& endpoint, int messages_ahead = 1000, const std::string& routing_id = {})
      : socket_(context_, zmq::socket_type::dealer) {
    if (!routing_id.empty()) socket_.set(zmq::sockopt::routing_id, routing_id);
    constexpr const char* events = "inproc://foreign-dealer-monitor";
    if (::zmq_socket_monitor(socket_.handle(), events, ZMQ_EVENT_DISCONNECTED) != 0) throw zmq::error_t();
    ends_.set(zmq::sockopt::linger, 0);
    ends_.set(zmq::sockopt::rcvtimeo, 10'000);
    ends_.connect(events);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 10'000);
    socket_.set(zmq::sockopt::rcvhwm, messages_ahead);
    socket_.connect(endpoint);
  }

  void send(const frames& message) {
    for (std::size_t i = 0; i < message.size(); ++i) {
      const auto flags = i + 1 < message.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
      socket_.send(zmq::buffer(message[i]), flags);
    }
  }
  frames receive() {
    frames message;
    zmq::message_t frame;
    do {
      if (!socket_.recv(frame)) throw silence();
      message.push_back(frame.to_string());
    } while (frame.more());
    return message;
  }
  // Waits until the broker has ended the connection.
  void wait_for_end() {
    zmq::message_t event;
    if (!ends_.recv(event)) throw silence();
  }
  // Returns true if no message is waiting.
  bool heard_nothing() {
    zmq::message_t frame;
    return !socket_.recv(frame, zmq::recv_flags::dontwait);
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t ends_{context_, zmq::socket_type::pair};
};

inline std::string raw_bytes(std::initializer_list<unsigned char> list) { return {list.begin(), list.end()}; }

inline const std::string ready = raw_bytes({1}), reply = raw_bytes({3});

// --- gate-rpc --------------------------------------------------------------------------------------------------------

class gaterpc_client : public foreign_dealer {
 public:
  using foreign_dealer::foreign_dealer;

  // Sends a call. Returns its request id.
  template <class... A> std::string call(const std::string& service, std::string_view function, const A&... arguments) {
    const std::string id = "request-" + std::to_string(++last_);
    send({"", "MDPC01", service, id, encode(function), encode_arguments(arguments...), "\x80"});
    return id;
  }
  // The body of the next message, which must be for that call.
  frames body_for(const std::string& service, const std::string& id) {
    const frames all = receive();
    if (all.size() < 5 || !all[0].empty() || all[1] != "MDPC01" || all[2] != service || all[3] != id) {
      throw std::runtime_error("no answer to that call");
    }
    return {all.begin() + 4, all.end()};
  }
  // Returns the result that the map of a single reply holds.
  value result_for(const std::string& service, const std::string& id) {
    const value map = decoded(body_for(service, id).at(0));
    if (!map["exception"].is_nil()) throw std::runtime_error(map["exception"][1].as<std::string>());
    return map["result"];
  }
  std::string exception_for(const std::string& service, const std::string& id) {
    const value map = decoded(body_for(service, id).at(0));
    return map["exception"][0].as<std::string>();
  }
  static value decoded(const std::string& raw) {
    auto v = value::decode(raw);
    if (!v) throw std::runtime_error("no msgpack");
    return *v;
  }

 private:
  int last_ = 0;
};

class gaterpc_worker : public foreign_dealer {
 public:
  using foreign_dealer::foreign_dealer;

  struct request {
    std::string client_id, request_id, function;
    value arguments, named;
  };

  // Registers, and announces these methods.
  void register_as(const std::string& service, int capacity, const std::vector<std::string>& methods) {
    send({"", "MDPW01", ready, service + ":about " + service + ":" + std::to_string(capacity)});
    if (receive() != frames{"", "MDPW01", raw_bytes({4})}) throw std::runtime_error("READY is answered by HEARTBEAT");
    const request asked = next();
    if (asked.function != "get_interfaces") throw std::runtime_error("the methods are asked for");
    std::string list;
    append_map_header(list, static_cast<std::uint32_t>(methods.size()));
    for (const std::string& method : methods) {
      encode_to(list, method);
      append_map_header(list, 2);
      encode_to(list, std::string("doc"));
      list += encode_nil();
      encode_to(list, std::string("signature"));
      encode_to(list, std::string("(*args)"));
    }
    answer(asked, list);
  }
  // Returns the next request. Answers heartbeats before it as a Python worker does.
  request next() {
    for (;;) {
      const frames all = receive();
      if (all.size() == 3 && all[2] == raw_bytes({4})) {
        send({"", "MDPW01", raw_bytes({4})});
        continue;
      }
      if (all.size() != 9 || all[2] != raw_bytes({2}) || !all[4].empty()) throw std::runtime_error("no request");
      return {all[3], all[5], gaterpc_client::decoded(all[6]).as<std::string>(), gaterpc_client::decoded(all[7]),
              gaterpc_client::decoded(all[8])};
    }
  }
  void say(const request& to, const frames& body) {
    frames all{"", "MDPW01", reply, to.client_id, "", to.request_id};
    all.insert(all.end(), body.begin(), body.end());
    send(all);
  }
  void answer(const request& to, const std::string& encoded) {
    say(to, {"\x82\xa6result" + encoded +
             "\xa9"
             "exception\xc0"});
  }
};

// --- Majordomo -------------------------------------------------------------------------------------------------------

// The bytes of one MDP version: both versions have the same meanings.
struct mdp_words {
  bool has_partials;
  std::string client_header, worker_header;
  std::string request_byte;  // of a client's request; empty: none
  std::string ready, request, partial, final, heartbeat, disconnect;

  frames client(const std::string& service, const frames& body) const {
    frames all = has_partials ? frames{client_header, request_byte, service} : frames{"", client_header, service};
    all.insert(all.end(), body.begin(), body.end());
    return all;
  }
  frames answer(const std::string& service, const frames& body, bool partial_one = false) const {
    frames all = client(service, body);
    if (has_partials) all[1] = raw_bytes({static_cast<unsigned char>(partial_one ? 2 : 3)});
    return all;
  }
  frames worker(const std::string& word, const frames& rest = {}) const {
    frames all = has_partials ? frames{worker_header, word} : frames{"", worker_header, word};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }
};

inline const mdp_words& mdp01() {
  static const mdp_words words{false,          "MDPC01",       "MDPW01",      "", raw_bytes({1}), raw_bytes({2}), "",
                               raw_bytes({3}), raw_bytes({4}), raw_bytes({5})};
  return words;
}

inline const mdp_words& mdp02() {
  static const mdp_words words{true,           "MDPC02",       "MDPW02",       raw_bytes({1}), raw_bytes({1}),
                               raw_bytes({2}), raw_bytes({3}), raw_bytes({4}), raw_bytes({5}), raw_bytes({6})};
  return words;
}

class mdp_client : public foreign_dealer {
 public:
  mdp_client(const mdp_words& words, const std::string& endpoint, int messages_ahead = 1000,
             const std::string& routing_id = {})
      : foreign_dealer(endpoint, messages_ahead, routing_id), words_(words) {}

  void request(const std::string& service, const frames& body) { send(words_.client(service, body)); }
  void expect(const std::string& service, const frames& body, bool partial_one = false) {
    if (receive() != words_.answer(service, body, partial_one)) throw std::runtime_error("another answer");
  }
  std::string ask(const std::string& service, const std::string& body) {
    request(service, {body});
    return receive().back();
  }

 private:
  const mdp_words& words_;
};

class mdp_worker : public foreign_dealer {
 public:
  struct request {
    std::string address;
    frames body;
  };

  mdp_worker(const mdp_words& words, const std::string& endpoint) : foreign_dealer(endpoint), words_(words) {}

  void say(const std::string& word, const frames& rest = {}) { send(words_.worker(word, rest)); }
  void register_as(const std::string& service) { say(words_.ready, {service}); }
  request next() {
    const std::size_t head = words_.has_partials ? 2 : 3;
    for (;;) {
      const frames all = receive();
      if (all == words_.worker(words_.heartbeat)) {
        say(words_.heartbeat);
        continue;
      }
      if (all.size() < head + 3 || all[head - 1] != words_.request || !all[head + 1].empty()) {
        throw std::runtime_error("no request");
      }
      return {all[head], {all.begin() + static_cast<std::ptrdiff_t>(head) + 2, all.end()}};
    }
  }
  void partial(const request& to, const frames& body) { answer(words_.partial, to, body); }
  void final(const request& to, const frames& body) { answer(words_.final, to, body); }
  // The next word that is no heartbeat.
  void expect_disconnect() {
    frames all = receive();
    while (all == words_.worker(words_.heartbeat)) all = receive();
    if (all != words_.worker(words_.disconnect)) throw std::runtime_error("no DISCONNECT");
  }

 private:
  void answer(const std::string& word, const request& to, const frames& body) {
    frames rest{to.address, ""};
    rest.insert(rest.end(), body.begin(), body.end());
    say(word, rest);
  }

  const mdp_words& words_;
};

// One socket for both roles, as the tools of the ZeroMQ guide use it: one address is in both lists.
inline broker_options on_one_socket() {
  static std::atomic<int> count = 0;
  broker_options options = on_wildcard_ports();
  const std::string address = "ipc://@gate-test-mdp-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  options.frontend = options.backend = {address};
  return options;
}

struct one_port {
  explicit one_port(broker_options options = on_one_socket()) : broker(std::move(options)), at(broker.frontend()) {}
  running_broker<> broker;
  std::string at;
};

// Waits until the broker gives the expected answer for that service: it has then handled messages of other connections.
inline void wait_for_mmi(const std::string& at, const std::string& service, const std::string& expected) {
  mdp_client client(mdp01(), at);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (client.ask("mmi.service", service) != expected) {
    if (std::chrono::steady_clock::now() > deadline) throw silence();
  }
}

}  // namespace gate::test
