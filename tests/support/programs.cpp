#include "tests/support/programs.hpp"

#include <cstdlib>
#include <utility>

#include <unistd.h>

namespace gate::test {

namespace {

// The value of a key in "listening frontend=tcp://127.0.0.1:40123 backend=...".
std::string value_in(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key + "=");
  if (at == std::string::npos) throw did_not_happen("no " + key + " in: " + line);
  const std::size_t from = at + key.size() + 1;
  return line.substr(from, line.find_first_of(" ,\n", from) - from);
}

}  // namespace

temporary_file::temporary_file(std::string_view content) {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder != nullptr ? folder : P_tmpdir) + "/gate-test-XXXXXX";
  const int descriptor = ::mkstemp(path_.data());
  if (descriptor < 0 || ::write(descriptor, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    throw did_not_happen("cannot write " + path_);
  }
  ::close(descriptor);
}

temporary_file::~temporary_file() { ::unlink(path_.c_str()); }

broker_program::broker_program(arguments more) : more_(std::move(more)) {
  start("tcp://127.0.0.1:*", "tcp://127.0.0.1:*");
}

broker_program::broker_program(const addresses& where, arguments more, std::string program)
    : more_(std::move(more)), name_(std::move(program)) {
  start(where.frontend, where.backend);
}

void broker_program::start(const std::string& frontend, const std::string& backend) {
  arguments all{"--frontend", frontend, "--backend", backend};
  all.insert(all.end(), more_.begin(), more_.end());
  process_.emplace(name_, all);
  const std::string line = process_->wait_for_line("listening ");
  frontend_ = value_in(line, "frontend");
  backend_ = value_in(line, "backend");
}

void broker_program::start_again() {
  process_.reset();
  start(frontend_, backend_);
}

arguments worker_program::command_line(const std::string& backend, const std::string& service, const arguments& more) {
  arguments all{"--broker", backend, "--service", service, "--print-ready", "--threads", "8"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

worker_program::worker_program(const broker_program& broker, std::string service, arguments more)
    : process_("gate-test-worker", command_line(broker.backend(), service, more)) {
  process_.wait_for_line("READY");
}

std::map<std::string, std::map<std::string, std::uint64_t>> stats_of(const Client& client) {
  const auto all = client["gate"]["stats"]().get<std::map<std::string, value>>();
  std::map<std::string, std::map<std::string, std::uint64_t>> groups;
  for (const auto& [name, group] : all) {
    if (group.kind() == value_kind::map) groups[name] = group.as<std::map<std::string, std::uint64_t>>();
  }
  return groups;
}

std::uint64_t count_of(const Client& client, const std::string& group, const std::string& name) {
  const auto all = stats_of(client);
  const auto& counters = all.at(group);
  const auto found = counters.find(name);  // a status that never occurred is not listed
  return found == counters.end() ? 0 : found->second;
}

namespace {

template <class Condition> bool becomes(const Condition& holds) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    // Leaves the processor to the programs that have to bring it about.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace

bool rises_to(const Client& client, const std::string& group, const std::string& name, std::uint64_t least) {
  return becomes([&] { return count_of(client, group, name) >= least; });
}

bool falls_to(const Client& client, const std::string& group, const std::string& name, std::uint64_t most) {
  return becomes([&] { return count_of(client, group, name) <= most; });
}

}  // namespace gate::test
