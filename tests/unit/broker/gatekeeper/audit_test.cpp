#include "broker/gatekeeper/audit.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;
using namespace gate::security;
using namespace std::chrono_literals;

namespace {

const std::chrono::system_clock::time_point noon{std::chrono::milliseconds(1'700'000'000'042)};

audit_record refused(std::string_view user) {
  audit_record r{};
  r.kind = audit_kind::login_refused;
  r.user = user;
  return r;
}

}  // namespace

TEST_CASE("a record is one line of JSON with a time, an event and what is known", "[security]") {
  audit_record r = refused("alice");
  r.address = "10.0.0.1";
  r.mechanism = "PLAIN";
  r.what = "no";
  CHECK(compose(r, noon) ==
        R"({"time":"2023-11-14T22:13:20.042Z","event":"login_refused","user":"alice","address":"10.0.0.1",)"
        R"("mechanism":"PLAIN","what":"no"})");
}

TEST_CASE("what a peer claims can neither break a line nor forge one", "[security]") {
  const std::string line = compose(refused("a\",\n{\"event\":\"login_accepted\"}\xff\x1b"), noon);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
  const auto j = nlohmann::json::parse(line);
  CHECK(j.at("event") == "login_refused");
  CHECK(nlohmann::json::parse(compose(refused(std::string(10'000, 'x')), noon)).at("user").get<std::string>().size() ==
        255);
}

TEST_CASE("a flood of one kind is cut and counted, and hides no other", "[security]") {
  std::vector<std::string> lines;
  audit_log log([&](std::string_view line) { lines.emplace_back(line); }, 10);
  const instant start = instant{} + 1h;
  for (int i = 0; i < 1000; ++i) log.add(refused("x"), noon, start);
  CHECK(lines.size() == 10);
  audit_record act{};
  act.kind = audit_kind::operator_act;
  log.add(act, noon, start);
  CHECK(lines.size() == 11);
  log.add(refused("x"), noon, start + 1s);
  REQUIRE(lines.size() == 13);
  const auto left_out = nlohmann::json::parse(lines[11]);
  CHECK(left_out.at("event") == "left_out");
  CHECK(left_out.at("of") == "login_refused");
  CHECK(left_out.at("count") == 990);
  for (int i = 0; i < 20; ++i) log.add(refused("x"), noon, start + 1s);
  log.flush(noon);
  CHECK(nlohmann::json::parse(lines.back()).at("count") == 11);
  const std::size_t before = lines.size();
  log.flush(noon);
  CHECK(lines.size() == before);
}

TEST_CASE("the audit file is for its owner alone, is appended to, and can be moved away", "[security]") {
  const scratch_folder folder;
  const std::string path = folder.file("audit.log");
  {
    audit_file file(path);
    file.write("one");
  }
  audit_file file(path);
  file.write("two");
  CHECK(scratch_folder::read(path) == "one\ntwo\n");
  CHECK(scratch_folder::mode(path) == 0600);
  std::filesystem::rename(path, path + ".1");
  file.write("three");
  file.reopen();
  file.write("four");
  CHECK(scratch_folder::read(path + ".1") == "one\ntwo\nthree\n");
  CHECK(scratch_folder::read(path) == "four\n");
  CHECK(file.lost() == 0);
  CHECK_THROWS_AS(audit_file(folder.file("none") + "/audit"), std::system_error);
}
