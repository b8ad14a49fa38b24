// Attacks by peers that pretend to be others: they invent routing ids, call numbers and names.
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "tests/support/attacks/guarded_system.hpp"

namespace gate::test {

using namespace std::chrono_literals;

namespace {

const std::string secret_answer = "\xb2the plans, for her";  // a msgpack text
constexpr std::string_view plans = "the plans";
const std::string quick = "hello_timeout = '2s'\n";

std::optional<raw_dealer> dealer(const std::string& port, const prepare_socket& shown) {
  return std::optional<raw_dealer>(std::in_place, port, shown);
}

void welcome(raw_dealer& peer) {
  peer.hello_as_client();
  peer.wait_for(message_type::welcome);
}

std::string word(message_type type, call_id call) {
  message m;
  m.type = type;
  m.call = call;
  m.credit_items = m.credit_bytes = 1000;
  return bytes_of(m);
}

}  // namespace

void duplicate_identities(findings& to) {
  guarded_system system(quick);
  raw_dealer worker(system.at_backend(), as("wendy"));
  worker.hello_as_worker("test", 64);
  worker.wait_for(message_type::welcome);
  raw_dealer alice(system.at_backend(), with_routing_id("alice-1", as("alice")));
  welcome(alice);
  const std::uint64_t silent = system.count("transport", "silent");

  std::size_t let_in = 0, got = 0, kept = 0, rounds = 0;
  std::uint64_t number = 0;
  const auto once = [&] {
    alice.send(call_bytes(++number, "test", "echo"));
    const call_id asked = worker.next_request();
    raw_dealer thief(system.at_backend(), with_routing_id("alice-1", as("bob")));
    thief.hello_as_client();
    thief.send(call_bytes(number, "test", "echo"));
    worker.send(answer_bytes(asked, secret_answer));
    kept += alice.next(message_type::final).call == call_id{number} ? 1u : 0u;
    const std::string heard = heard_by(thief, 1'000'000, 50ms);
    let_in += heard.empty() ? 0u : 1u;
    got += heard.find(plans) != std::string::npos ? 1u : 0u;
    if (!thief.disconnected()) throw did_not_happen("a second peer of a routing id was not cut");
    ++rounds;
  };
  steadiness(system).tell(to, "peers under a routing id that is taken", 50, once);
  to.all("answers that the first peer gets", kept, rounds);
  to.none("second peers that are let in, or hear anything", let_in + got, rounds);
  to.holds("each is counted as silent, and cut after hello_timeout",
           rises_to(system.operators(), "transport", "silent", silent + rounds));
}

void answers_of_others(findings& to) {
  constexpr int rounds = 20, guesses = 64;
  guarded_system system;
  raw_dealer wendy(system.at_backend(), as("wendy"));
  wendy.hello_as_worker("test", 64);
  wendy.wait_for(message_type::welcome);
  const Client alice = system.client("alice");
  const auto send_one = [&] {
    auto answer = std::async(std::launch::async, [&] { return alice["test"]["echo"]("x").get<std::string>(); });
    return std::pair(std::move(answer), wendy.next_request());
  };
  auto [first, first_call] = send_one();
  wendy.send(answer_bytes(first_call, "\xa4true"));
  static_cast<void>(first.get());

  const std::uint64_t late = system.count("calls", "late_answers");
  std::size_t right = 0;
  for (int i = 0; i < rounds; ++i) {
    auto [answer, call] = send_one();
    raw_dealer walt(system.at_backend(), as("walt"));
    walt.hello_as_worker("test", 1);
    walt.wait_for(message_type::welcome);
    // The number of that very call, and others that may be in use.
    for (const message_type type : {message_type::final, message_type::error}) {
      walt.send(answer_bytes(call,
                             "\xa6"
                             "forged",
                             type));
    }
    for (int g = 0; g < guesses; ++g) {
      walt.send(answer_bytes(call_id{static_cast<std::uint64_t>(call) + static_cast<std::uint64_t>(g) + 1},
                             "\xa6"
                             "forged"));
    }
    if (!rises_to(system.operators(), "calls", "late_answers",
                  late + static_cast<std::uint64_t>((i + 1) * (guesses + 2)))) {
      break;
    }
    wendy.send(answer_bytes(call, "\xa4true"));
    right += answer.get() == "true" ? 1u : 0u;
  }
  to.all("calls that end with the answer of the worker that holds them", right, rounds);
  to.all("answers to calls of others, counted", system.count("calls", "late_answers") - late, rounds * (guesses + 2));
  steadiness(system).tell(to, "such workers", 50, [&] {
    raw_dealer walt(system.at_backend(), as("walt"));
    walt.hello_as_worker("test", 1);
    walt.wait_for(message_type::welcome);
    for (std::uint64_t g = 1; g <= guesses; ++g) walt.send(answer_bytes(call_id{g}, secret_answer));
    static_cast<void>(heard_by(walt, 1, 20ms));
  });
}

void replies_for_others(findings& to) {
  constexpr int rounds = 50;
  guarded_system system(quick);
  raw_dealer worker(system.at_backend(), as("wendy"));
  worker.hello_as_worker("test", 64);
  worker.wait_for(message_type::welcome);

  // The client uses call numbers that are not its own.
  raw_dealer alice(system.at_backend(), as("alice")), bob(system.at_backend(), as("bob"));
  welcome(alice);
  welcome(bob);
  std::size_t leaked = 0, right = 0;
  for (std::uint64_t i = 1; i <= rounds; ++i) {
    alice.send(call_bytes(i, "test", "echo"));
    const call_id asked = worker.next_request();
    for (const call_id guess : {call_id{i}, asked}) {
      bob.send(word(message_type::credit, guess));
      bob.send(word(message_type::cancel, guess));
    }
    static_cast<void>(heard_by(bob, 1'000'000 + i));  // the broker has processed all of it
    worker.send(answer_bytes(asked, secret_answer));
    right += alice.next(message_type::final).call == call_id{i} ? 1u : 0u;
    leaked += heard_by(bob, 2'000'000 + i).find(plans) != std::string::npos ? 1u : 0u;
  }
  to.all("answers, after another client meddled with the call", right, rounds);
  to.none("of them heard by that client", leaked, rounds);

  // A client takes the routing id of one that has just left while an answer to it is on its way.
  leaked = 0;
  std::size_t let_in = 0, number = 0;
  const auto inherit = [&] {
    const std::string id = "alice-" + std::to_string(++number);
    auto leaving = dealer(system.at_backend(), with_routing_id(id, as("alice")));
    welcome(*leaving);
    leaving->send(call_bytes(1, "test", "echo"));
    const call_id asked = worker.next_request();
    leaving.reset();
    raw_dealer heir(system.at_backend(), with_routing_id(id, as("bob")));
    heir.hello_as_client();
    worker.send(answer_bytes(asked, secret_answer));
    const std::string heard = heard_by(heir, 1, 200ms);
    let_in += heard.empty() ? 0u : 1u;
    leaked += heard.find(plans) != std::string::npos ? 1u : 0u;
  };
  steadiness(system).tell(to, "peers under the routing id of one who left", rounds, inherit);
  to.none("answers heard by who took the routing id of one who left", leaked, rounds + 2);
  to.line("of those who did so, let in as themselves", std::to_string(let_in), "some", let_in > 0);
}

void forged_callers(findings& to) {
  guarded_system system;
  raw_dealer worker(system.at_backend(), as("wendy"));
  worker.hello_as_worker("test", 64);
  worker.wait_for(message_type::welcome);
  const auto expect_alice = [&](std::string_view what) {
    const raw_dealer::heard request = worker.next(message_type::request);
    worker.send(answer_bytes(request.call, "\xc0"));
    to.line(std::string(what) + ": the worker sees", request.caller, "alice", request.caller == "alice");
  };
  raw_dealer alice(system.at_backend(), as("alice"));
  welcome(alice);
  alice.send(call_bytes(1, "test", "echo", "\x90", "olga"));
  expect_alice("a call that says that olga makes it");

  raw_tcp by_hand(system.at_backend());
  const bool let_in = by_hand.log_in("alice", password_of("alice"),
                                     raw_tcp::property("User-Id", "olga") + raw_tcp::property("user-id", "olga"));
  to.holds("a handshake that says User-Id: olga is let in", let_in);
  by_hand.send(raw_tcp::frame(hello_bytes(peer_role::client), false));
  by_hand.send(raw_tcp::frame(call_bytes(1, "test", "echo"), false));
  expect_alice("a call over it");
  const Client named = [&] {
    client_options options = options_for(system.at_backend(), "alice");
    options.name = "olga";
    return Client(options);
  }();
  auto call = std::async(std::launch::async, [&] {
    named["test"]["echo"]().with_metadata("caller", "olga").with_metadata("User-Id", "olga").get<value>();
  });
  expect_alice("a call of a client that is named olga, with such metadata");
  call.get();

  by_hand.send(raw_tcp::frame(call_bytes(2, "gate", "stats"), false));
  to.holds("and it may not what olga may", rises_to(system.operators(), "refused", "permission_denied", 1));
  to.holds("the audit log names who it is", system.audits("operate_refused", "\"principal\":\"alice\""));
}

}  // namespace gate::test
