#include "common/transport/ipc_path.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/scratch_folder.hpp"

using gate::broker::in_the_way_of;

TEST_CASE("a path where somebody listens is not free, and one whose listener is gone is", "[endpoints]") {
  const gate::test::scratch_folder folder;
  const std::string endpoint = "ipc://" + folder.file("socket");
  CHECK(in_the_way_of(endpoint).empty());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  CHECK(in_the_way_of(endpoint) == "Address already in use");
  ::close(listener);
  CHECK(std::filesystem::exists(folder.file("socket")));
  CHECK(in_the_way_of(endpoint).empty());
}

TEST_CASE("a file that is no socket is never taken for an address", "[endpoints]") {
  const gate::test::scratch_folder folder;
  std::ofstream(folder.file("notes")) << "dear";
  CHECK(in_the_way_of("ipc://" + folder.file("notes")) == "there is a file at that path which is no socket");
  CHECK(in_the_way_of("ipc://" + folder.path()) == "there is a file at that path which is no socket");
}

TEST_CASE("addresses that are no paths have nothing in their way", "[endpoints]") {
  for (const char* const other : {"tcp://127.0.0.1:1", "inproc://x", "ipc://*", "ipc://@abstract"}) {
    CHECK(in_the_way_of(other).empty());
  }
}
