// Requests of a gate-rpc broker to a worker's session, and how they are answered.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/gaterpc_vectors.hpp"
#include "tests/unit/worker/session/gaterpc_fixture.hpp"

using gate::call_id;
using gate::errc;
using gate::message;
using gate::message_type;
using gate::samples::frames;
using gate::samples::views_of;
using gate::samples::gaterpc::failure;
using gate::samples::gaterpc::none;
using gate::samples::gaterpc::to_broker;
using gate::samples::gaterpc::vector_named;
using gate::test::reply;
using fixture = gate::test::gaterpc_session_fixture;
using state = gate::worker::session::state;
namespace flag = gate::message_flag;

TEST_CASE("a captured request is dispatched with its function and its arguments", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.hear(vector_named("args_all_types.wreq"));
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].method == "args");
  CHECK(f.requests[0].service == "GateRPC");
  CHECK(f.requests[0].payload == vector_named("args_all_types.wreq")[7]);
  CHECK(f.requests[0].m.flags == flag::wants_stream);
  f.hear(vector_named("args_kwargs.wreq"));
  REQUIRE(f.requests.size() == 2);
  CHECK(f.requests[1].m.has(flag::named));
  CHECK(f.requests[1].payload == "\x92" + vector_named("args_kwargs.wreq")[7] + vector_named("args_kwargs.wreq")[8]);
}

TEST_CASE("results leave as Python's do", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  for (const std::string name : {"noargs", "echo64", "args_all_types", "args_kwargs"}) {
    INFO(name);
    const frames& expected = vector_named(name + ".wrep");
    const std::string& body = expected.back();
    const call_id call = f.request_from({expected[3], none, expected[5], "\xa1x"});
    // Without the map's header and key in front, and without the exception at the end.
    const std::string result = body.substr(8, body.size() - 8 - 11);
    CHECK(f.final(call, gate::bytes_view(result)));
    CHECK(f.said() == std::vector<frames>{expected});
  }
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("streams leave as Python's do, an empty one as its end", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.hear(vector_named("generator3.wreq"));
  const call_id call = f.requests.back().m.call;
  for (const std::string& item : {std::string(1, '\0'), std::string("\x01"), std::string("\x02")}) {
    REQUIRE(f.worker.window_open(call));
    CHECK(f.worker.part(call, gate::bytes_view(item)));
  }
  CHECK(f.final(call, {}, flag::no_payload));
  std::vector<frames> expected;
  for (const std::string n : {"0", "1", "2", "3"}) expected.push_back(vector_named("generator3.wrep." + n));
  CHECK(f.said() == expected);

  CHECK(f.final(f.any_request(), {}, flag::no_payload));
  CHECK(f.said() == std::vector<frames>{reply({"GateStreamGenerator", "GateStreamEnd"})});
}

TEST_CASE("a huge answer leaves as Python's HugeData does", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.hear(vector_named("hugedata.wreq"));
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].m.accept == gate::payload_encoding::gzip);
  const call_id call = f.requests.back().m.call;
  message head;
  head.call = call;
  head.type = message_type::part;
  head.flags = flag::no_payload;
  head.content = gate::huge_content::value;
  SECTION("in the broker's compression") {
    head.encoding = gate::payload_encoding::gzip;
    CHECK(f.worker.part(head));
    std::vector<frames> expected;
    for (int n = 0; n < 6; ++n) expected.push_back(vector_named("hugedata.wrep." + std::to_string(n)));
    for (int n = 0; n < 4; ++n)
      CHECK(f.worker.part(call, gate::bytes_view(expected[static_cast<std::size_t>(n)].back())));
    CHECK(f.final(call, {}, flag::no_payload));
    CHECK(f.said() == expected);
  }
  SECTION("or not at all") {
    CHECK(f.worker.part(head));
    const std::vector<frames> said = f.said();
    REQUIRE(said.size() == 1);
    CHECK_THAT(said[0].back(), Catch::Contains("NotImplementedError"));
    CHECK(f.cancels.size() == 1);
  }
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("an exception leaves as three strings: its class, what repr() shows, and no traceback", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  CHECK(f.error(f.any_request(), errc::failed, "boom!", "ValueError"));
  const std::string value_error =
      "\x93\xaaValueError\xb3ValueError('boom!')"
      "\xa0";
  CHECK(f.said() == std::vector<frames>{reply({failure(value_error)})});

  CHECK(f.error(f.any_request(), errc::no_method, "no x"));
  CHECK(f.said() == std::vector<frames>{reply({failure("\x93\xae"
                                                       "AttributeError\xb6"
                                                       "AttributeError('no x')\xa0")})});

  const call_id streaming = f.any_request();
  CHECK(f.worker.part(streaming, gate::bytes_view("\x01")));
  CHECK(f.error(streaming, errc::failed, "boom!", "ValueError"));
  CHECK(f.said() == std::vector<frames>{reply({"GateStreamGenerator", "\x01"}),
                                        reply({"GateStreamGenerator", "GateStreamException", value_error})});
}

