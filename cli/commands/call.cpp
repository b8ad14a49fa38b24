#include "cli/commands/call.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gate/adaptors.hpp>
#include <gate/cross_loop.hpp>

#include "cli/commands/argument.hpp"
#include "cli/commands/save.hpp"
#include "cli/commands/upload.hpp"
#include "cli/context/broker_connection.hpp"
#include "cli/context/json.hpp"
#include "cli/context/outcome.hpp"
#include "cli/context/reports.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {

using namespace std::string_literals;

namespace {

// The most bytes to print on a terminal.
constexpr std::size_t shown_bytes_max = 1u << 20;

// Prints text as it is; on a terminal, without control characters.
void show(const value& v, output_format format, bool pretty) {
  if (format == output_format::for_programs) {
    print(to_json(v), pretty && colours_on(STDOUT_FILENO));
  } else if (v.kind() == value_kind::string) {
    const auto text = v.as<std::string>();
    std::cout << (::isatty(STDOUT_FILENO) == 1 ? printable(text) : text) << '\n';
  } else if (!v.is_nil() || !pretty) {
    print(to_json(v), pretty);
  }
}

int stream_items(PendingCall call, output_format format) {
  blocking_stream<value> items = std::move(call).stream<value>().blocking();
  while (const std::optional<value> item = items.next()) {
    show(*item, format, false);
    // Prints each item at once: a reader may be waiting. Ends if nobody reads any more: `gate call ... | head`.
    errno = 0;
    if (!std::cout.flush()) throw std::runtime_error("cannot write to standard output: "s + std::strerror(errno));
  }
  return succeeded;
}

// Sets the time-out. An open-ended call without --timeout has none: nobody knows how long the bytes take.
PendingCall limited(PendingCall call, const settings& common, bool open_ended) {
  if (open_ended && !common.timeout_given) return call;
  return std::move(call).within(common.timeout);
}

int make_call(const Client& client, const settings& common, const call_line& line, const target& where,
              upload& arguments, saved_as form) {
  PendingCall call = arguments.call(client[where.service][where.method]).idempotent(line.idempotent);
  const bool open_ended = line.stream || !line.save.empty() || arguments.is_streamed();
  call = limited(std::move(call), common, open_ended);
  if (line.stream) return stream_items(std::move(call), common.output);
  if (!line.save.empty()) {
    save_result(std::move(call), line.save, form, line.idempotent, common.output);
    return succeeded;
  }
  if (line.one_way) {
    start(client.where(), std::move(call).one_way()).get();
    return succeeded;
  }
  const value result = std::move(call).get<value>();
  if (result.kind() == value_kind::binary && ::isatty(STDOUT_FILENO) == 1) {
    if (const std::size_t size = result.as<bytes>().size(); size > shown_bytes_max) {
      std::cout << size << " bytes; --save FILE writes them to a file, and a pipe gets them as JSON\n";
      return succeeded;
    }
  }
  show(result, common.output, true);
  return succeeded;
}

// The broker found no worker for the call: the worker's dialect has no chunks.
bool refused_in_chunks(const Error& e) { return e.code() == errc::unsupported && e.where() == origin::broker; }

int make_call_once_more(const Client& client, const settings& common, const call_line& line, const target& where,
                        upload& arguments, saved_as form) {
  try {
    return make_call(client, common, line, where, arguments, form);
  } catch (const Error& e) {
    if (!refused_in_chunks(e) || !arguments.collect()) throw;
  }
  return make_call(client, common, line, where, arguments, form);
}

// Arguments that are read while they are sent can be sent only once.
void check_options(const call_line& line, const upload& arguments) {
  if (!arguments.is_streamed()) return;
  const std::string why = ": a HugeData, or a value over 1 MiB, is read from its file while it is sent";
  if (line.idempotent) throw usage_error("--idempotent sends a call again, and this one can be sent once" + why);
  if (line.one_way) throw usage_error("--one-way does not wait for anything, and this call has to be waited for" + why);
}

// The descriptions of a service's methods, if the broker has them and tells us: it does not tell everybody, nor know
// them for every worker.
class descriptions {
 public:
  descriptions(const Client& client, const settings& common, const target& where)
      : client_(client), common_(common), where_(where) {}

  // Returns null if the method is not described. Throws Error if the broker does not answer in time.
  const method_line* method() {
    if (!std::exchange(asked_, true)) ask();
    for (const method_line& m : service_.methods) {
      if (m.name == where_.method) return &m;
    }
    return nullptr;
  }

 private:
  void ask() {
    try {
      service_ = describe(client_, common_, where_.service);
    } catch (const Error& e) {
      if (e.code() == errc::timed_out || e.code() == errc::unauthenticated) throw;
    }
  }

