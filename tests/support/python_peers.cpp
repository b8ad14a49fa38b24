#include "tests/support/python_peers.hpp"

#include <utility>

namespace gate::test {
namespace {

std::string interpreter() {
  if (!has_python()) throw did_not_happen("there is no Python with zmq and msgpack");
  return GATE_TEST_PYTHON;
}

}  // namespace

bool has_python() { return sizeof(GATE_TEST_PYTHON) > 1; }

patient_broker::patient_broker(const std::string& codec)
    : config("service_grace = \"10min\"\ngaterpc_compression = \"" + codec + "\"\n"),
      broker(arguments{"--config", config.path()}) {}

cpp_worker::cpp_worker(const broker_program& broker)
    : program("calculator-worker", {"--broker", broker.backend(), "--print-ready"}) {
  program.wait_for_line("READY");
}

python_worker::python_worker(const broker_program& broker, const std::string& service)
    : program(interpreter(), {GATE_PYTHON_EXAMPLES "/worker.py", broker.backend(), service}) {
  program.wait_for_line("serving " + service);
}

outcome end_of(process& program) {
  outcome o;
  o.code = program.wait().code;
  o.out = program.text(process::stream::out);
  o.err = program.text(process::stream::err);
  return o;
}

process python_client(const broker_program& broker, const arguments& words) {
  arguments all{GATE_PYTHON_EXAMPLES "/client.py", broker.frontend()};
  all.insert(all.end(), words.begin(), words.end());
  return process(interpreter(), all);
}

process scripted_worker(const std::string& backend, const std::string& service, const std::string& codec) {
  return process(interpreter(), {"-B", GATE_TEST_SCRIPTS "/gaterpc_worker.py", backend, service, codec});
}

process scripted_client(const std::string& frontend, const std::string& codec, const arguments& words) {
  arguments all{"-B", GATE_TEST_SCRIPTS "/gaterpc_client.py", frontend, codec};
  all.insert(all.end(), words.begin(), words.end());
  return process(interpreter(), all);
}

outcome scripted_call(const std::string& frontend, const std::string& codec, const arguments& words) {
  process program = scripted_client(frontend, codec, words);
  return end_of(program);
}

namespace {

std::string endpoint_in(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key + "=") + key.size() + 1;
  return line.substr(at, line.find_first_of(" \n", at) - at);
}

}  // namespace

python_broker::python_broker(arguments more) : more_(std::move(more)) {
  start("tcp://127.0.0.1:*", "tcp://127.0.0.1:*");
}

void python_broker::start_again() {
  program.reset();
  start(frontend, backend);
}

void python_broker::start(const std::string& front, const std::string& back) {
  arguments all{"-B", GATE_TEST_SCRIPTS "/gaterpc_broker.py", "--frontend", front, "--backend", back};
  all.insert(all.end(), more_.begin(), more_.end());
  program.emplace(interpreter(), all);
  const std::string line = program->wait_for_line("listening ");
  frontend = endpoint_in(line, "frontend");
  backend = endpoint_in(line, "backend");
}

python_zap_service::python_zap_service(std::string address, const users& known) : address_(std::move(address)) {
  start_again(known);
}

void python_zap_service::start_again(const users& known) {
  program.reset();
  arguments all{"-B", GATE_TEST_SCRIPTS "/zap_service.py", "--bind", address_};
  for (const arguments& user : known) {
    all.push_back("--user");
    all.insert(all.end(), user.begin(), user.end());
  }
  program.emplace(interpreter(), all);
  program->wait_for_line("listening");
}

outcome python_call(const broker_program& broker, const arguments& words) {
  process program = python_client(broker, words);
  return end_of(program);
}

}  // namespace gate::test
