// Points about operation: a store that changes under load, unsafe set-ups, and secrets that must not show.
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gate/value.hpp>

#include "tests/support/attacks/guarded_system.hpp"

namespace gate::test {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

// Makes calls in threads of its own until it is stopped.
class steady_callers {
 public:
  steady_callers(const std::vector<Client>& clients) {
    for (const Client& each : clients) threads_.emplace_back([this, each] { run(each["test"]); });
  }
  steady_callers(const steady_callers&) = delete;
  steady_callers& operator=(const steady_callers&) = delete;
  ~steady_callers() { stop(); }
  void stop() {
    stopping_ = true;
    for (std::thread& each : threads_) {
      if (each.joinable()) each.join();
    }
  }
  std::uint64_t made() const noexcept { return made_; }
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  void run(const Service& test) {
    constexpr int at_once = 8;
    while (!stopping_) {
      std::vector<std::future<int>> calls;
      for (int i = 0; i < at_once; ++i) calls.push_back(test["add"](i, 1).within(30s).future<int>());
      for (int i = 0; i < at_once; ++i) {
        ++made_;
        try {
          if (calls[static_cast<std::size_t>(i)].get() != i + 1) ++lost_;
        } catch (const Error&) {
          ++lost_;
        }
      }
    }
  }

  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> made_ = 0, lost_ = 0;
  std::vector<std::thread> threads_;
};

std::string hash_of(const std::string& password) {
  const std::string line = password_line(password);
  return line.substr(line.find('\''), line.rfind('\'') - line.find('\'') + 1);
}

struct outcome {
  program_end end;
  std::string said;
};

outcome run_broker(const std::string& config, const arguments& more = {}) {
  const temporary_file file(config);
  arguments all{"--frontend", "tcp://127.0.0.1:*", "--backend", "tcp://127.0.0.1:*", "--config", file.path()};
  all.insert(all.end(), more.begin(), more.end());
  process broker("gate-broker", all);
  outcome o;
  o.end = broker.wait();
  o.said = broker.text(process::stream::err);
  return o;
}

std::string text_of_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The limit for the bytes of a core dump of that process.
std::string core_limit(const process& of) {
  std::ifstream limits("/proc/" + std::to_string(of.pid()) + "/limits");
  for (std::string line; std::getline(limits, line);) {
    std::istringstream words(line.starts_with("Max core file size") ? line.substr(18) : std::string());
    if (std::string soft; words >> soft) return soft;
  }
  return "unknown";
}

}  // namespace

void rotated_store(findings& to) {
  const auto rotations = static_cast<std::size_t>(to.rounds(100));
  guarded_system system;
  worker_program worker(system.broker(), "test", system.shown_by("wendy"));
  const key_ring& keys = key_ring::get();
  write_curve_file(system.folder().file("kate.key"), keys.kates);
  client_options by_key(system.at_frontend());
  by_key.credentials = credentials::curve(system.folder().file("kate.key"), to_z85(keys.brokers.public_key));
  steady_callers callers({system.client("alice"), system.client("bob"), Client(by_key)});

  std::size_t welcome = 0, answered = 0;
  std::string former = hash_of(password_of("alice"));
  people everybody = usual_people();
  const auto began = clock::now();
  for (std::size_t i = 0; i < rotations; ++i) {
    const std::string password = password_of("alice") + std::to_string(i);
    const std::string fresh = hash_of(password);
    everybody["alice"] = "password = [" + fresh + ", " + former + "]\ncall = ['test']\n";
    const curve_pair more = make_curve_pair();
    everybody["kate"] =
        "curve = ['" + to_z85(keys.kates.public_key) + "', '" + to_z85(more.public_key) + "']\ncall = ['test']\n";
    system.reload(everybody);
    client_options options(system.at_backend());
    options.credentials = credentials::plain("alice", password);
    const Client newcomer(options);
    try {
      answered += newcomer["test"]["add"](2, 3).get<int>() == 5 ? 1u : 0u;
    } catch (const Error&) {
    }
    welcome += comes_in(system.at_frontend(), curve(more, keys.brokers.public_key)) ? 1u : 0u;
    former = fresh;
  }
  const auto took = clock::now() - began;
  callers.stop();
  to.line("calls while the store changed " + std::to_string(rotations) + " times in " +
              std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) + " ms",
          std::to_string(callers.made()) + " calls, " + std::to_string(callers.lost()) + " lost", "0 lost",
          callers.lost() == 0 && callers.made() > rotations);
  to.all("logins with each new password, and a call", answered, rotations);
  to.all("logins with each new key", welcome, rotations);
  to.holds("all reloads are counted", system.count("logins", "store_reloads") >= rotations);
  client_options old(system.at_backend());
  old.credentials = credentials::plain("alice", password_of("alice"));
  const Error refused = error_of([&] { Client{old}["test"]["add"](2, 3).get<int>(); });
  to.line("a password that was rotated out", std::string(to_string(refused.code())), "unauthenticated",
          refused.code() == errc::unauthenticated);
}

