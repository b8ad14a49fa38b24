// Clients of every dialect with workers of every dialect: bytes in, bytes out; streams; and errors, if the dialect has
// them.
#include <functional>
#include <memory>

#include <catch2/catch.hpp>

#include "tests/unit/broker/foreign_fixture.hpp"

using namespace gate;
using namespace gate::test;

namespace {

std::string binary(const std::string& raw) {
  return encode(msgpack::type::raw_ref(raw.data(), static_cast<std::uint32_t>(raw.size())));
}

std::string bytes_in(const value& binary) {
  const bytes raw = binary.as<bytes>();
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

// A call with one argument of bytes and one reply of bytes: all four dialects have that.
class any_client {
 public:
  virtual ~any_client() = default;
  virtual void call(const std::string& service, const std::string& in) = 0;
  // Returns the reply: items joined by "+", then "." for the end. For an error, "!" and its class or status.
  virtual std::string answer() = 0;
};

class any_worker {
 public:
  virtual ~any_worker() = default;
  virtual void take() = 0;  // the next request
  virtual std::string in() const = 0;
  virtual void give(const std::string& out) = 0;
  virtual void stream(const std::vector<std::string>& items) = 0;
  virtual void fail() = 0;
};

class gate2_client final : public any_client {
 public:
  explicit gate2_client(const std::string& at) : peer_(at) { peer_.hello_as_client(); }
  void call(const std::string& service, const std::string& in) override {
    message m;
    m.type = message_type::request;
    m.call = call_id{++last_};
    m.flags = message_flag::wants_stream;
    m.credit_items = 100;
    m.credit_bytes = 100'000;
    m.service = service;
    m.method = "call";
    const std::string arguments = "\x91" + binary(in);
    m.payload = bytes_view(arguments);
    peer_.send(m);
  }
  std::string answer() override {
    std::string heard;
    for (;;) {
      const received_message got = peer_.receive();
      if (got->type == message_type::error) return heard + "!" + std::string(to_string(got->status));
      if (!got->has(message_flag::no_payload)) heard += text(got->payload.single());
      if (got->type == message_type::final) return heard + ".";
      heard += "+";
    }
  }

 private:
  static std::string text(bytes_view payload) { return bytes_in(gaterpc_client::decoded(std::string(payload))); }
  raw_peer peer_;
  std::uint64_t last_ = 0;
};

class python_client final : public any_client {
 public:
  explicit python_client(const std::string& at) : peer_(at) {}
  void call(const std::string& service, const std::string& in) override {
    service_ = service;
    id_ = "id" + std::to_string(++last_);
    peer_.send({"", "MDPC01", service, id_, encode(std::string("call")), "\x91" + binary(in), "\x80"});
  }
  std::string answer() override {
    std::string heard;
    for (;;) {
      const frames body = peer_.body_for(service_, id_);
      if (body.size() == 1) {
        const value map = gaterpc_client::decoded(body[0]);
        if (!map["exception"].is_nil()) return heard + "!" + map["exception"][0].as<std::string>();
        return heard + bytes_in(map["result"]) + ".";
      }
      if (body[1] == "GateStreamEnd") return heard + ".";
      if (body[1] == "GateStreamException") return heard + "!" + gaterpc_client::decoded(body[2])[0].as<std::string>();
      heard += bytes_in(gaterpc_client::decoded(body[1])) + "+";
    }
  }

 private:
  gaterpc_client peer_;
  std::string service_, id_;
  int last_ = 0;
};

class majordomo_client final : public any_client {
 public:
  majordomo_client(const mdp_words& words, const std::string& at) : words_(words), peer_(words, at) {}
  void call(const std::string& service, const std::string& in) override {
    service_ = service;
    peer_.request(service, {in});
  }
  std::string answer() override {
    std::string heard;
    for (;;) {
      const frames all = peer_.receive();
      const std::size_t head = 3;
      for (std::size_t i = head; i < all.size(); ++i) heard += (i > head ? "+" : "") + all[i];
      if (!words_.has_partials || all[1] == raw_bytes({3})) return heard + ".";
      heard += "+";
    }
  }

 private:
  const mdp_words& words_;
  mdp_client peer_;
  std::string service_;
};

class gate2_worker final : public any_worker {
 public:
  gate2_worker(const std::string& at, const std::string& service) : peer_(at) { peer_.hello_as_worker(service, 4); }
  void take() override {
    do {
      got_ = peer_.receive();
    } while (got_->type == message_type::credit);  // the credit came before the client saw the stream's end
    REQUIRE(got_->type == message_type::request);
  }
  std::string in() const override { return bytes_in(gaterpc_client::decoded(std::string(got_->payload.single()))[0]); }
  void give(const std::string& out) override { peer_.final(got_->call, binary(out)); }
  void stream(const std::vector<std::string>& items) override {
    for (const std::string& item : items) {
      message m;
      m.type = message_type::part;
      m.call = got_->call;
      const std::string encoded = binary(item);
      m.payload = bytes_view(encoded);
      peer_.send(m);
    }
    message m;
    m.type = message_type::final;
    m.call = got_->call;
    m.flags = message_flag::no_payload;
    peer_.send(m);
  }
  void fail() override {
    message m;
    m.type = message_type::error;
    m.call = got_->call;
    m.status = errc::failed;
    m.text = "it broke";
    m.remote_type = "ValueError";
    peer_.send(m);
  }

 private:
  raw_peer peer_;
  received_message got_;
};

class python_worker final : public any_worker {
 public:
  python_worker(const std::string& at, const std::string& service) : peer_(at) {
    peer_.register_as(service, 4, {"call"});
  }
  void take() override { got_ = peer_.next(); }
  std::string in() const override { return bytes_in(got_.arguments[0]); }
  void give(const std::string& out) override { peer_.answer(got_, binary(out)); }
  void stream(const std::vector<std::string>& items) override {
    for (const std::string& item : items) peer_.say(got_, {"GateStreamGenerator", binary(item)});
    peer_.say(got_, {"GateStreamGenerator", "GateStreamEnd"});
  }
  void fail() override {
    const std::vector<std::string> triple{"ValueError", "ValueError('it broke')", ""};
    peer_.say(got_, {"\x82\xa6result\xc0\xa9"
                     "exception" +
                     encode(triple)});
  }

 private:
  gaterpc_worker peer_;
  gaterpc_worker::request got_;
};

class majordomo_worker final : public any_worker {
 public:
  majordomo_worker(const mdp_words& words, const std::string& at, const std::string& service) : peer_(words, at) {
    peer_.register_as(service);
  }
  void take() override { got_ = peer_.next(); }
  std::string in() const override { return got_.body.at(0); }
  void give(const std::string& out) override { peer_.final(got_, {out}); }
  void stream(const std::vector<std::string>& items) override {
    for (const std::string& item : items) peer_.partial(got_, {item});
    peer_.final(got_, {""});
  }
  void fail() override {}

 private:
  mdp_worker peer_;
  mdp_worker::request got_;
};

struct kind_of_client {
  std::string name;
  std::function<std::unique_ptr<any_client>(const std::string&)> make;
  bool joins = false;  // a stream is one answer
};

struct kind_of_worker {
  std::string name;
  std::function<std::unique_ptr<any_worker>(const std::string&, const std::string&)> make;
};

const std::vector<kind_of_client>& clients() {
  static const std::vector<kind_of_client> all{
      {"gate/2", [](const std::string& at) { return std::make_unique<gate2_client>(at); }},
      {"gate-rpc", [](const std::string& at) { return std::make_unique<python_client>(at); }},
      {"MDP/0.1", [](const std::string& at) { return std::make_unique<majordomo_client>(mdp01(), at); }, true},
      {"MDP/0.2", [](const std::string& at) { return std::make_unique<majordomo_client>(mdp02(), at); }},
  };
  return all;
}

const std::vector<kind_of_worker>& workers() {
  static const std::vector<kind_of_worker> all{
      {"gate/2", [](const auto& at, const auto& s) { return std::make_unique<gate2_worker>(at, s); }},
      {"gate-rpc", [](const auto& at, const auto& s) { return std::make_unique<python_worker>(at, s); }},
      {"MDP/0.1", [](const auto& at, const auto& s) { return std::make_unique<majordomo_worker>(mdp01(), at, s); }},
      {"MDP/0.2", [](const auto& at, const auto& s) { return std::make_unique<majordomo_worker>(mdp02(), at, s); }},
  };
  return all;
}

}  // namespace

TEST_CASE("clients of each dialect call workers of each dialect", "[broker]") {
  running_broker<> broker;  // just started: a call waits for its worker, in whichever order their messages are read
  for (const kind_of_worker& w : workers()) {
    const std::string service = "of " + w.name;
    const std::unique_ptr<any_worker> worker = w.make(broker.backend(), service);
    for (const kind_of_client& c : clients()) {
      INFO(c.name << " calls " << w.name);
      const std::unique_ptr<any_client> client = c.make(broker.frontend());
      client->call(service, "in");
      worker->take();
      CHECK(worker->in() == "in");
      worker->give("out");
      CHECK(client->answer() == "out.");
    }
  }
}

TEST_CASE("a stream reaches clients of each dialect, from workers that have streams", "[broker]") {
  running_broker<> broker;
  for (const kind_of_worker& w : workers()) {
    if (w.name == "MDP/0.1") continue;
    const std::string service = "of " + w.name;
    const std::unique_ptr<any_worker> worker = w.make(broker.backend(), service);
    for (const kind_of_client& c : clients()) {
      INFO(w.name << " streams to " << c.name);
      const std::unique_ptr<any_client> client = c.make(broker.frontend());
      client->call(service, "in");
      worker->take();
      worker->stream({"one", "two"});
      CHECK(client->answer() == (c.joins ? "one+two." : "one+two+."));
    }
  }
}

TEST_CASE("an error reaches the clients whose dialect has errors, with its class", "[broker]") {
  running_broker<> broker;
  for (const kind_of_worker& w : workers()) {
    if (w.name.starts_with("MDP")) continue;
    const std::string service = "of " + w.name;
    const std::unique_ptr<any_worker> worker = w.make(broker.backend(), service);
    for (const kind_of_client& c : clients()) {
      if (c.name.starts_with("MDP")) continue;
      INFO(w.name << " fails for " << c.name);
      const std::unique_ptr<any_client> client = c.make(broker.frontend());
      client->call(service, "in");
      worker->take();
      worker->fail();
      CHECK(client->answer() == (c.name == "gate/2" ? "!failed" : "!ValueError"));
    }
  }
}
