#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include <sodium.h>

#include "common/credentials/material.hpp"
#include "common/credentials/private_file.hpp"
#include "common/settings/toml_text.hpp"

namespace gate {
namespace {

constexpr std::size_t text_bytes_max = 255;  // of a user and of a password: the limit of PLAIN

constexpr const char* password_variable = "GATE_PASSWORD";

// The settings from a file or from the environment. The password is wiped at the end.
struct statement {
  statement() = default;
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement() {
    if (password) wipe(*password);
  }

  std::optional<std::string> user, password, key, server_key;
};

void check_size(std::string_view what, std::string_view text) {
  if (!text.empty() && text.size() <= text_bytes_max) return;
  throw credentials_error(std::string(what) + " has 1 to " + std::to_string(text_bytes_max) + " bytes");
}

// `names` are the names of user, password, key and server key in their source, for messages.
credentials made_of(statement& s, const std::array<std::string_view, 4>& names) {
  const auto needs = [](std::string_view one, std::string_view other) {
    throw credentials_error(std::string(one) + " needs " + std::string(other) + " beside it");
  };
  const auto [user, password, key, server_key] = names;
  const bool plain = s.user || s.password;
  const bool curve = s.key || s.server_key;
  if (plain && curve) {
    throw credentials_error("either " + std::string(user) + " and " + std::string(password) + ", or " +
                            std::string(key) + " and " + std::string(server_key));
  }
  if (s.user && !s.password) needs(user, password);
  if (s.password && !s.user) needs(password, user);
  if (s.key && !s.server_key) needs(key, server_key);
  if (s.server_key && !s.key) needs(server_key, key);
  if (plain) return credentials::plain(*s.user, std::move(*s.password));
  if (curve) return credentials::curve(*s.key, *s.server_key);
  return {};
}

std::string line_of(toml_place at) { return ":" + std::to_string(at.line); }

// Moves the text out of the table and wipes the rest of it there.
std::string take_text(toml_value& from, std::string_view name) {
  if (!from.is(toml_kind::text)) {
    throw credentials_error(line_of(from.begin) + ": " + std::string(name) + " must be a text");
  }
  std::string taken = from.text;
  wipe(from.text);
  return taken;
}

void read_table(toml_value& table, statement& to) {
  const std::array<std::pair<std::string_view, std::optional<std::string>*>, 4> places{
      {{"user", &to.user}, {"password", &to.password}, {"key", &to.key}, {"server_key", &to.server_key}}};
  for (toml_entry& entry : table.entries) {
    const auto place = std::find_if(places.begin(), places.end(), [&](const auto& p) { return p.first == entry.name; });
    if (place == places.end()) {
      throw credentials_error(line_of(entry.at) + ": unknown key '" + entry.name +
                              "'; there are user and password, or key and server_key");
    }
    *place->second = take_text(entry.value, entry.name);
  }
}

void read_text(std::string_view text, statement& to) {
  try {
    toml_value table = parse_toml(text);
    read_table(table, to);
  } catch (const toml_bound_error& e) {
    throw credentials_error(line_of(e.where()) + ": " + e.what());
  } catch (const toml_error& e) {
    // The message of toml++ may quote the line, so it is not used.
    throw credentials_error(line_of(e.where()) + ": is no TOML from here on");
  }
}

// A relative name begins at the folder of the file that holds it.
std::string beside(const std::string& file, const std::string& name) {
  return (std::filesystem::path(file).parent_path() / name).string();
}

std::optional<std::string> variable(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return text;
}

}  // namespace

credentials credentials::plain(std::string_view user, std::string password) {
  try {
    check_size("a user's name", user);
    check_size("a password", password);
    auto m = std::make_shared<material>();
    m->what = kind::plain;
    m->user = user;
    m->password = secret(bytes_view(password));
    wipe(password);
    return credentials(std::move(m));
  } catch (...) {
    wipe(password);
    throw;
  }
}

credentials credentials::curve(const std::string& key_file, std::string_view server_key) {
  const std::optional<curve_key> server = parse_curve_key(server_key);
  if (!server) {
    throw credentials_error(
        "the server's key is none of 40 characters in Z85; gate keygen printed the broker's, and the line public of "
        "its key file has it");
  }
  try {
    auto m = std::make_shared<material>();
    m->what = kind::curve;
    m->own = read_curve_file(key_file);
    m->server_key = *server;
    return credentials(std::move(m));
  } catch (const private_file_error& e) {
    throw credentials_error(e.what());
  }
}

credentials credentials::from_file(const std::string& path) {
  statement said;
  try {
    const secret text = read_private_file(path);
    read_text(text.view(), said);
  } catch (const private_file_error& e) {
    throw credentials_error(e.what());
  } catch (const credentials_error& e) {
    throw credentials_error(path + e.what());
  }
  if (said.key) said.key = beside(path, *said.key);
  try {
    credentials found = made_of(said, {"user", "password", "key", "server_key"});
    if (!found.empty()) return found;
  } catch (const credentials_error& e) {
    throw credentials_error(path + ": " + e.what());
  }
  throw credentials_error(path + ": holds neither user and password nor key and server_key");
}

credentials credentials::from_environment() {
  const std::optional<std::string> file = variable("GATE_CREDENTIALS");
  statement said;
  said.user = variable("GATE_USER");
  said.password = variable(password_variable);
  said.key = variable("GATE_KEY");
  said.server_key = variable("GATE_SERVER_KEY");
  if (!file) return made_of(said, {"GATE_USER", password_variable, "GATE_KEY", "GATE_SERVER_KEY"});
  if (said.user || said.password || said.key || said.server_key) {
    throw credentials_error("either GATE_CREDENTIALS, or GATE_USER and GATE_PASSWORD, or GATE_KEY and GATE_SERVER_KEY");
  }
  return from_file(*file);
}

credentials::kind credentials::what() const noexcept { return material_ ? material_->what : kind::none; }

std::string_view credentials::user() const noexcept {
  return material_ ? std::string_view(material_->user) : std::string_view();
}

std::string to_string(const credentials& c) {
  switch (c.what()) {
    case credentials::kind::plain:
      return "user " + std::string(c.user());
    case credentials::kind::curve:
      return "public key " + to_z85(c.secrets()->own.public_key);
    case credentials::kind::none:
      break;
  }
  return "none";
}

bool environment_has_credentials() noexcept {
  for (const char* const name : {"GATE_CREDENTIALS", "GATE_USER", password_variable, "GATE_KEY", "GATE_SERVER_KEY"}) {
    const char* const text = std::getenv(name);
    if (text != nullptr && *text != '\0') return true;
  }
  return false;
}

void forget_password_in_environment() noexcept {
  char* const text = std::getenv(password_variable);
  if (text == nullptr) return;
  sodium_memzero(text, std::char_traits<char>::length(text));
  ::unsetenv(password_variable);
}

}  // namespace gate
