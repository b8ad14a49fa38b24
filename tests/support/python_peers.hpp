// Runs Python peers of gate-rpc, which were written from its specification: the client and the worker of
// examples/python, and those of this folder, which also know HugeData. One of them is a broker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/programs.hpp"

namespace gate::test {

// True if there is a Python with zmq and msgpack. If not, the rest of this header throws did_not_happen.
bool has_python();

// A gate-broker that lets calls wait until the test has started a worker.
struct patient_broker {
  explicit patient_broker(const std::string& codec = "gzip");
  temporary_file config;
  broker_program broker;
};

// The calculator worker of the examples in C++. The constructor waits for its registration.
struct cpp_worker {
  explicit cpp_worker(const broker_program& broker);
  process program;
};

// The worker.py of the examples. The constructor waits for its registration.
struct python_worker {
  explicit python_worker(const broker_program& broker, const std::string& service = "calculator");
  process program;
};

struct outcome {
  int code = -1;
  std::string out, err;
};

// Waits until the program has ended.
outcome end_of(process& program);

// Starts client.py. `words` are the service, the method and the arguments.
process python_client(const broker_program& broker, const arguments& words);
// Runs client.py to its end.
outcome python_call(const broker_program& broker, const arguments& words);

// Starts gaterpc_worker.py, with HugeData in that compression. It does not wait for the registration.
process scripted_worker(const std::string& backend, const std::string& service, const std::string& codec = "gzip");
// Starts gaterpc_client.py. `words` are the service, the method and the arguments.
process scripted_client(const std::string& frontend, const std::string& codec, const arguments& words);
outcome scripted_call(const std::string& frontend, const std::string& codec, const arguments& words);

// A running gaterpc_broker.py.
class python_broker {
 public:
  explicit python_broker(arguments more = {});
  void start_again();

  std::optional<process> program;
  std::string frontend, backend;

 private:
  void start(const std::string& front, const std::string& back);
  arguments more_;
};

// A running zap_service.py at that address. Each user has a name, a password, and the status with which its logins are
// answered.
class python_zap_service {
 public:
  using users = std::vector<arguments>;
  python_zap_service(std::string address, const users& known);
  // Starts another process at the same address.
  void start_again(const users& known);

  std::optional<process> program;

 private:
  std::string address_;
};

// Reads a stream to its end.
template <class T> std::vector<T> items_of(blocking_stream<T>& stream) {
  std::vector<T> all;
  for (const T& item : stream) all.push_back(item);
  return all;
}

}  // namespace gate::test
