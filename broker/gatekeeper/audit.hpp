// The audit log: who came in, who was refused, what operators did. One JSON object a line.
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

// Empty fields are left out. None may hold a credential; a user's name as a peer claims it may be anything and is cut.
struct audit_record {
  audit_kind kind;
  std::string_view principal;  // who it is known to be
  std::string_view user;       // who it claims to be
  std::string_view address;
  std::string_view mechanism;
  std::string_view name_space;
  std::string_view service;
  std::string_view method;
  std::string_view what;  // what happened, or why not
};

// What a peer sent, as it may stand in a line for people: in quotation marks, escaped, cut.
std::string in_quotes(std::string_view text);

std::string compose(const audit_record& record, std::chrono::system_clock::time_point when);

// Writes so many lines of each kind a second at the most, so that a flood of one neither fills the disk nor hides
// another; how many were left out is a line of its own. One thread.
class audit_log {
 public:
  // `write` gets a line without its end, and must not throw.
  explicit audit_log(unique_function<void(std::string_view line)> write, std::uint32_t lines_per_second_max = 50)
      : write_(std::move(write)), lines_max_(lines_per_second_max) {}

  void add(const audit_record& record, std::chrono::system_clock::time_point when, instant now);
  // Tells what was left out, at the end, or when no further record of its kind comes.
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

// Appends lines to a file of mode 0600. Throws std::system_error where it says so.
class audit_file {
 public:
  explicit audit_file(std::string path);  // throws
  audit_file(const audit_file&) = delete;
  audit_file& operator=(const audit_file&) = delete;
  ~audit_file();

  // Each line in one write, so that lines of several writers do not mix. What cannot be written is counted, and
  // a line says how many when writing works again. Never waits, and raises no SIGPIPE, whatever the file is.
  void write(std::string_view line) noexcept;
  // After the file was moved away. Keeps the old one when the new one cannot be opened; throws.
  void reopen();
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  bool write_whole(std::string line);

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t lost_ = 0;
  std::uint64_t untold_ = 0;  // of those: since the last line that said so
  bool torn_ = false;         // the file ends in a part of a line
};

}  // namespace gate::security