  const Client& client_;
  const settings& common_;
  const target& where_;
  service_lines service_;
  bool asked_ = false;
};

// Whether an argument was typed as text, and is the path of a file.
bool is_path(const argument& given) {
  if (!given.literal || given.literal->kind() != value_kind::string) return false;
  const auto text = given.literal->as<std::string>();
  std::error_code error;
  return text.find('/') != std::string::npos && std::filesystem::is_regular_file(text, error);
}

bool names_a_file(const std::vector<argument>& typed) { return std::any_of(typed.begin(), typed.end(), is_path); }

// A HugeData takes text as well: without the @, the path would be stored instead of the file.
void tell_of_paths(const method_line& method, const std::vector<argument>& typed) {
  for (std::size_t i = 0; i < typed.size(); ++i) {
    if (!is_path(typed[i]) || content_of(type_of(method, typed[i], i)) != content::huge) continue;
    const auto text = typed[i].literal->as<std::string>();
    complain(succeeded, "'" + text + "' is sent as text: for what is in the file write @" + text);
  }
}

std::string stream_instead(const call_line& line) {
  return line.save.empty() ? "add --stream" : "the method answers with a stream: use --stream in place of --save";
}

bool names_service(std::string_view target) noexcept { return target.find('.') != std::string_view::npos; }

// The hints that explain() cannot give: it sees only the error, whose text is for users of a library.
std::string hint_for(const Error& error, const settings& common, const call_line& line, const upload& arguments,
                     descriptions& known) {
  const bool refused = error.code() == errc::invalid_argument && error.where() != origin::local;
  if (common.output != output_format::for_people) return {};
  if (error.code() == errc::unavailable && error.where() == origin::broker && !names_service(line.target)) {
    return "'" + line.target + "' names no service, so the service is " + common.service +
           ": write SERVICE.METHOD, such as calculator.add, for another service; to list them: gate services";
  }
  // Workers of other dialects do not describe streams: then the error's text shows that the method is one.
  if (!line.stream && std::string_view(error.what()).ends_with("answers with a stream: call it with .stream<T>()")) {
    return stream_instead(line);
  }
  if (error.code() == errc::invalid_argument && error.where() == origin::local && !line.save.empty()) {
    return "the result's type is not known, so --save can write bytes or text only: call it without --save";
  }
  if (!refused) return {};
  std::string hint;
  try {
    if (const method_line* const method = known.method()) hint = stream_hint(*method, line);
  } catch (const Error&) {
    // Then the error is shown without a hint.
  }
  if (!hint.empty() || !arguments.guessed()) return hint;
  return "the parameter's type is not known, so the file was sent as bytes: @text:FILE or @json:FILE if it is not "
         "bytes";
}

}  // namespace

target parse_target(std::string_view text, std::string_view otherwise) {
  const std::size_t point = text.rfind('.');
  if (text.empty() || point == 0 || point + 1 == text.size()) {
    throw usage_error("'" + std::string(text) + "' names no method: write SERVICE.METHOD, such as calculator.add");
  }
  if (point == std::string_view::npos) return {std::string(otherwise), std::string(text)};
  return {std::string(text.substr(0, point)), std::string(text.substr(point + 1))};
}

std::string stream_hint(const method_line& method, const call_line& line) {
  if (method.client_stream) return "gate call cannot send a stream of items: write a client";
  if (method.kind != "stream" || line.stream) return {};
  return stream_instead(line);
}

// Checked before the call: afterwards the result would be lost.
void check_saved(const method_line& method, const call_line& line) {
  if (method.kind == "stream") throw usage_error(stream_hint(method, line));
  if (method.result != "nil" && method.result != "None") return;
  throw usage_error(line.target + " returns nothing to save: call it without --save");
}

// The form that --save writes: bytes and text as they are, any other value as JSON. If the method is not described, its
// result can only be bytes or text, since it is written while it arrives.
saved_as saved_form(const method_line* method) {
  return method != nullptr && content_of(method->result) == content::json ? saved_as::as_json : saved_as::as_it_comes;
}

int perform_call(const settings& common, const call_line& line) {
  const target where = parse_target(line.target, common.service);
  upload arguments(read_arguments(line.arguments));
  if (!line.save.empty()) check_save(line.save);
  const Client client = connect(common);
  descriptions known(client, common, where);
  try {
    const method_line* const method =
        arguments.needs_types() || !line.save.empty() || names_a_file(arguments.typed()) ? known.method() : nullptr;
    if (method != nullptr && method->client_stream) throw usage_error(stream_hint(*method, line));
    if (method != nullptr && !line.save.empty()) check_saved(*method, line);
    if (method != nullptr) tell_of_paths(*method, arguments.typed());
    arguments.prepare(method, common.dialect == broker_dialect::gate2);
    check_options(line, arguments);
    return make_call_once_more(client, common, line, where, arguments, saved_form(method));
  } catch (const Error& e) {
    return fail(e, where.service, common.output, hint_for(e, common, line, arguments, known));
  }
}

}  // namespace gate::cli
