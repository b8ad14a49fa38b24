#include "common/credentials/private_file.hpp"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;

namespace {

std::string fault_of_reading(const std::string& path) {
  try {
    (void)read_private_file(path);
  } catch (const private_file_error& e) {
    return e.what();
  }
  return "read";
}

}  // namespace

TEST_CASE("a file that nobody else can read is read whole", "[credentials]") {
  const scratch_folder folder;
  CHECK(read_private_file(folder.write("a", "text\n")).view() == "text\n");
  CHECK(read_private_file(folder.write("b", "", 0400)).view().empty());
}

TEST_CASE("a file that others can read or change is refused, and its mode is told", "[credentials]") {
  const scratch_folder folder;
  for (const mode_t mode : {0644u, 0640u, 0604u, 0620u, 0601u}) {
    const std::string path = folder.write("store", "text", mode);
    const std::string fault = fault_of_reading(path);
    CHECK(fault.find("others can read or change it (mode 0") != std::string::npos);
    CHECK(fault.find("chmod 600") != std::string::npos);
    CHECK(fault.find("text") == std::string::npos);
  }
}

TEST_CASE("what is no regular file is refused without waiting for it", "[credentials]") {
  const scratch_folder folder;
  CHECK(fault_of_reading(folder.path()).find("is no regular file") != std::string::npos);
  const std::string pipe = folder.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(fault_of_reading(pipe).find("is no regular file") != std::string::npos);
  CHECK(fault_of_reading(folder.file("nothing")).find("cannot be opened") != std::string::npos);
}

TEST_CASE("of a relative path that leads nowhere the error tells the folder it counts from", "[credentials]") {
  const std::string here = std::filesystem::current_path();
  const std::string missing = "no-such.toml: cannot be opened: No such file or directory";
  CHECK(fault_of_reading("no-such.toml") == missing + " (in the folder " + here + ")");
  CHECK(fault_of_reading("/nowhere/no-such.toml") == "/nowhere/" + missing);
}

TEST_CASE("a link is judged by what it leads to", "[credentials]") {
  const scratch_folder folder;
  const std::string open = folder.write("open", "text", 0644), closed = folder.write("closed", "text");
  std::filesystem::create_symlink(open, folder.file("to-open"));
  std::filesystem::create_symlink(closed, folder.file("to-closed"));
  CHECK(fault_of_reading(folder.file("to-open")).find("others can read") != std::string::npos);
  CHECK(fault_of_reading(folder.file("to-closed")) == "read");
}

TEST_CASE("a private file is written whole, for its owner alone, and leaves nothing beside it", "[credentials]") {
  const scratch_folder folder;
  const std::string path = folder.file("store");
  write_private_file(path, "one", when_there::replace);
  CHECK(scratch_folder::read(path) == "one");
  CHECK(scratch_folder::mode(path) == 0600);
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  write_private_file(path, "two", when_there::replace);
  CHECK(scratch_folder::read(path) == "two");
  CHECK(scratch_folder::mode(path) == 0600);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a file that is there is not overwritten when that was not asked for", "[credentials]") {
  const scratch_folder folder;
  const std::string path = folder.write("key", "old");
  CHECK_THROWS_AS(write_private_file(path, "new", when_there::refuse), private_file_error);
  CHECK(scratch_folder::read(path) == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  write_private_file(folder.file("other"), "new", when_there::refuse);
  CHECK(scratch_folder::read(folder.file("other")) == "new");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("writing through a link changes the file behind it and keeps the link", "[credentials]") {
  const scratch_folder folder;
  const std::string real = folder.write("real", "old");
  std::filesystem::create_symlink(real, folder.file("link"));
  write_private_file(folder.file("link"), "new", when_there::replace);
  CHECK(std::filesystem::is_symlink(folder.file("link")));
  CHECK(scratch_folder::read(real) == "new");
}

TEST_CASE("a folder into which others can write holds no credentials", "[credentials]") {
  const scratch_folder folder;
  CHECK_NOTHROW(check_private_folder(folder.path()));
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  CHECK_THROWS_AS(check_private_folder(folder.path()), private_file_error);
  REQUIRE(::chmod(folder.path().c_str(), 0700) == 0);
  CHECK_THROWS_AS(check_private_folder(folder.write("file", "")), private_file_error);
}
