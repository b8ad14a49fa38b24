#include "cli/commands/input.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gate/error.hpp>

#include "cli/context/descriptors.hpp"
#include "cli/context/outcome.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::errc;
using gate::Error;
using gate::cli::input;
using gate::cli::usage_error;
using gate::cli::write_all;
using gate::test::scratch_folder;

namespace {

std::string all_of(input& from) {
  std::string all;
  for (std::string part = from.read(7); !part.empty(); part = from.read(7)) all += part;
  return all;
}

errc failure_of(input& from) {
  try {
    all_of(from);
  } catch (const Error& e) {
    return e.code();
  }
  return errc::ok;
}

// A named pipe that holds this text.
class full_pipe {
 public:
  full_pipe(const scratch_folder& folder, const std::string& text) : path_(folder.file("pipe")) {
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
    end_ = gate::cli::owned_descriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC));  // NOLINT: so it is declared
    REQUIRE(write_all(end_.number(), text) == 0);
  }
  const std::string& path() const noexcept { return path_; }
  // Closes the writing end: the reader then finds the end.
  void close() { gate::cli::owned_descriptor(std::move(end_)); }

 private:
  std::string path_;
  gate::cli::owned_descriptor end_;
};

}  // namespace

TEST_CASE("a file is read as it is, and its size is known", "[cli]") {
  const scratch_folder folder;
  const std::string content("\"quoted\"\n\0{}", 12);
  input file(folder.write("q.txt", content));
  CHECK(file.size() == 12);
  CHECK(all_of(file) == content);
  CHECK(all_of(*file.again()) == content);
}

TEST_CASE("what cannot be opened is told with its name", "[cli]") {
  const scratch_folder folder;
  CHECK_THROWS_AS(input(folder.file("none")), usage_error);
  CHECK_THROWS_WITH(input(folder.path()), "cannot read '" + folder.path() + "': it is a folder");
}

TEST_CASE("a file that says it is empty is read to its end all the same", "[cli]") {
  input status("/proc/self/status");
  CHECK_FALSE(status.size());
  CHECK(all_of(status).find("Pid:") != std::string::npos);
  const scratch_folder folder;
  input empty(folder.write("empty", ""));
  CHECK(empty.read_whole(0) == "");
}

TEST_CASE("a file that changes while it is read fails", "[cli]") {
  const scratch_folder folder;
  const std::string path = folder.write("log", std::string(100, 'x'));
  input longer(path);
  longer.read(7);
  std::ofstream(path, std::ios::app) << "more";
  CHECK(failure_of(longer) == errc::failed);
  input shorter(path);
  shorter.read(7);
  std::filesystem::resize_file(path, 20);
  CHECK(failure_of(shorter) == errc::failed);
}

TEST_CASE("a pipe that is larger than may be held loses nothing, and is kept in a file", "[cli]") {
  const scratch_folder folder;
  full_pipe pipe(folder, "0123456789");
  input from(pipe.path());
  pipe.close();
  CHECK_FALSE(from.size());
  CHECK_FALSE(from.read_whole(4));
  from.keep(10);
  CHECK(from.size() == 10);
  CHECK(all_of(from) == "0123456789");
  CHECK(all_of(*from.again()) == "0123456789");
}

TEST_CASE("a pipe beyond the bound is too large", "[cli]") {
  const scratch_folder folder;
  full_pipe pipe(folder, "0123456789");
  input from(pipe.path());
  pipe.close();
  try {
    from.keep(9);
    FAIL("it was kept");
  } catch (const Error& e) {
    CHECK(e.code() == errc::too_large);
  }
}

TEST_CASE("a read that waits for a pipe ends when nobody wants it any more", "[cli]") {
  const scratch_folder folder;
  const full_pipe pipe(folder, "abc");
  input from(pipe.path());
  CHECK(from.read(10) == "abc");
  errc ended = errc::ok;
  std::thread reader([&] { ended = failure_of(from); });
  from.stop();
  reader.join();
  CHECK(ended == errc::cancelled);
}
