#include "broker/gatekeeper/audit.hpp"

#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "common/base/output.hpp"

namespace gate::security {
namespace {

constexpr std::size_t field_bytes_max = 255;

std::string time_text(std::chrono::system_clock::time_point when) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(ms >= 0 ? ms / 1000 : 0);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string millis = std::to_string(1000 + (ms >= 0 ? ms % 1000 : 0));
  return std::string(text.data(), size) + "." + millis.substr(1) + "Z";
}

std::string in_json(const nlohmann::ordered_json& j) {
  // Bytes that are not UTF-8 become U+FFFD. Control characters are escaped, so a record stays one line.
  return j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string left_out(std::string_view of, std::uint64_t count, std::chrono::system_clock::time_point when) {
  nlohmann::ordered_json j;
  j["time"] = time_text(when);
  j["event"] = "left_out";
  j["of"] = of;
  j["count"] = count;
  return in_json(j);
}

int open_file(const std::string& path) {
  // O_NONBLOCK is for a pipe of that name, which may have no reader, or one that stopped reading.
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (descriptor < 0)
    throw std::system_error(errno, std::generic_category(), path + ": the audit log cannot be opened");
  return descriptor;
}

}  // namespace

std::string_view to_string(audit_kind kind) noexcept {
  switch (kind) {
    case audit_kind::login_accepted:
      return "login_accepted";
    case audit_kind::login_refused:
      return "login_refused";
    case audit_kind::login_postponed:
      return "login_postponed";
    case audit_kind::handshake_failed:
      return "handshake_failed";
    case audit_kind::call_refused:
      return "call_refused";
    case audit_kind::offer_refused:
      return "offer_refused";
    case audit_kind::operate_refused:
      return "operate_refused";
    case audit_kind::limit_reached:
      return "limit_reached";
    case audit_kind::operator_act:
      return "operator_act";
    case audit_kind::role_changed:
      return "role_changed";
    case audit_kind::store_loaded:
      return "store_loaded";
    case audit_kind::store_refused:
      return "store_refused";
  }
  return "";
}

std::string in_quotes(std::string_view text) { return in_json(std::string(text.substr(0, 64))); }

std::string compose(const audit_record& record, std::chrono::system_clock::time_point when) {
  nlohmann::ordered_json j;
  j["time"] = time_text(when);
  j["event"] = to_string(record.kind);
  const std::pair<const char*, std::string_view> fields[] = {
      {"principal", record.principal},  {"user", record.user},
      {"address", record.address},      {"mechanism", record.mechanism},
      {"namespace", record.name_space}, {"service", record.service},
      {"method", record.method},        {"what", record.what},
  };
  for (const auto& [name, value] : fields) {
    if (!value.empty()) j[name] = value.substr(0, field_bytes_max);
  }
  return in_json(j);
}

void audit_log::add(const audit_record& record, std::chrono::system_clock::time_point when, instant now) {
  window& w = windows_[static_cast<std::size_t>(record.kind)];
  if (!w.open || now - w.began >= std::chrono::seconds(1)) {
    tell_left_out(record.kind, when);
    w = {now, true, 0, 0};
  }
  if (w.written >= lines_max_) {
    ++w.left_out;
    return;
  }
  ++w.written;
  write_(compose(record, when));
}

void audit_log::flush(std::chrono::system_clock::time_point when) {
  for (std::size_t i = 0; i < audit_kinds; ++i) tell_left_out(static_cast<audit_kind>(i), when);
}

void audit_log::tell_left_out(audit_kind kind, std::chrono::system_clock::time_point when) {
  const std::uint64_t count = std::exchange(windows_[static_cast<std::size_t>(kind)].left_out, 0);
  if (count == 0) return;
  write_(left_out(to_string(kind), count, when));
}

audit_file::audit_file(std::string path) : path_(std::move(path)), descriptor_(open_file(path_)) {}

audit_file::~audit_file() { ::close(descriptor_); }

void audit_file::write(std::string_view line) noexcept {
  try {
    if (untold_ != 0 && write_whole(left_out("unwritten", untold_, std::chrono::system_clock::now()))) untold_ = 0;
    if (untold_ == 0 && write_whole(std::string(line))) return;
  } catch (const std::bad_alloc&) {
  }
  ++lost_;
  ++untold_;
}

bool audit_file::write_whole(std::string line) {
  if (torn_) line.insert(line.begin(), '\n');  // ends the broken line
  line += '\n';
  const no_sigpipe guard;
  const ssize_t written = ::write(descriptor_, line.data(), line.size());
  if (written > 0) torn_ = written != static_cast<ssize_t>(line.size());
  return written == static_cast<ssize_t>(line.size());
}

void audit_file::reopen() {
  const int next = open_file(path_);
  ::close(std::exchange(descriptor_, next));
}

}  // namespace gate::security
