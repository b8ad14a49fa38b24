#include "broker/foreign_peers/foreign_services.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gate/assert.hpp>
#include <gate/value.hpp>

#include "common/dialects/foreign_words.hpp"
#include "common/dialects/gaterpc.hpp"
#include "common/dialects/mdp.hpp"
#include "common/protocol/qualified_name.hpp"
#include "common/value/msgpack_scan.hpp"

namespace gate::broker {
namespace {

namespace scan = wire::msgpack_scan;

constexpr std::string_view gaterpc_name = "Gate";
constexpr std::string_view own_name = "gate";
constexpr std::string_view heartbeat = "heartbeat";
// The methods that gate() answers.
constexpr std::array<std::string_view, 4> gaterpc_methods{"get_services", "info", "keepalive", "query_service"};

// The first positional argument, or else the one of that name. Nothing if there is neither. The payload must be well
// formed.
std::optional<bytes_view> argument(const message& request, bytes_view name) {
  bytes_view rest = request.payload.single();
  if (request.has(message_flag::named)) {
    scan::take_list(rest);
    bytes_view positional = scan::take_value(rest, scan::reader::ours, scan::depth_with_values).value_or(bytes_view());
    if (scan::take_list(positional).value_or(0) > 0) return scan::take_value(positional);
    for (std::uint32_t left = scan::take_map(rest).value_or(0); left > 0; --left) {
      const std::optional<bytes_view> key = scan::take_value(rest);
      const std::optional<bytes_view> given = scan::take_value(rest);
      if (!key || !given) return std::nullopt;
      if (scan::text_of(*key) == name) return given;
    }
    return std::nullopt;
  }
  return scan::take_list(rest).value_or(0) > 0 ? scan::take_value(rest) : std::nullopt;
}

// The body of a question to the broker as Majordomo's clients put it: the first frame.
bytes_view body_of(const message& request) {
  if (request.method != wire::mdp::body_method) return request.method;  // it looked like a call with a method
  const std::optional<bytes_view> first = argument(request, {});
  return first ? scan::binary_of(*first).value_or(bytes_view()) : bytes_view();
}

}  // namespace

foreign_services::foreign_services(const core& about, access* rights) : core_(about), rights_(rights) {
  std::random_device random;
  for (char& c : id_) c = static_cast<char>(random() & 0xff);
}

std::string_view foreign_services::core_name(dialect speaks, std::string_view service) noexcept {
  return speaks == dialect::gaterpc && service == gaterpc_name ? own_name : service;
}

std::optional<foreign_services::question> foreign_services::recognise(dialect speaks, std::string_view principal,
                                                                      const message& request) const {
  question q(speaks, principal, rights_ == nullptr ? std::string_view() : rights_->home(principal), request);
  bool is_ours = false;
  if (speaks != dialect::gaterpc) {
    is_ours = request.service.starts_with("mmi.");
  } else if (request.service == gaterpc_name) {
    is_ours = std::ranges::find(gaterpc_methods, request.method) != gaterpc_methods.end();
  } else if (request.method == "get_interfaces") {
    q.described = methods_of(q);
    is_ours = q.described != nullptr;
  }
  return is_ours ? std::optional(q) : std::nullopt;
}

message foreign_services::answer(const question& q) {
  result_.clear();
  if (q.speaks != dialect::gaterpc) return mmi(q);
  return q.described == nullptr ? gate(q) : interfaces(q);
}

bool foreign_services::may_see(const question& q, std::string_view space, std::string_view name) const {
  return rights_ == nullptr || rights_->may_see(q.asker, space, name);
}

std::optional<foreign_services::meant> foreign_services::find(const question& q, bytes_view said) const {
  const qualified_name name = split_name(said);
  const meant what{name.name_space.value_or(q.home), name.name};
  return may_see(q, what.space, what.name) ? std::optional(what) : std::nullopt;
}

std::size_t foreign_services::workers_of(const question& q, bytes_view said) const {
  const std::optional<meant> what = find(q, said);
  return what ? core_.workers_of(what->space, what->name) : 0;
}

// The services that the asker may know of, as it would call them. Names that are not UTF-8 are left out: no gate-rpc
// client can state one, and Python would refuse the whole list.
std::vector<std::string> foreign_services::names(const question& q) const {
  std::vector<std::string> all;
  for (service_view& s : core_.services()) {
    if (s.workers == 0 || s.name == own_name || !scan::valid_utf8(s.name)) continue;
    if (!may_see(q, s.name_space, s.name)) continue;
    if (s.name_space == q.home) {
      all.push_back(std::move(s.name));
    } else {
      all.push_back(s.name_space + '/' + s.name);
    }
  }
  return all;
}

message foreign_services::final(const message& request) const {
  message m = wire::of_type(message_type::final, request.call);
  m.payload = bytes_view(result_);
  return m;
}

message foreign_services::wrong(const message& request, std::string_view text) const {
  message m = wire::error_of(request.call, errc::invalid_argument, text);
  m.origin = origin::broker;
  return m;
}

// --- gate-rpc --------------------------------------------------------------------------------------------------------

message foreign_services::gate(const question& q) {
  const message& request = *q.request;
  if (request.method == "get_services") {
    std::vector<std::string> all = names(q);
    all.emplace_back(gaterpc_name);
    encode_to(result_, all);
    return final(request);
  }
  if (request.method == "info") {
    append_map_header(result_, 2);
    encode_to(result_, std::string_view("my_id"));
    append_bytes(result_, bytes_view(id_.data(), id_.size()));
    encode_to(result_, std::string_view("services"));
    encode_to(result_, names(q));
    return final(request);
  }
  if (request.method == "keepalive") {
    const std::optional<bytes_view> said = argument(request, heartbeat);
    if (!said) return wrong(request, "keepalive() missing 1 required positional argument: 'heartbeat'");
    append_bytes(result_, scan::binary_of(*said) == heartbeat ? "200" : "400");
    return final(request);
  }
  GATE_ASSERT(request.method == "query_service");
  const std::optional<bytes_view> name = argument(request, "service_name");
  if (!name) return wrong(request, "query_service() missing 1 required positional argument: 'service_name'");
  const std::optional<bytes_view> text = scan::text_of(*name);
  const std::optional<meant> what = text ? find(q, *text) : std::nullopt;
  if (!what || core_.workers_of(what->space, what->name) == 0) {
    result_ = encode_nil();
  } else {
    const descriptor* const about = core_.describe(what->space, what->name);
    encode_to(result_, about == nullptr ? std::string_view() : std::string_view(about->description));
  }
  return final(request);
}

// The descriptor for an answer to `get_interfaces`. Null if the call is not for the broker: a Python worker has a
// method of that name.
const descriptor* foreign_services::methods_of(const question& q) const {
  const std::optional<meant> what = find(q, q.request->service);
  if (!what) return nullptr;  // the core refuses the call
  const descriptor* const about = core_.describe(what->space, what->name);
  if (about == nullptr || about->methods.empty()) return nullptr;
  for (const method_descriptor& m : about->methods) {
    if (m.name == q.request->method) return nullptr;
  }
  return about;
}

message foreign_services::interfaces(const question& q) {
  result_ = wire::gaterpc::interfaces_of(q.described->methods);
  return final(*q.request);
}

// --- Majordomo -------------------------------------------------------------------------------------------------------

message foreign_services::mmi(const question& q) {
  const message& request = *q.request;
  const bytes_view asked = body_of(request);
  if (request.service == "mmi.service") {
    append_bytes(result_, workers_of(q, asked) > 0 ? "200" : "404");
  } else if (request.service == "mmi.workers") {
    append_bytes(result_, std::to_string(workers_of(q, asked)));
  } else {
    append_bytes(result_, "501");
  }
  return final(request);
}

}  // namespace gate::broker
