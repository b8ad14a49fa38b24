// Peers of gate-rpc that were written in Python from its specification, as processes: the client and the worker of
// examples/python, and those of this folder, which know HugeData and a broker as well.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/programs.hpp"

namespace gate::test {

// Whether there is a Python that has zmq and msgpack. Without, the rest throws did_not_happen.
bool has_python();

// gate-broker that lets calls wait for the worker that a test starts.
struct patient_broker {
  explicit patient_broker(const std::string& codec = "gzip");
  temporary_file config;
  broker_program broker;
};

// The calculator of the examples, in C++, registered.
struct cpp_worker {
  explicit cpp_worker(const broker_program& broker);
  process program;
};

// worker.py, registered.
struct python_worker {
  explicit python_worker(const broker_program& broker, const std::string& service = "calculator");
  process program;
};

struct outcome {
  int code = -1;
  std::string out, err;
};

// A program, to its end.
outcome end_of(process& program);

// client.py, started; its words are the service, the method and the arguments.
process python_client(const broker_program& broker, const arguments& words);
// client.py, to its end.
outcome python_call(const broker_program& broker, const arguments& words);

// gaterpc_worker.py, with HugeData in that compression. It registers in its own time.
process scripted_worker(const std::string& backend, const std::string& service, const std::string& codec = "gzip");
// gaterpc_client.py; its words are the service, the method and the arguments.
process scripted_client(const std::string& frontend, const std::string& codec, const arguments& words);
outcome scripted_call(const std::string& frontend, const std::string& codec, const arguments& words);

// gaterpc_broker.py, listening.
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

// zap_service.py, listening at that address. Of each user: the name, the password, and the status that is the answer
// to both.
class python_zap_service {
 public:
  using users = std::vector<arguments>;
  python_zap_service(std::string address, const users& known);
  // Another process, at the same address.
  void start_again(const users& known);

  std::optional<process> program;

 private:
  std::string address_;
};

// What a stream has, to its end.
template <class T> std::vector<T> items_of(blocking_stream<T>& stream) {
  std::vector<T> all;
  for (const T& item : stream) all.push_back(item);
  return all;
}

}  // namespace gate::test
