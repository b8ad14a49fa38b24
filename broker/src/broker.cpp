#include <exception>
#include <memory>
#include <typeinfo>
#include <utility>

#include <gate/assert.hpp>
#include <gate/broker.hpp>

#include "broker/engine/engine.hpp"
#include "broker/internal_service/internal_service.hpp"
#include "broker/settings/broker_keys.hpp"
#include "broker/src/hooks.hpp"

namespace gate {

class Broker::impl {
 public:
  impl(broker_options o, Broker& owner) : options(broker::within_bounds(std::move(o))), hooks(owner) {}

  broker_options options;
  bound endpoints;
  broker::hooks hooks;
  bool leaving = false;
  std::unique_ptr<broker::engine> engine;
  std::unique_ptr<broker::internal_service> internal;
  std::shared_ptr<impl*> self = std::make_shared<impl*>(this);  // tells a posted call whether the broker still exists

  // A hook may run while the core is at work. The core must end that work first.
  template <class Call> void once_possible(Call call) {
    if (!engine) return;
    if (!hooks.running()) return call(*this);
    engine->where().post([alive = std::weak_ptr<impl*>(self), call] {
      const std::shared_ptr<impl*> found = alive.lock();
      if (found && (*found)->engine) call(**found);
    });
  }

  void leave() {
    if (!std::exchange(leaving, true)) hooks.leaving();
  }
};

Broker::Broker(broker_options options) : impl_(std::make_unique<impl>(std::move(options), *this)) {}
Broker::~Broker() = default;

void Broker::bind(loop& where) {
  GATE_ASSERT(!impl_->engine);
  check();
  const bool extended = typeid(*this) != typeid(Broker);  // a Broker that is not derived has no hook to call
  auto engine = std::make_unique<broker::engine>(where, impl_->options, extended ? &impl_->hooks : nullptr);
  impl_->internal = std::make_unique<broker::internal_service>(*engine, impl_->options, *this,
                                                               [this] { return impl_->hooks.failures(); });
  impl_->engine = std::move(engine);
  impl_->endpoints = impl_->engine->endpoints();
}

const Broker::bound& Broker::endpoints() const noexcept { return impl_->endpoints; }
const broker_options& Broker::options() const noexcept { return impl_->options; }

task<void> Broker::run() {
  loop& here = co_await this_loop();
  const bool bound_already = impl_->engine != nullptr;
  if (!bound_already) bind(here);
  GATE_ASSERT(&impl_->engine->where() == &here);
  std::exception_ptr failure;
  try {
    task<void> serving = impl_->engine->run();
    co_await std::move(serving);
  } catch (...) {
    failure = std::current_exception();
  }
  impl_->internal.reset();
  impl_->engine.reset();
  if (failure) std::rethrow_exception(failure);
}

void Broker::drain() {
  impl_->once_possible([](impl& self) {
    self.engine->drain();
    self.leave();
  });
}

void Broker::reload() {
  if (impl_->engine) impl_->engine->door().reload();
}

void Broker::stop() {
  impl_->once_possible([](impl& self) {
    self.engine->stop();
    self.leave();
  });
}

}  // namespace gate
