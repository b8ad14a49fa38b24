// Frames of other dialects: captured ones, and wrong ones.
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "common/dialects/gaterpc.hpp"
#include "tests/acceptance/report.hpp"
#include "tests/support/captured_gaterpc.hpp"
#include "tests/support/gaterpc_vectors.hpp"

namespace gate::acceptance {

using namespace gate::test;

namespace {

std::string of(std::size_t some, std::size_t all) { return std::to_string(some) + " of " + std::to_string(all); }

// Reads the captured messages of that direction, composes them again, and counts those with the same bytes.
template <class Read> void round_trips(report& to, const std::string& direction, Read read) {
  std::size_t all = 0, same = 0;
  for (const samples::gaterpc::vector_of_wire& m : samples::gaterpc::vectors()) {
    if (m.direction != direction) continue;
    ++all;
    const std::vector<bytes_view> sent(m.sent.begin(), m.sent.end());
    const auto meant = read(wire::frames_view(sent));
    if (!meant) continue;
    wire::frame_list composed;
    append(composed, *meant);
    frames again;
    for (std::size_t i = 0; composed.messages() == 1 && i < composed.frames(0); ++i) {
      again.emplace_back(composed.frame(0, i));
    }
    if (again == m.sent) ++same;
  }
  to.line("read and composed, " + direction, of(same, all), "all", same == all && all > 0);
}

// A message, followed by one of another dialect.
using change = std::pair<frames, frames>;

const std::vector<change>& changes() {
  static const std::string one(1, '\1');
  static const frames gaterpc_client{"", "MDPC01", "Gate", "id", "\xa4info"};
  static const frames gaterpc_worker{"", "MDPW01", one, "s:d:1"};
  static const frames mdp01_client{"", "MDPC01", "mmi.service", "s"}, mdp01_worker{"", "MDPW01", one, "s"};
  static const frames mdp02_client{"MDPC02", one, "mmi.service", "s"}, mdp02_worker{"MDPW02", one, "s"};
  static const frames gate2{hello_bytes(peer_role::client)};
  static const std::vector<change> all{
      {gaterpc_client, mdp02_client}, {gaterpc_client, mdp01_worker}, {gaterpc_worker, gaterpc_client},
      {mdp01_client, mdp02_client},   {mdp01_client, mdp01_worker},   {mdp01_worker, mdp02_worker},
      {mdp02_client, mdp01_client},   {mdp02_worker, mdp02_client},   {mdp02_client, gate2},
      {gate2, mdp01_client}};
  return all;
}

}  // namespace

void captured_gaterpc(report& to) {
  using namespace wire::gaterpc;
  round_trips(to, "client->broker", [](wire::frames_view f) { return read_client_request(f); });
  round_trips(to, "broker->worker", [](wire::frames_view f) { return read_from_broker(f); });
  round_trips(to, "worker->broker", [](wire::frames_view f) { return read_from_worker(f); });
  round_trips(to, "broker->client", [](wire::frames_view f) { return read_client_reply(f); });

  replay r;
  std::size_t same = 0;
  for (const std::string& exchange : captured_calls()) same += r.pass(exchange).empty() ? 1u : 0u;
  to.line("calls replayed through gate-broker", of(same, captured_calls().size()), "all, byte by byte",
          same == captured_calls().size());

  const std::vector<std::string> questions{"connect_get_services",       "gate_query_service_known",
                                           "gate_query_service_unknown", "gate_keepalive",
                                           "gate_keepalive_bad",         "zap_plain.get_services"};
  same = 0;
  for (const std::string& question : questions) {
    r.client.send(captured(question, "creq").at(0));
    same += received_by(r.client) == captured(question, "crep").at(0) ? 1u : 0u;
  }
  to.line("questions to the broker itself", of(same, questions.size()), "all, byte by byte", same == questions.size());
}

void wrong_dialects(report& to) {
  broker_program broker;
  const Client client(broker.frontend());

  auto before = stats_of(client);
  std::size_t cut = 0;
  for (const auto& [first, then] : changes()) {
    raw_dealer peer(broker.frontend());
    peer.send(first);
    peer.send(then);
    cut += peer.disconnected() ? 1u : 0u;
  }
  auto after = stats_of(client);
  to.line("changed their dialect: cut", of(cut, changes().size()), "all", cut == changes().size());
  std::size_t counted = after["calls"]["malformed"] - before["calls"]["malformed"];
  to.line("changed their dialect: counted", of(counted, changes().size()), "all", counted == changes().size());

  const std::string old_id(32, 'a');
  const std::vector<frames> strangers{{"GET / HTTP/1.1"},
                                      {"", "MDPX01", "s", "body"},
                                      {"MDPC01", "s", "body"},
                                      {"", "GATE01", "\1", "body"},
                                      {"", "MDPC01", "Gate", "gc-0123456789abcdef", old_id, "\xa4info"},
                                      {"", "MDPC01", "Gate", "gc-fedcba9876543210", old_id, "\xa4info"}};
  before = after;
  cut = 0;
  for (const frames& message : strangers) {
    raw_dealer peer(broker.backend());
    peer.send(message);
    cut += peer.disconnected() ? 1u : 0u;
  }
  after = stats_of(client);
  to.line("spoke none of the four: cut", of(cut, strangers.size()), "all", cut == strangers.size());
  counted = after["transport"]["unrecognised"] - before["transport"]["unrecognised"];
  to.line("spoke none of the four: counted", of(counted, strangers.size()), "all", counted == strangers.size());
  // The log is complete when the broker has ended.
  broker.program().signal(SIGTERM);
  broker.program().wait();
  const std::size_t lines = broker.program().count_lines("gate-rpc 0.1");
  to.line("log lines about gate-rpc 0.1.x", std::to_string(lines), "1", lines == 1);
}

}  // namespace gate::acceptance
