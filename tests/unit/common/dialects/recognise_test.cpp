#include <string>

#include <catch2/catch.hpp>

#include "common/dialects/foreign_peer.hpp"
#include "common/wire/gate2.hpp"
#include "tests/support/foreign_frames.hpp"
#include "tests/support/gaterpc_frames.hpp"
#include "tests/support/wire_samples.hpp"

using namespace gate;
using namespace gate::wire;
using namespace gate::samples::gaterpc;
using samples::frames;
using samples::views_of;

TEST_CASE("a peer's dialect is told from its first message", "[wire][recognise]") {
  const auto told = [](const frames& first) { return recognise(views_of(first)); };
  CHECK(told({}).speaks == dialect::unknown);
  CHECK(told({none}).speaks == dialect::unknown);
  CHECK(told({"GET / HTTP/1.1"}).speaks == dialect::unknown);
  CHECK(told({none, "MDPX01", "s", "b"}).speaks == dialect::unknown);
  CHECK(told({"MDPC01", "s", "b"}).speaks == dialect::unknown);
  CHECK(told(echo()).speaks == dialect::gaterpc);
  CHECK(told(request_frames("s", {"PLAIN", "u", "p", "id",
                                  "\xa1"
                                  "f"}))
            .speaks == dialect::gaterpc);
  CHECK(told(request_frames("echo", {"Hello world"})).speaks == dialect::mdp01);
  CHECK(told(request_frames("echo", {"Hello", "world"})).speaks == dialect::mdp01);
  CHECK(told(request_frames("echo", {"id",
                                     "\xa1"
                                     "f",
                                     "\x80"}))
            .speaks == dialect::mdp01);
  CHECK(told({none, "MDPC01"}).speaks == dialect::mdp01);
  CHECK(told(to_broker(1, {"s:d:5"})).speaks == dialect::gaterpc);
  CHECK(told(to_broker(1, {"PLAIN", "u", "p", "s:d:5"})).speaks == dialect::gaterpc);
  CHECK(told(to_broker(1, {"echo"})).speaks == dialect::mdp01);
  CHECK(told(to_broker(1, {"s:d"})).speaks == dialect::mdp01);
  CHECK(told(to_broker(4)).role == peer_role::worker);
  CHECK(told({"MDPC02", "\x01", "s", "b"}).speaks == dialect::mdp02);
  CHECK(told({"MDPW02", "\x01", "s"}).role == peer_role::worker);
  CHECK(told({none, "MDPC02", "\x01", "s", "b"}).speaks == dialect::mdp02);
  CHECK(told({none, "MDPC02", "s", "b"}).speaks == dialect::mdp02);
  CHECK(told({none, "MDPC02"}).speaks == dialect::mdp02);
  CHECK(told({none, "MDPW02", "\x01", "s"}).role == peer_role::worker);
  CHECK(told({none, none, "MDPC02", "s", "b"}).speaks == dialect::unknown);
  std::string hello;
  gate2::append(hello, samples::client_hello());
  CHECK(told({hello}).speaks == dialect::gate2);
}

TEST_CASE("peers of gate-rpc 0.1 are recognised, to be refused", "[wire][recognise]") {
  const auto told = [](const frames& first) { return recognise(views_of(first)); };
  const std::string id = "0123456789abcdef0123456789ABCDEF";
  CHECK(told(request_frames("s", {"gc-1", id,
                                  "\xa1"
                                  "f"}))
            .speaks == dialect::gaterpc01);
  CHECK(told(request_frames("s", {"gc-1", id.substr(1),
                                  "\xa1"
                                  "f"}))
            .speaks == dialect::mdp01);
  CHECK(told(to_broker(1, {"gw-1", "s:d"})).speaks == dialect::gaterpc01);
  // A service's name may begin like an id of version 0.1.
  CHECK(told(to_broker(1, {"gw-test"})).speaks == dialect::mdp01);
  CHECK(told(to_broker(1, {"gw-py:desc:5"})).speaks == dialect::gaterpc);
  CHECK(make_foreign_peer({dialect::gaterpc01, peer_role::client}, {}) == nullptr);
  CHECK(make_foreign_peer({dialect::gaterpc, peer_role::client}, {}) != nullptr);
}
