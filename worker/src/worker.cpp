#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

#include <gate/assert.hpp>
#include <gate/error.hpp>
#include <gate/limits.hpp>
#include <gate/worker.hpp>

#include "common/protocol/endpoint.hpp"
#include "worker/settings/worker_keys.hpp"
#include "worker/src/worker_runtime.hpp"

namespace gate {

namespace worker {

namespace {

bool upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// "LogSearch" of "shop::(anonymous namespace)::LogSearch<shop::File>".
std::string_view unqualified(std::string_view name) {
  if (name.ends_with('>')) name = name.substr(0, name.find('<'));
  const std::size_t colons = name.rfind("::");
  return colons == std::string_view::npos ? name : name.substr(colons + 2);
}

}  // namespace

std::string service_name_of(std::string_view class_name) {
  const std::string_view from = unqualified(class_name);
  std::string to;
  for (std::size_t i = 0; i < from.size(); ++i) {
    // A word begins at a capital that follows a small letter, and at the last of several capitals before a small
    // letter.
    const bool behind_small = i > 0 && !upper(from[i - 1]) && from[i - 1] != '_';
    const bool before_small = i > 0 && upper(from[i - 1]) && i + 1 < from.size() &&
                              std::islower(static_cast<unsigned char>(from[i + 1])) != 0;
    if (upper(from[i]) && (behind_small || before_small)) to += '_';
    to += lower(from[i]);
  }
  return to;
}

}  // namespace worker

std::string Worker::service_name() const {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status), &std::free);
  return worker::service_name_of(status == 0 && name ? name.get() : typeid(*this).name());
}

void Worker::drain() {
  if (runtime_ != nullptr) runtime_->drain();
}

bool Worker::use_credentials(const credentials& own) { return runtime_ != nullptr && runtime_->use_credentials(own); }

bool Worker::registered() const noexcept { return runtime_ != nullptr && runtime_->registered(); }

namespace {

// Throws if these options can never reach a broker, or if no broker can accept this worker.
void check(const Worker& what, const worker_options& options) {
  peer::check_to_connect(options.broker);
  const std::string service = worker::service_of(what, options);
  if (service.size() > limits::name_bytes_max || options.capacity == 0) {
    throw Error(errc::invalid_argument, "a worker has a service's name of up to " +
                                            std::to_string(limits::name_bytes_max) + " bytes, and a capacity");
  }
}

}  // namespace

task<void> serve(loop& where, Worker& what, worker_options options) {
  loop& here = co_await this_loop();
  GATE_ASSERT(&here == &where);
  check(what, options);
  worker::runtime served(where, what, worker::within_bounds(std::move(options)));
  co_await served.run();
}

}  // namespace gate
