// The audit log: accepted and refused logins, refused rights, acts of operators. One JSON object a line.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <gate/clock.hpp>
#include <gate/unique_function.hpp>

namespace gate::security {

enum class audit_kind : std::uint8_t {
  login_accepted,
  login_refused,
  login_postponed,
  handshake_failed,
  call_refused,
  offer_refused,
  operate_refused,
  limit_reached,
  operator_act,
  role_changed,
  store_loaded,
  store_refused,
};
inline constexpr std::size_t audit_kinds = 12;

std::string_view to_string(audit_kind kind) noexcept;

// Empty fields are left out. No field may hold a credential. `user` is what the peer claims: any bytes, cut at 255.
struct audit_record {
  audit_kind kind;
  std::string_view principal;  // who the broker knows it is
  std::string_view user;       // who the peer says it is
  std::string_view address;
  std::string_view mechanism;
  std::string_view name_space;
  std::string_view service;
  std::string_view method;
  std::string_view what;  // what happened, or the reason of a refusal
};

// A text of a peer for a log line: in quotation marks, escaped, cut at 64 bytes.
std::string in_quotes(std::string_view text);

std::string compose(const audit_record& record, std::chrono::system_clock::time_point when);

// Limits the lines of each kind a second, so that a flood of one kind neither fills the disk nor hides other kinds. A
// line says how many were left out. One thread.
class audit_log {
 public:
  // `write` gets a line without its newline, and must not throw.
  explicit audit_log(unique_function<void(std::string_view line)> write, std::uint32_t lines_per_second_max = 50)
      : write_(std::move(write)), lines_max_(lines_per_second_max) {}

  void add(const audit_record& record, std::chrono::system_clock::time_point when, instant now);
  // Writes how many lines were left out, of kinds that add() has not reported yet. Call it now and then, and at the
  // end.
  void flush(std::chrono::system_clock::time_point when);

 private:
  struct window {
    instant began{};
    bool open = false;
    std::uint32_t written = 0;
    std::uint64_t left_out = 0;
  };
  void tell_left_out(audit_kind kind, std::chrono::system_clock::time_point when);

  unique_function<void(std::string_view)> write_;
  std::uint32_t lines_max_;
  std::array<window, audit_kinds> windows_{};
};

// Appends lines to a file of mode 0600. The constructor and reopen() throw std::system_error.
class audit_file {
 public:
  explicit audit_file(std::string path);
  audit_file(const audit_file&) = delete;
  audit_file& operator=(const audit_file&) = delete;
  ~audit_file();

  // Writes each line with one system call, so that lines of several writers do not mix. A line that cannot be written
  // is counted. When writing works again, a line says how many were lost. Never waits and raises no SIGPIPE, even if
  // the file is a pipe.
  void write(std::string_view line) noexcept;
  // Call it after the file was moved away. If the new file cannot be opened, throws and keeps the old one.
  void reopen();
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  bool write_whole(std::string line);

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t lost_ = 0;
  std::uint64_t untold_ = 0;  // lines lost since the last line that told of losses
  bool torn_ = false;         // the file ends in the middle of a line
};

}  // namespace gate::security
