#include "tests/support/captured_gaterpc.hpp"

#include <algorithm>

#include <gate/value.hpp>

#include "tests/support/gaterpc_vectors.hpp"

namespace gate::test {
namespace {

const frames* find(const std::string& name) {
  const auto& all = samples::gaterpc::vectors();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& v) { return v.name == name; });
  return found == all.end() ? nullptr : &found->sent;
}

const temporary_file& settings() {
  static const temporary_file file("service_grace = 0\n");
  return file;
}

}  // namespace

const frames& captured(const std::string& name) {
  const frames* const found = find(name);
  if (found == nullptr) throw did_not_happen("nothing was captured under the name " + name);
  return *found;
}

std::vector<frames> captured(const std::string& exchange, const std::string& kind) {
  const std::string name = exchange + "." + kind;
  if (const frames* const only = find(name)) return {*only};
  std::vector<frames> all;
  while (const frames* const next = find(name + "." + std::to_string(all.size()))) all.push_back(*next);
  return all;
}

std::vector<frames> captured_between_gates() {
  std::vector<frames> all;
  for (const auto& v : samples::gaterpc::vectors()) {
    if (v.direction.starts_with("gate->")) all.push_back(v.sent);
  }
  return all;
}

const std::vector<std::string>& captured_calls() {
  static const std::vector<std::string> all{"noargs",
                                            "echo64",
                                            "args_all_types",
                                            "args_kwargs",
                                            "exception",
                                            "generator3",
                                            "generator_exception",
                                            "hugedata",
                                            "hugedata_exception",
                                            "worker_get_interfaces",
                                            "zap_plain.echo"};
  return all;
}

frames received_by(raw_dealer& peer) {
  std::optional<frames> message = peer.receive();
  if (!message) throw did_not_happen("the broker said nothing");
  return *message;
}

replay::replay()
    : broker(arguments{"--config", settings().path()}), worker(broker.backend()), client(broker.frontend()) {
  worker.send(captured("worker_ready"));
  if (received_by(worker) != captured("heartbeat.broker_to_worker")) throw did_not_happen("no heartbeat");
  const frames asked = next_request();
  answer(asked, captured("worker_get_interfaces", "wrep").at(0));
  // The broker knows the worker once its list names it.
  frames listed;
  do {
    client.send(captured("connect_get_services.creq"));
    listed = received_by(client);
  } while (listed != captured("connect_get_services.crep"));
}

std::string replay::pass(const std::string& exchange) {
  client.send(captured(exchange, "creq").at(0));
  const frames request = next_request();
  const frames expected = captured(exchange, "wreq").at(0);
  if (request.size() != expected.size()) return "another number of frames to the worker";
  for (std::size_t i = 0; i < request.size(); ++i) {
    const bool name_of_the_call = i == 3 || i == 5;
    if (!name_of_the_call && request[i] != expected[i]) return "another frame " + std::to_string(i) + " to the worker";
  }
  for (const frames& reply : captured(exchange, "wrep")) answer(request, reply);
  for (const frames& reply : captured(exchange, "crep")) {
    if (received_by(client) != reply) return "another reply to the client";
  }
  return {};
}

frames replay::next_request() {
  for (;;) {
    frames message = received_by(worker);
    if (message != captured("heartbeat.broker_to_worker")) return message;
    worker.send(captured("heartbeat.worker_to_broker"));
  }
}

void replay::answer(const frames& request, const frames& reply_of_old) {
  frames reply = reply_of_old;
  const std::size_t at = reply.size() > 5 && reply.at(3) == "PLAIN" ? 6 : 3;
  reply.at(at) = request.at(3);
  reply.at(at + 2) = request.at(5);
  worker.send(reply);
}

std::string exception_class_in(const frames& reply) {
  const auto map = value::decode(reply.back());
  if (!map || (*map)["exception"].is_nil()) return {};
  return (*map)["exception"][0].as<std::string>();
}

}  // namespace gate::test
