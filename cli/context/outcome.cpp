#include "cli/context/outcome.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include <unistd.h>

#include "cli/context/json.hpp"
#include "cli/terminal/terminal.hpp"
#include "common/base/output.hpp"

namespace gate::cli {
namespace {

std::string hint_for(const Error& error, std::string_view service) {
  const std::string name(service);
  switch (error.code()) {
    case errc::no_method:
    case errc::invalid_argument:
      return name.empty() ? "" : "try: gate describe " + name;
    case errc::unavailable:
      if (error.where() != origin::local) return "try: gate services";
      // The only fact is that nobody answered.
      return std::string_view(error.what()).find("is it running") != std::string_view::npos
                 ? "is a gate-broker running there?"
                 : "";
    case errc::timed_out:
      return "more time: --timeout 30s";
    case errc::busy:
      return "a limit was reached; try again later, or see: gate services";
    case errc::unauthenticated:
      if (std::string_view(error.what()).find("asks for no credentials") != std::string_view::npos) {
        return "leave out --credentials and --user, and GATE_CREDENTIALS or GATE_USER of the environment";
      }
      return "who you are: --credentials FILE or --user NAME, see gate --help";
    case errc::worker_lost:
      return "other workers: gate workers";
    default:
      return "";
  }
}

// In Python the text is the exception's repr(), which begins with the class: ValueError('no such user'),
// socket.timeout('slow') or <HTTPError 404>.
bool begins_with_type(std::string_view text, std::string_view type) {
  const std::string_view behind = text.starts_with(type) ? text.substr(type.size()) : std::string_view("x");
  if (behind.empty() || behind[0] == '(' || behind[0] == ':') return true;
  const bool in_angles = text.starts_with('<');
  if (in_angles) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_of(in_angles ? "(: >" : "(:"), text.size());
  const std::string_view first = text.substr(0, end);
  return first == type || (first.ends_with(type) && first[first.size() - type.size() - 1] == '.');
}

}  // namespace

std::string explain(const Error& error, std::string_view service, std::string_view known) {
  std::string text(to_string(error.code()));
  text += ": ";
  std::string what = error.what();
  const std::string& type = error.remote_type();
  if (!type.empty() && !begins_with_type(what, type)) text += printable_line(type) + ": ";
  const std::string hint = known.empty() ? hint_for(error, service) : std::string(known);
  // In a text from the broker, the part after the semicolon tells an API user what to do. The hint says it as a
  // command.
  const bool hint_says_it = error.where() == origin::broker && hint.starts_with("try:");
  if (hint_says_it) what = what.substr(0, what.find("; "));
  text += what;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

std::string as_json(const Error& error) {
  json said = json::object();
  said["status"] = gate::to_string(error.code());
  said["retry"] = gate::to_string(error.retry());
  said["origin"] = gate::to_string(error.where());
  if (!error.remote_type().empty()) said["type"] = error.remote_type();
  said["message"] = error.what();
  json all = json::object();
  all["error"] = std::move(said);
  return to_text(all, false);
}

int complain(int code, const std::string& text) {
  std::cout.flush();
  write_line(STDERR_FILENO, red("gate:", colours_on(STDERR_FILENO)) + " " + printable(text));
  return code;
}

int complain(int code, const Error& error, const std::string& text, output_format format) {
  if (format == output_format::for_people) return complain(code, text);
  std::cout.flush();
  write_line(STDERR_FILENO, printable(as_json(error)));
  return code;
}

int fail(const Error& error, std::string_view service, output_format format, std::string_view hint) {
  const int code = error.code() == errc::timed_out         ? out_of_time
                   : error.code() == errc::unauthenticated ? not_admitted
                                                           : call_failed;
  return complain(code, error, explain(error, service, hint), format);
}

}  // namespace gate::cli
