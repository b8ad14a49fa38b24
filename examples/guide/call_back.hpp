// Calls that report their outcome to a function, for programs with an event loop of their own.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include <gate/client.hpp>
#include <gate/cross_loop.hpp>
#include <gate/scope.hpp>

// [callback]
// The outcome of a call: its result, or else its error.
template <class T> struct outcome {
  std::optional<T> result;
  std::optional<gate::Error> error;
};

// Awaits the call and reports its outcome.
template <class T> gate::task<void> tell(gate::task<T> call, std::function<void(outcome<T>)> done) {
  outcome<T> what;
  try {
    what.result = co_await std::move(call);
  } catch (const gate::Error& e) {
    what.error = e;
  } catch (const gate::cancelled&) {
    what.error = gate::Error(gate::errc::cancelled, "the client was closed");
  }
  done(std::move(what));
}

// Makes the call and returns at once. Any thread may use it. The client's thread calls `done` once: it must not wait.
template <class T>
void call_back(const gate::Client& client, gate::PendingCall call, std::function<void(outcome<T>)> done) {
  auto told = gate::start(client.where(), tell<T>(std::move(call).as<T>(), std::move(done)));
  static_cast<void>(told);  // nobody needs the future: its destructor does not wait
}
// [/callback]
