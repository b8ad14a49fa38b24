#include "tests/support/attacks/guarded_system.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>
#include <thread>

#include <gate/credentials.hpp>

#include "broker/credential_store/password.hpp"
#include "common/wire/gate2.hpp"

namespace gate::test {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t growth_bytes_max = 4 << 20;
constexpr std::size_t descriptors_more_max = 2;

}  // namespace

std::string password_of(std::string_view user) { return "sesame-8d1f-" + std::string(user); }

std::string password_line(std::string_view password) {
  return "password = '" + security::hash_password(password, security::least_cost) + "'\n";
}

people usual_people() {
  static const people once = [] {
    people all{{"olga", "operate = true\ncall = ['*']\n"},
               {"alice", "call = ['test']\n"},
               {"bob", "call = ['test']\n"},
               {"carl", "call = ['other']\n"},
               {"wendy", "offer = ['test']\n"},
               {"walt", "offer = ['test']\n"},
               {"omar", "offer = ['*']\n"},
               {"paula", "call = ['billing']\nnamespaces = ['prod']\n"},
               {"paul", "offer = ['billing']\nnamespaces = ['prod']\n"},
               {"tess", "call = ['billing']\nnamespaces = ['test']\n"},
               {"theo", "offer = ['billing']\nnamespaces = ['test']\n"}};
    for (auto& [name, lines] : all) lines = password_line(password_of(name)) + lines;
    all["kate"] = "curve = '" + to_z85(key_ring::get().kates.public_key) + "'\ncall = ['test']\n";
    return all;
  }();
  return once;
}

std::string store_text(const people& all) {
  std::string text;
  for (const auto& [name, lines] : all) text += "[principals." + name + "]\n" + lines;
  return text;
}

const key_ring& key_ring::get() {
  static const key_ring once;
  return once;
}

prepare_socket as(const std::string& user) { return plain(user, password_of(user)); }

prepare_socket with_routing_id(const std::string& id, const prepare_socket& more) {
  return [=](zmq::socket_t& s) {
    s.set(zmq::sockopt::routing_id, id);
    if (more) more(s);
  };
}

client_options options_for(const std::string& endpoint, const std::string& user) {
  client_options options(endpoint);
  options.credentials = credentials::plain(user, password_of(user));
  return options;
}

guarded_system::guarded_system(const std::string& more, const ways& how, const people& store)
    : config_(configuration(more, store)),
      broker_(addresses{"tcp://127.0.0.1:*?auth=" + how.frontend, "tcp://127.0.0.1:*?auth=" + how.backend},
              {"--config", config_}),
      operators_(options_for(broker_.backend(), "olga")) {}

std::string guarded_system::configuration(const std::string& more, const people& store) const {
  folder_.write("users.toml", store_text(store));
  write_curve_file(folder_.file("broker.key"), key_ring::get().brokers);
  return folder_.write("gate.toml", "credentials = '" + store_ + "'\ncurve_key = '" + folder_.file("broker.key") +
                                        "'\naudit_log = '" + folder_.file("audit.jsonl") +
                                        // Raw peers send no heartbeats.
                                        "'\nheartbeat_interval = '10min'\n" + more);
}

std::string guarded_system::credentials_file(const std::string& user) const {
  return folder_.write(user + ".toml", "user = '" + user + "'\npassword = '" + password_of(user) + "'\n");
}

void guarded_system::replace_store(const std::string& text) const {
  std::filesystem::rename(folder_.write("next", text), store_);
}

void guarded_system::reload(const people& all) {
  const std::uint64_t before = count("logins", "store_reloads");
  replace_store(all);
  broker_.program().signal(SIGHUP);
  if (!rises_to(operators_, "logins", "store_reloads", before + 1))
    throw did_not_happen("the store was not read again");
}

bool guarded_system::becomes_fruitless(std::uint64_t least) const {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (fruitless() < least) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

bool guarded_system::audits(std::string_view event, std::string_view part) const {
  const std::string wanted = "\"event\":\"" + std::string(event) + "\"";
  const auto end = std::chrono::steady_clock::now() + 10s;
  do {
    std::istringstream lines(audit());
    for (std::string line; std::getline(lines, line);) {
      if (line.find(wanted) != std::string::npos && line.find(part) != std::string::npos) return true;
    }
    std::this_thread::sleep_for(20ms);
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

std::string call_bytes(std::uint64_t number, std::string_view service, std::string_view method,
                       std::string_view payload, std::string_view caller) {
  message m;
  m.type = message_type::request;
  m.call = call_id{number};
  m.service = service;
  m.method = method;
  m.payload = payload_view(payload);
  m.caller = caller;
  return bytes_of(m);
}

std::string answer_bytes(call_id to, std::string_view payload, message_type type) {
  message m;
  m.type = type;
  m.call = to;
  m.payload = payload_view(payload);
  if (type == message_type::error) m.status = errc::failed;
  return bytes_of(m);
}

std::string heard_by(raw_dealer& peer, std::uint64_t number, std::chrono::milliseconds patience_for) {
  peer.send(call_bytes(number, "gate", "ping"));
  std::string all;
  while (const auto received = peer.receive(patience_for)) {
    std::optional<bytes_view> payload;
    if (received->size() > 1) payload = received->at(1);
    for (const std::string& frame : *received) all += frame;
    wire::gate2::reader reader(received->front(), payload);
    for (message m; reader.next(m);) {
      if (m.call == call_id{number}) return all;
    }
  }
  return all;
}

void steadiness::wait_until_gone() {
  if (!falls_to(at_.operators(), "now", "connections", connections_)) {
    throw did_not_happen("the broker keeps connections");
  }
}

void steadiness::begin() {
  wait_until_gone();
  resident_ = at_.broker().program().resident_bytes();
  descriptors_ = at_.broker().program().descriptors();
}

std::size_t steadiness::grown_bytes() const {
  const std::size_t resident = at_.broker().program().resident_bytes();
  return resident > resident_ ? resident - resident_ : 0;
}

bool steadiness::is_steady() {
  wait_until_gone();
  return sanitized || grown_bytes() < growth_bytes_max;
}

void steadiness::end(findings& to, const std::string& what) {
  wait_until_gone();
  const std::size_t now = at_.broker().program().descriptors();
  const std::size_t more = now > descriptors_ ? now - descriptors_ : 0;
  to.line("descriptors left behind by " + what, std::to_string(more), std::to_string(descriptors_more_max),
          more <= descriptors_more_max);
  if (sanitized) return;
  const std::size_t grown = grown_bytes();
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(grown) / (1 << 20));
  to.line("growth of the broker over them", text, "4 MiB", grown < growth_bytes_max);
}

}  // namespace gate::test
