#include "common/protocol/endpoint.hpp"

#include <catch2/catch.hpp>

using gate::peer::fault_to_bind;
using gate::peer::fault_to_connect;

TEST_CASE("addresses of all three transports have nothing wrong", "[peer][endpoint]") {
  for (const char* const good : {"tcp://127.0.0.1:5555", "tcp://broker.example:1", "tcp://[::1]:65535",
                                 "tcp://10.0.0.2:0;10.0.0.1:5555", "ipc:///run/gate", "ipc://@name", "inproc://x"}) {
    CAPTURE(good);
    CHECK(fault_to_connect(good).empty());
    CHECK(fault_to_bind(good).empty());
  }
  CHECK(fault_to_bind("tcp://127.0.0.1:*").empty());
  CHECK(fault_to_bind("tcp://*:0").empty());
}

TEST_CASE("localhost is bound by its number, and other names are left alone", "[peer][endpoint]") {
  CHECK(gate::peer::bindable("tcp://localhost:5555") == "tcp://127.0.0.1:5555");
  for (const char* const other : {"tcp://localhost.example:1", "tcp://lo:1", "ipc://localhost", "inproc://localhost"}) {
    CHECK(gate::peer::bindable(other) == other);
  }
}

TEST_CASE("what is no address is told from one where nobody is", "[peer][endpoint]") {
  CHECK(fault_to_connect("localhost:5555") == "an address begins with tcp://, ipc:// or inproc://");
  CHECK(fault_to_connect("") == "an address begins with tcp://, ipc:// or inproc://");
  CHECK(fault_to_connect("tcp://localhost") == "write it as tcp://host:port");
  CHECK(fault_to_connect("tcp://:5555") == "write it as tcp://host:port");
  CHECK(fault_to_connect("ipc://") == "a path must follow ipc://");
  CHECK(fault_to_connect("inproc://") == "a name must follow inproc://");
  for (const char* const port : {"", "0", "*", "65536", "55x", "-1", " 1"}) {
    CAPTURE(port);
    CHECK(fault_to_connect("tcp://h:" + std::string(port)) == "the port must be a number from 1 to 65535");
  }
}

TEST_CASE("an IPv6 address stands in brackets, with its interface where it needs one", "[peer][endpoint]") {
  for (const char* const good : {"tcp://[::1]:5555", "tcp://[fe80::1%eth0]:5555", "tcp://[::ffff:10.0.0.1]:5555"}) {
    CAPTURE(good);
    CHECK(fault_to_connect(good).empty());
  }
  for (const char* const bad : {"tcp://[::1:5555", "tcp://[]:5555", "tcp://[nonsense]:5555", "tcp://[10.0.0.1]:5555"}) {
    CAPTURE(bad);
    CHECK(fault_to_connect(bad) == "between [ and ] stands no IPv6 address");
  }
  CHECK(fault_to_connect("tcp://::1:5555") == "write an IPv6 address in brackets: tcp://[::1]:5555");
}

TEST_CASE("a path that the system cannot take is refused at once", "[peer][endpoint]") {
  CHECK(fault_to_connect("ipc:///" + std::string(106, 'x')).empty());
  CHECK(fault_to_connect("ipc:///" + std::string(107, 'x')) ==
        "the path is longer than the 107 bytes that the system takes");
  CHECK(fault_to_bind("ipc:///" + std::string(107, 'x')) ==
        "the path is longer than the 107 bytes that the system takes");
}
