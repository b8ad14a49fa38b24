// The examples and the command `gate`, as their users run them: separate processes, one broker.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::test::arguments;
using gate::test::broker_program;
using gate::test::process;
using gate::test::program_end;
using gate::test::scratch_folder;
using stream = gate::test::process::stream;

namespace {

// A worker of the examples, registered.
class example_worker {
 public:
  example_worker(const broker_program& broker, const std::string& program, arguments more = {})
      : process_(program, with_flags(broker, std::move(more))) {
    process_.wait_for_line("READY");
  }
  process& program() noexcept { return process_; }

 private:
  static arguments with_flags(const broker_program& broker, arguments more) {
    arguments all = {"--broker", broker.backend(), "--print-ready"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  process process_;
};

struct outcome {
  int code = -1;
  std::string out, err;
};

outcome run(const std::string& program, const arguments& given) {
  process p(program, given);
  const program_end end = p.wait();
  return {end.code, p.text(stream::out), p.text(stream::err)};
}

// Runs the gate command with this broker.
outcome gate_command(const broker_program& broker, arguments given) {
  given.insert(given.end(), {"--timeout", "30s", "--broker", broker.frontend()});
  return run("gate", given);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// A folder with text files to search, and other files.
class text_tree {
 public:
  text_tree() {
    std::filesystem::create_directories(folder_.file("below/further"));
    folder_.write("first.txt", "one needle\nnothing\nanother needle, two needles\n");
    folder_.write("below/second.log", "hay\nneedle without an end of line");
    folder_.write("below/further/empty", "");
    folder_.write("below/binary", std::string_view("needle\0needle\n", 14));
    std::filesystem::create_symlink(folder_.file("first.txt"), folder_.file("link"));
  }
  std::string path() const { return folder_.path(); }
  std::string path(std::string_view below) const { return folder_.file(below); }

 private:
  scratch_folder folder_;
};

}  // namespace

TEST_CASE("hello greets whom it is asked to greet", "[end_to_end]") {
  broker_program broker;
  example_worker worker(broker, "hello-worker");
  const outcome done = run("hello-client", {broker.frontend()});
  CHECK(done.err.empty());
  CHECK(done.out == "Hello, world!\n");
  CHECK(done.code == 0);
  worker.program().signal(SIGTERM);
  CHECK(worker.program().wait() == program_end{0, 0});
}

TEST_CASE("the calculator answers, streams both ways, fails and runs out of time", "[end_to_end]") {
  broker_program broker;
  example_worker worker(broker, "calculator-worker");
  const outcome done = run("calculator-client", {broker.frontend()});
  CHECK(done.err.empty());
  CHECK(done.out ==
        "2 + 3 = 5\n"
        "17 / 5 = 3, rest 2\n"
        "2 3 5 7 11 13 17 19 23 29 are primes\n"
        "the mean is 250.25\n"
        "failed: std::domain_error: division by zero\n"
        "timed_out\n");
  CHECK(done.code == 0);
}

TEST_CASE("a program without coroutines calls, waits for futures and reads a stream", "[end_to_end]") {
  broker_program broker;
  example_worker worker(broker, "calculator-worker");
  const outcome done = run("blocking-client", {broker.frontend()});
  CHECK(done.err.empty());
  CHECK(done.out ==
        "2 + 3 = 5\n"
        "0 2 4 6 8 10 12 14 16 18 are even\n"
        "2 3 5 7 11 13 17 19 23 29 are primes\n");
  CHECK(done.code == 0);
}

TEST_CASE("log_search finds what is in text files, and skips what is no text", "[end_to_end]") {
  const text_tree tree;
  broker_program broker;
  example_worker worker(broker, "log-search-worker", {tree.path()});
  const outcome found = run("log-search-client", {"needle", broker.frontend()});
  CHECK(found.err.empty());
  CHECK(found.out == tree.path("below/second.log") + ":2: needle without an end of line\n" + tree.path("first.txt") +
                         ":1: one needle\n" + tree.path("first.txt") + ":3: another needle, two needles\n");
  CHECK(run("log-search-client", {"no such text", broker.frontend()}).out.empty());
  const outcome survey = gate_command(broker, {"call", "log_search.survey"});
  CHECK(contains(survey.out, R"("files":3)"));
  CHECK(contains(survey.out, R"("skipped":1)"));
}

TEST_CASE("log_search serves many clients at once", "[end_to_end]") {
  const text_tree tree;
  broker_program broker;
  example_worker first(broker, "log-search-worker", {tree.path()});
  example_worker second(broker, "log-search-worker", {tree.path()});
  const outcome done = run("log-search-many-clients", {"needle", broker.frontend(), "20", "1"});
  CAPTURE(done.out, done.err);
  CHECK(done.code == 0);
  CHECK(contains(done.out, " failed=0 hung=0 "));
}

TEST_CASE("log_search says which folder is not there", "[end_to_end]") {
  const outcome done = run("log-search-worker", {"/no/such/folder"});
  CHECK(done.code == 2);
  CHECK(contains(done.err, "/no/such/folder"));
  CHECK(run("log-search-worker", {}).code == 2);
}

TEST_CASE("pipeline counts what another service finds", "[end_to_end]") {
  const text_tree tree;
  broker_program broker;
  example_worker search(broker, "log-search-worker", {tree.path()});
  example_worker pipeline(broker, "pipeline-worker", {broker.frontend()});
  const outcome done = gate_command(broker, {"call", "pipeline.count_by_file", "needle", "-o", "json"});
  CHECK(done.err.empty());
  CHECK(done.out == "{\"" + tree.path("below/second.log") + "\":1,\"" + tree.path("first.txt") + "\":2}\n");
}

TEST_CASE("an error of the service behind a pipeline reaches its caller", "[end_to_end]") {
  broker_program broker;
  example_worker pipeline(broker, "pipeline-worker", {broker.frontend()});
  const outcome done = gate_command(broker, {"call", "pipeline.count_by_file", "needle"});
  CHECK(done.code == 1);
  CHECK(contains(done.err, "log_search"));
}

TEST_CASE("a custom broker answers its own methods, streams its own events, and ends the stream as it leaves",
          "[end_to_end]") {
  const gate::test::addresses anywhere{"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"};
  broker_program broker(anywhere, {}, "custom-broker");
  process watch("gate", {"call", "gate.watch", "--stream", "--broker", broker.frontend()});
  watch.wait_for_line("watching");
  example_worker worker(broker, "calculator-worker", {"--name", "abacus"});
  watch.wait_for_line("up calculator abacus: 127.0.0.1");
  CHECK(gate_command(broker, {"call", "calculator.add", "2", "3"}).out == "5.0\n");
  const outcome slowest = gate_command(broker, {"call", "gate.slowest", "10", "-o", "json"});
  CHECK(contains(slowest.out, R"("service":"calculator","method":"add")"));
  CHECK(std::stod(gate_command(broker, {"call", "gate.uptime"}).out) > 0);
  broker.program().signal(SIGTERM);
  CHECK(watch.wait() == program_end{0, 0});
  CHECK(broker.program().wait() == program_end{0, 0});
}

TEST_CASE("the command calls by position and by name, and reads and writes JSON", "[end_to_end]") {
  broker_program broker;
  example_worker worker(broker, "calculator-worker");
  CHECK(gate_command(broker, {"call", "calculator.add", "2", "3"}).out == "5.0\n");
  CHECK(gate_command(broker, {"call", "calculator.add", "2", "-3"}).out == "-1.0\n");
  CHECK(gate_command(broker, {"call", "calculator.divide", "dividend=17", "divisor=5"}).out ==
        "{\"whole\":3,\"rest\":2}\n");
  const outcome primes = gate_command(broker, {"call", "calculator.primes", "12", "--stream"});
  CHECK(primes.out == "2\n3\n5\n7\n11\n");
  CHECK(primes.code == 0);
}

TEST_CASE("the command tells what went wrong by its exit code and one line", "[end_to_end]") {
  broker_program broker;
  example_worker worker(broker, "calculator-worker");
  const outcome thrown = gate_command(broker, {"call", "calculator.divide", "1", "0"});
  CHECK(thrown.code == 1);
  CHECK(thrown.err == "gate: failed: std::domain_error: division by zero\n");
  CHECK(thrown.out.empty());
  const outcome for_programs = gate_command(broker, {"call", "calculator.divide", "1", "0", "-o", "json"});
  CHECK(for_programs.code == 1);
  CHECK(for_programs.err == R"({"error":{"status":"failed","retry":"never","origin":"worker",)"
                            R"("type":"std::domain_error","message":"division by zero"}})"
                            "\n");
  CHECK(for_programs.out.empty());
  const outcome no_method = gate_command(broker, {"call", "calculator.ad", "1", "2"});
  CHECK(no_method.code == 1);
  CHECK(no_method.err == "gate: no_method: service 'calculator' has no method 'ad' (try: gate describe calculator)\n");
  const outcome no_service = gate_command(broker, {"describe", "calculator.add"});
  CHECK(no_service.code == 1);
  CHECK(no_service.err.ends_with("(a service is described, not one method: gate describe calculator)\n"));
  const outcome no_stream = gate_command(broker, {"call", "calculator.primes", "12"});
  CHECK(no_stream.code == 1);
  CHECK(no_stream.err.ends_with("(add --stream)\n"));
  const outcome sends = gate_command(broker, {"call", "calculator.mean", "[1,2,3]"});
  CHECK(sends.code == 1);
  CHECK(sends.err.ends_with("(gate call cannot send a stream of items: write a client)\n"));
  CHECK(gate_command(broker, {"call", "calculator.divide", "1"}).err.ends_with("(try: gate describe calculator)\n"));
  CHECK(gate_command(broker, {"call", "calculator.add", "2", "--frob"}).err ==
        "gate: there is no option '--frob' (see gate call --help)\n");
  CHECK(gate_command(broker, {"services", "all"}).err ==
        "gate: 'all' is one argument too many (see gate services --help)\n");
  CHECK(gate_command(broker, {"call", "calculator."}).code == 2);
  CHECK(gate_command(broker, {"call", "calculator.add", "2", "--frob"}).code == 2);
  CHECK(gate_command(broker, {"frob"}).code == 2);
  CHECK(run("gate", {"ping", "--broker", "ipc:///no/such/broker", "--timeout", "300ms"}).code == 3);
  CHECK(run("gate", {"ping", "--broker", "localhost:5555"}).code == 2);
  const arguments slow = {"call",     "calculator.add_slowly", "1", "2", "600", "--timeout", "3s",
                          "--broker", broker.frontend()};
  CHECK(run("gate", slow).code == 4);
}

TEST_CASE("the command shows services, workers, methods and the broker", "[end_to_end]") {
  broker_program broker;
  example_worker worker(broker, "calculator-worker", {"--name", "abacus"});
  const outcome services = gate_command(broker, {"services"});
  CHECK(contains(services.out, "SERVICE"));
  CHECK(contains(services.out, "does sums"));
  CHECK(contains(gate_command(broker, {"services", "-o", "json"}).out, R"("name": "calculator")"));
  const outcome workers = gate_command(broker, {"workers", "calculator"});
  CHECK(lines_of(workers.out) == 2);
  CHECK(contains(workers.out, "abacus"));
  CHECK(contains(workers.out, std::to_string(worker.program().pid())));
  const outcome methods = gate_command(broker, {"describe", "calculator"});
  CHECK(contains(methods.out, "add(a: float64, b: float64) -> float64"));
  CHECK(contains(methods.out, "adds two numbers\n"));
  CHECK(contains(methods.out, "running_sum(numbers: stream<float64>) -> stream<float64>"));
  CHECK(gate_command(broker, {"describe", "nobody"}).code == 1);
  CHECK(contains(gate_command(broker, {"ping"}).out, "is up"));
  CHECK(contains(run("gate", {"--version"}).out, "gate "));
  for (const char* const subcommand : {"call", "services", "describe", "workers", "ping"}) {
    const outcome help = run("gate", {subcommand, "--help"});
    CHECK(help.code == 0);
    CHECK(contains(help.out, "Examples:"));
  }
}

namespace {

outcome file_client(const broker_program& broker, arguments given) {
  given.insert(given.begin(), {"--broker", broker.frontend()});
  return run("file-server-client", given);
}

}  // namespace

TEST_CASE("file_server lists, tells, sends and takes files", "[end_to_end]") {
  const text_tree served, own;
  broker_program broker;
  example_worker worker(broker, "file-server-worker", {served.path()});
  const outcome listed = file_client(broker, {"list"});
  CHECK(listed.err.empty());
  CHECK(contains(listed.out, "first.txt"));
  CHECK(contains(listed.out, "below/"));
  CHECK_FALSE(contains(listed.out, "link"));
  CHECK(contains(file_client(broker, {"stat", "below/binary"}).out, "14 B"));

  const std::string large(5u << 20, '\x07');
  std::ofstream(own.path("large"), std::ios::binary) << large;
  const outcome put = file_client(broker, {"put", own.path("large"), "below/large"});
  CHECK(put.err.empty());
  CHECK(scratch_folder::read(served.path("below/large")) == large);
  const outcome got = file_client(broker, {"get", "below/large", own.path("again")});
  CHECK(got.err.empty());
  CHECK(contains(got.out, "5.0 MiB"));
  CHECK(scratch_folder::read(own.path("again")) == large);
  const outcome saved =
      gate_command(broker, {"call", "file_server.download", "below/large", "--save", own.path("saved")});
  CHECK(saved.err.empty());
  CHECK(contains(saved.out, "5242880 bytes"));
  CHECK(scratch_folder::read(own.path("saved")) == large);
}

TEST_CASE("the command saves any value: bytes as they are, all else as JSON", "[end_to_end]") {
  broker_program broker;
  example_worker worker(broker, "calculator-worker");
  const scratch_folder own;
  const outcome kept = gate_command(broker, {"call", "calculator.divide", "17", "5", "--save", own.file("answer")});
  CHECK(kept.code == 0);
  CHECK(scratch_folder::read(own.file("answer")) == "{\"whole\":3,\"rest\":2}\n");
  const outcome shown = gate_command(broker, {"call", "calculator.add", "2", "3", "--save", "-"});
  CHECK(shown.code == 0);
  CHECK(shown.out == "5.0\n");
  CHECK(gate_command(broker, {"call", "calculator.primes", "9", "--save", "-"}).code == 2);
}

TEST_CASE("file_server lets no path out of its folder", "[end_to_end]") {
  const text_tree served, own;
  std::filesystem::create_directory_symlink("/", served.path("root"));
  broker_program broker;
  example_worker worker(broker, "file-server-worker", {served.path()});
  for (const char* const path :
       {"../etc/passwd", "/etc/passwd", "below/../../x", "root/etc/passwd", "link", "below/.."}) {
    CAPTURE(path);
    const outcome got = file_client(broker, {"get", path, own.path("got")});
    CHECK(got.code == 1);
    CHECK_FALSE(std::filesystem::exists(own.path("got")));
    const outcome put = file_client(broker, {"put", own.path("first.txt"), path});
    if (std::string_view(path) == "link") continue;  // replaces the link, not the file that it points to
    CHECK(put.code == 1);
  }
  CHECK(contains(scratch_folder::read(served.path("first.txt")), "needle"));
  CHECK(file_client(broker, {"list", "root"}).code == 1);
  CHECK(file_client(broker, {"list", ".."}).code == 1);
  CHECK(file_client(broker, {"get", "below/none", own.path("got")}).code == 1);
}

TEST_CASE("file_server leaves no part of a file that did not arrive", "[end_to_end]") {
  const text_tree served, own;
  broker_program broker;
  example_worker worker(broker, "file-server-worker", {served.path()});
  {
    process put("file-server-client", {"--broker", broker.frontend(), "put", "/dev/zero", "zero"});
    CHECK(put.wait().code == 1);  // it is not a regular file
  }
  const std::size_t before = lines_of(file_client(broker, {"list"}).out);
  std::ofstream(own.path("huge")).close();
  std::filesystem::resize_file(own.path("huge"), std::uintmax_t{1} << 36);
  {
    process put("file-server-client", {"--broker", broker.frontend(), "put", own.path("huge"), "huge"});
    const auto part = [&] {
      for (const auto& each : std::filesystem::directory_iterator(served.path())) {
        if (each.path().extension() == ".part") return true;
      }
      return false;
    };
    while (put.running() && !part()) {
    }
    put.kill();
  }
  for (int i = 0; i < 1000 && lines_of(file_client(broker, {"list"}).out) != before; ++i) {
  }
  CHECK(lines_of(file_client(broker, {"list"}).out) == before);
  CHECK_FALSE(std::filesystem::exists(served.path("huge")));
}
