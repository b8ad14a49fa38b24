#include <algorithm>
#include <stdexcept>

#include <gate/interface.hpp>
#include <gate/limits.hpp>

namespace gate {

namespace detail {

std::vector<parameter_info> method_entry::parameters() const {
  std::vector<parameter_info> all;
  const auto add = [&all](std::string called, std::string type) {
    parameter_info p;
    p.name = std::move(called);
    p.type = std::move(type);
    all.push_back(std::move(p));
  };
  for (std::size_t i = 0; i < shape->parameters; ++i) {
    add(names.empty() ? "" : names[i], shape->parameter_type(i));
  }
  if (shape->takes_rest) {
    const bool taken = std::find(names.begin(), names.end(), "kwargs") != names.end();
    add("*" + (names.empty() ? "args" : names[shape->parameters]), "any");
    add(taken ? "**named" : "**kwargs", "any");
  }
  if (shape->client_stream) add(names.empty() ? "" : names.back(), shape->parameter_type(shape->parameters));
  return all;
}

std::string method_entry::signature() const {
  std::string text = "(";
  for (const parameter_info& p : parameters()) {
    if (text.size() > 1) text += ", ";
    text += p.name;
    if (p.name.starts_with('*')) continue;
    if (!p.name.empty()) text += ": ";
    text += p.type;
  }
  return text += ')';
}

}  // namespace detail

namespace {

method_descriptor describe(const detail::method_entry& entry) {
  const detail::method_shape& shape = *entry.shape;
  method_descriptor d;
  d.name = entry.name;
  d.kind = shape.kind;
  d.client_stream = shape.client_stream;
  d.pooled = shape.where == run_on::pool;
  d.parameters = entry.parameters();
  d.result = shape.result_type();
  d.doc = entry.doc;
  return d;
}

[[noreturn]] void refuse(const std::string& text) { throw std::logic_error(text); }

}  // namespace

interface_slot::interface_slot(Interface* owner, std::string_view name, const detail::method_shape* shape) {
  detail::method_entry entry;
  entry.name = name;
  entry.shape = shape;
  owner->methods_.push_back(std::move(entry));
}

doc_slot::doc_slot(Interface* owner, std::string_view method, std::string_view text,
                   std::initializer_list<std::string_view> names) {
  Interface::doc d{std::string(method), std::string(text), {}};
  d.names.assign(names.begin(), names.end());
  owner->docs_.push_back(std::move(d));
}

void Interface::settle() const {
  if (settled_) return;
  index_.clear();
  for (std::size_t i = 0; i < methods_.size(); ++i) {
    const std::string& name = methods_[i].name;
    if (name.empty() || name.size() > limits::name_bytes_max)
      refuse("GATE_INTERFACE: '" + name + "' is no method name");
    if (!index_.emplace(name, i).second) refuse("GATE_INTERFACE: '" + name + "' is exposed twice");
  }
  if (methods_.size() > limits::methods_max) refuse("GATE_INTERFACE: too many methods");
  for (const doc& given : docs_) settle(given);
  settled_ = true;
}

void Interface::settle(const doc& given) const {
  const auto found = index_.find(std::string_view(given.method));
  if (found == index_.end()) refuse("GATE_DOC: '" + given.method + "' is not exposed");
  detail::method_entry& entry = methods_[found->second];
  const detail::method_shape& shape = *entry.shape;
  const std::size_t expected = shape.parameters + (shape.takes_rest ? 1 : 0) + (shape.client_stream ? 1 : 0);
  if (!given.names.empty() && given.names.size() != expected) {
    refuse("GATE_DOC: '" + given.method + "' has " + std::to_string(expected) + " parameters, but " +
           std::to_string(given.names.size()) + " names are given");
  }
  for (auto name = given.names.begin(); name != given.names.end(); ++name) {
    if (std::find(given.names.begin(), name, *name) != name) {
      refuse("GATE_DOC: '" + given.method + "' names two parameters '" + *name + "'");
    }
  }
  if (entry.described) refuse("GATE_DOC: '" + given.method + "' is described twice");
  entry.described = true;
  entry.doc = given.text;
  entry.names = given.names;
}

void Interface::check() const { settle(); }

const detail::method_entry* Interface::find(std::string_view name) const {
  settle();
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &methods_[found->second];
}

std::vector<method_descriptor> Interface::describe() const {
  settle();
  std::vector<method_descriptor> all;
  all.reserve(methods_.size());
  for (const detail::method_entry& entry : methods_) all.push_back(gate::describe(entry));
  return all;
}

}  // namespace gate