// In these set-ups libzmq would admit everybody. The broker refuses to start, or prevents it.
void unsafe_set_ups(findings& to) {
  const scratch_folder folder;
  write_curve_file(folder.file("broker.key"), key_ring::get().brokers);
  const std::string key = "curve_key = '" + folder.file("broker.key") + "'\n";
  const std::string store = "credentials = '" + folder.write("users.toml", store_text(usual_people())) + "'\n";
  const std::string open_store =
      "credentials = '" + folder.write("open.toml", store_text(usual_people()), 0644) + "'\n";
  struct set_up {
    std::string_view what;
    std::string config;
    arguments more;
  };
  const std::vector<set_up> refused{
      {"CURVE without anybody to ask (libzmq admits all)", "auth = 'curve'\n" + key, {}},
      {"CURVE without a key of the broker's", "auth = 'curve'\n" + store, {}},
      {"PLAIN without anybody to ask", "auth = 'plain'\n", {}},
      {"logins in messages without anybody to ask", "auth = 'in-message'\n", {}},
      {"nobody is asked for a login, on all addresses", store, {"--frontend", "tcp://0.0.0.0:*"}},
      {"the same with one address of several", store + key, {"--backend", "tcp://0.0.0.0:*?auth=none"}},
      {"gate/2 at an address for logins in messages",
       store,
       {"--backend", "tcp://127.0.0.1:*?auth=in-message&dialect=gate2"}},
      {"a store that others can read", "auth = 'plain'\n" + open_store, {}},
      {"a misspelt way to log in", "auth = 'Curve'\n" + store + key, {}},
  };
  for (const set_up& each : refused) {
    const outcome o = run_broker(each.config, each.more);
    to.line(each.what, "exit code " + std::to_string(o.end.code), "exit code 2, and a line",
            o.end == program_end{2, 0} && !o.said.empty());
  }
  // NULL peers at a broker with a store: without a ZAP domain libzmq would not ask about them.
  guarded_system system({}, {"none", "plain"});
  const handshake end = log_in(system.at_frontend(), unproven);
  to.holds("NULL, where there is a store without `anonymous`: refused", end.end == handshake::kind::refused);
  people with_anonymous = usual_people();
  with_anonymous["anonymous"] = "call = ['other']\n";
  system.reload(with_anonymous);
  to.holds("with `anonymous` in the store: let in", comes_in(system.at_frontend(), unproven));
  const Error denied = error_of([&] { Client{system.at_frontend()}["test"]["add"](2, 3).get<int>(); });
  to.line("and may do what it is granted alone", std::string(to_string(denied.code())), "permission_denied",
          denied.code() == errc::permission_denied);
}

void kept_secrets(findings& to) {
  const std::string wrong = "sesame-8d1f-wrong";
  guarded_system system("log_level = 'trace'\n", {"in-message", "plain"});
  worker_program worker(system.broker(), "test", system.shown_by("wendy"));
  {
    const Client alice = system.client("alice");
    alice["test"]["add"](2, 3).get<int>();
    static_cast<void>(log_in(system.at_backend(), plain("alice", wrong)));
    static_cast<void>(log_in(system.at_backend(), plain(wrong + "-as-user", password_of("alice"))));
    for (const std::string& password : {password_of("alice"), wrong}) {
      raw_dealer python(system.at_frontend());
      python.send(
          frames{"", "MDPC01", "test", "PLAIN", "alice", password, "id", encode("pid"), encode_arguments(), "\x80"});
      static_cast<void>(python.receive());
    }
    people broken = usual_people();
    broken["bob"] = "password = '" + password_of("bob") + "'\n";
    system.replace_store(broken);
    if (!rises_to(system.operators(), "logins", "store_reloads_failed", 1)) throw did_not_happen("no reload");
  }
  const std::string mark = "sesame-8d1f-";
  // The claimed user's name may be shown, even if somebody has typed the password there.
  const auto holds = [&](std::string text) {
    const std::string shown = wrong + "-as-user";
    for (std::size_t at = text.find(shown); at != std::string::npos; at = text.find(shown))
      text.erase(at, shown.size());
    return text.find(mark) != std::string::npos;
  };
  const process& broker = system.broker().program();
  to.holds("no password in the broker's log, at level trace",
           !holds(broker.text(process::stream::err) + broker.text(process::stream::out)));
  to.holds("none in its audit log", !holds(system.audit()) && system.audits("login_refused"));
  std::string answers;
  for (const char* const method : {"stats", "info", "workers", "services"}) {
    answers += encode(system.operators()["gate"][method]().get<value>());
  }
  to.holds("none in stats, info, workers and services", !holds(answers));
  std::string seen;
  for (const process* const each : {&broker, static_cast<const process*>(&worker.program())}) {
    const std::string of = "/proc/" + std::to_string(each->pid());
    seen += text_of_file(of + "/cmdline") + text_of_file(of + "/environ");
  }
  to.holds("none in the arguments and the environment of broker and worker", !holds(seen) && !seen.empty());
  to.holds("none in what the worker's program says",
           !holds(worker.program().text(process::stream::err) + worker.program().text(process::stream::out)));
  const std::string hash = hash_of(password_of("alice"));
  to.holds("no hash in log and audit log",
           (broker.text(process::stream::err) + system.audit()).find("$argon2id$") == std::string::npos);
  const std::string_view key = key_ring::get().brokers.secret_key.view();
  to.holds("nor the broker's secret key",
           (broker.text(process::stream::err) + system.audit()).find(key) == std::string::npos);
  // Received passwords went through libzmq's memory, which nobody wipes. The system's own limit may already be 0.
  const std::string limit = core_limit(broker);
  to.line("bytes of a core dump of the broker", limit, "1 or none", limit == "1" || limit == "0");
}

}  // namespace gate::test
