// How a run of `gate` ends: its exit codes, and its messages on stderr.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <gate/error.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

enum exit_code : int {
  succeeded = 0,
  call_failed = 1,
  bad_usage = 2,
  no_broker = 3,
  out_of_time = 4,
  not_admitted = 5
};

// Wrong arguments; becomes exit code 2.
class usage_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// No connection to the broker; becomes exit code 3.
class broker_unreachable final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The error as a text for people, with what to do next: "no_method: ... (try: gate describe calculator)". `service` is
// the service that was asked, if any. `hint`, if any, is better advice from the caller.
std::string explain(const Error& error, std::string_view service, std::string_view hint = {});

// The same for programs, in one line: {"error":{"status":"failed","retry":"never","origin":"worker",
// "type":"std::domain_error","message":"division by zero"}}. Without `type` if no exception was thrown.
std::string as_json(const Error& error);

// Prints `text` on stderr, behind "gate: ". Returns `code`.
int complain(int code, const std::string& text);
// Prints `text` for people, or the error itself for programs. Returns `code`.
int complain(int code, const Error& error, const std::string& text, output_format format);

// The same with the text of explain(). Returns the exit code for the error.
int fail(const Error& error, std::string_view service, output_format format, std::string_view hint = {});

}  // namespace gate::cli
