// Where a client or a worker connects. The link of its session asks for each attempt, and tells how the attempt went.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <gate/error.hpp>

namespace gate::peer {

// One link uses a source, on one thread. A source does not block: one that has to look brokers up does so elsewhere,
// and gives what it knows. After failed() the link pauses before it asks again, longer after each failure.
class endpoint_source {
 public:
  virtual ~endpoint_source() = default;

  // The broker's endpoint for the attempt that begins now: "tcp://host:port", "ipc://path" or "inproc://name". Empty if
  // no broker is known: the attempt then fails as `unavailable`. If the endpoint cannot be parsed, it fails as well.
  virtual std::string next() = 0;

  // The broker at the last endpoint has welcomed this peer.
  virtual void succeeded() {}

  // The last attempt failed, or the connection that it made has ended. The link's own end by close() is not reported.
  virtual void failed(errc /*why*/, std::string_view /*text*/) {}
};

// The same endpoint for each attempt.
class fixed_endpoint final : public endpoint_source {
 public:
  explicit fixed_endpoint(std::string endpoint) : endpoint_(std::move(endpoint)) {}
  std::string next() override { return endpoint_; }

 private:
  std::string endpoint_;
};

}  // namespace gate::peer