TEST_CASE("a request that Python would drop is answered at once", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  const frames wrong[] = {
      {"client", none, "id", "\x01"},                           // a function that is no text
      {"client", none, "id", "\xa1x", "\x80"},                  // args that are no list
      {"client", none, "id", "\xa1x", "\x90", "\x90"},          // kwargs that are no map
      {"client", none, "id", "\xa1x", "\x90", "\x80", "\x80"},  // too many frames
  };
  for (const frames& rest : wrong) {
    CHECK(f.request_from(rest) == call_id{});
    const std::vector<frames> said = f.said();
    REQUIRE(said.size() == 1);
    CHECK(frames(said[0].begin(), said[0].begin() + 6) == to_broker(3, {"client", none, "id"}));
    CHECK_THAT(said[0].back(), Catch::Contains("TypeError"));
  }
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("get_interfaces lists the methods, unless the worker answers it itself", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  CHECK(f.request_from({"client", none, "id",
                        "\xae"
                        "get_interfaces",
                        "\x90", "\x80"}) == call_id{});
  const std::vector<frames> said = f.said();
  REQUIRE(said.size() == 1);
  const frames body{said[0].back()};
  const auto answer = gate::wire::gaterpc::read_answer(views_of(body));
  REQUIRE(answer);
  const auto methods = gate::wire::gaterpc::read_interfaces(answer->content);
  REQUIRE(methods);
  REQUIRE(methods->size() == 2);
  CHECK(methods->at(0).name == "add");
  CHECK(methods->at(0).doc == "Adds");
  REQUIRE(methods->at(0).parameters.size() == 2);
  CHECK(methods->at(0).parameters[1].name == "b");
  CHECK(methods->at(0).parameters[1].type == "int32");
  CHECK(methods->at(0).result == "int32");
  CHECK(methods->at(1).name == "get_interfaces");
}

TEST_CASE("more requests than the capacity are refused as busy: Python's credit grows with streams",
          "[worker][gaterpc]") {
  fixture f;
  f.connect();
  for (int i = 0; i < 7; ++i) CHECK(f.any_request() != call_id{});
  CHECK(f.any_request() == call_id{});
  const std::vector<frames> said = f.said();
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0].back(), Catch::Contains("BusyWorkerError"));
  CHECK(f.worker.current() == state::serving);
  CHECK(f.worker.open_calls() == 7);
}

TEST_CASE("what Python cannot unpack is told as an exception", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  CHECK(f.final(f.any_request(), gate::bytes_view("\xa1\xff")));
  const std::vector<frames> said = f.said();
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0].back(), Catch::Contains("Python can unpack"));

  const call_id call = f.any_request();
  CHECK(f.worker.part(call, gate::bytes_view("\xa1\xff")));
  f.deliver();
  CHECK(f.cancels == std::vector{std::pair(call, errc::cancelled)});
  CHECK(f.error(call, errc::cancelled, "stopped"));
  CHECK(f.said().size() == 1);
}

TEST_CASE("a stream of any length finds its window open", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  const call_id call = f.any_request();
  const std::string item = "\xc6" + std::string("\x00\xff\xff\xfb", 4) + std::string(0xfffffb, 'x');
  for (int i = 0; i < 140; ++i) {  // more than the first window
    REQUIRE(f.worker.window_open(call));
    REQUIRE(f.worker.part(call, gate::bytes_view(item)));
    f.said();
  }
}
