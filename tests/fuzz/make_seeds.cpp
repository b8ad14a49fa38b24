// Writes the seeds of the corpora: one file for each message, value or descriptor that the tests know, and some wrong
// ones.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <gate/descriptor.hpp>
#include <gate/value.hpp>

#include "common/hugedata/chunk.hpp"
#include "common/hugedata/stream_codec.hpp"
#include "common/wire/descriptor_codec.hpp"
#include "common/wire/gate2.hpp"
#include "tests/support/wire_samples.hpp"

using namespace gate;

namespace {

void write(const std::filesystem::path& folder, const std::string& name, const std::string& raw) {
  std::filesystem::create_directories(folder);
  std::ofstream out(folder / name, std::ios::binary);
  out << raw;
  if (!out.flush()) throw std::runtime_error("cannot write " + (folder / name).string());
}

void write_gate2(const std::filesystem::path& folder) {
  const std::string no_frame(1, '\0');
  std::string batch;
  int number = 0;
  for (const message& m : samples::all()) {
    std::string one;
    wire::gate2::append(one, m);
    batch += one;
    write(folder, std::string(to_string(m.type)) + "-" + std::to_string(++number), no_frame + one);
  }
  write(folder, "batch", no_frame + batch);
  write(folder, "truncated", no_frame + batch.substr(0, batch.size() - 3));
  std::string external;
  wire::gate2::append(external, samples::request(), true);
  write(folder, "external", '\x83' + external + "\x92\x01\x02");
  write(folder, "external-unclaimed", '\x83' + batch + "\x92\x01\x02");
  write(folder, "external-missing", no_frame + external);
}

void write_values(const std::filesystem::path& folder) {
  using any =
      std::variant<std::monostate, bool, int, double, std::string, bytes, std::vector<int>, std::map<std::string, int>>;
  write(folder, "nil", encode_nil());
  write(folder, "scalars", encode(std::vector<any>{std::monostate{}, true, -1, 1.5, "text", bytes(3)}));
  write(folder, "numbers",
        encode(std::vector<std::int64_t>{0, 127, 128, 65'536, 1ll << 40, -1, -33, -129, -32'769, INT64_MIN}));
  write(folder, "map", encode(std::map<std::string, any>{{"a", 1}, {"b", std::vector<int>{1, 2}}}));
  write(folder, "arguments", encode_arguments(1, "two"));
  write(folder, "record", encode_arguments("name", std::vector<int>{1, 2}, "xyz", bytes(3), 2.5));
  write(folder, "timestamps",
        encode_arguments(std::chrono::system_clock::time_point(std::chrono::seconds(1)),
                         std::chrono::system_clock::time_point(std::chrono::nanoseconds(1)),
                         std::chrono::system_clock::time_point(std::chrono::seconds(-1))));
  std::string named;
  append_map_header(named, 3);
  encode_to(named, "records");
  append_list_header(named, 0);
  encode_to(named, "at");
  encode_to(named, std::chrono::system_clock::time_point(std::chrono::seconds(1)));
  encode_to(named, "lasted");
  encode_to(named, std::chrono::milliseconds(5));
  write(folder, "named-record", named);
  write(folder, "deepest", std::string(64, '\x91') + '\xc0');
  write(folder, "too-deep", std::string(65, '\x91') + '\xc0');
  write(folder, "claims-too-many", "\xdd\xff\xff\xff\xff");
  write(folder, "cascade", std::string(40, '\xdc') + std::string(64, '\0'));
}

void write_descriptors(const std::filesystem::path& folder) {
  descriptor d;
  write(folder, "empty", encode_descriptor(d));
  d.host = "host";
  d.pid = 7;
  d.version = "0.1.0";
  d.description = "adds";
  d.labels = {{"zone", "b"}};
  method_descriptor m;
  m.name = "add";
  m.kind = method_kind::stream;
  m.client_stream = true;
  m.parameters = {{"x", "int32"}, {"", "list<string>"}};
  m.result = "int32";
  m.doc = "adds two numbers";
  d.methods = {m, m};
  write(folder, "full", encode_descriptor(d));
}

// The messages of a foreign peer, see foreign.hpp.
using conversation = std::vector<std::vector<std::string>>;

void write_conversation(const std::filesystem::path& folder, const std::string& name, char role,
                        const conversation& messages) {
  std::string raw(1, role);
  for (const std::vector<std::string>& frames : messages) {
    raw.push_back(static_cast<char>(frames.size()));
    for (const std::string& frame : frames) {
      raw.push_back(static_cast<char>(frame.size() & 0xff));
      raw.push_back(static_cast<char>(frame.size() >> 8));
      raw += frame;
    }
  }
  write(folder, name, raw);
}

constexpr char from_client = 0;
constexpr char from_worker = 1;

void write_gaterpc(const std::filesystem::path& folder) {
  const std::string call = std::string(7, '\0') + '\1';
  const std::string own_question(8, '\0');
  const std::vector<std::string> reply{"", "MDPW01", "\x03", call, "", call};
  const auto with = [](std::vector<std::string> frames, const std::vector<std::string>& more) {
    frames.insert(frames.end(), more.begin(), more.end());
    return frames;
  };
  write_conversation(folder, "requests", from_client,
                     {{"", "MDPC01", "Gate", "0123456789abcdef", "\xacget_services", "\x90", "\x80"},
                      {"", "MDPC01", "s", "id", "\xa1m", "\x91\x01", "\x81\xa1n\x02"},
                      {"", "MDPC01", "s", "PLAIN", "user", "password", "id", "\xa1m"},
                      {"", "MDPC01", "s", "id", "\xa1m", "\x80", "\x80", "\x80"}});
  write_conversation(folder, "answers", from_worker,
                     {{"", "MDPW01", "\x01", "s:what it does:7"},
                      {"", "MDPW01", "\x04"},
                      with(reply, {"\x82\xa6result\x2a\xa9"
                                   "exception\xc0"}),
                      with(reply, {"\x82\xa6result\xc0\xa9"
                                   "exception\x93\xa1t\xa4t(x)\xa0"}),
                      with(reply, {"GateStreamGenerator", "\x01"}),
                      with(reply, {"GateStreamGenerator", "GateStreamEnd"}),
                      with(reply, {"GateStreamGenerator", "GateStreamException", "\x93\xa1t\xa4t(x)\xa0"}),
                      with(reply, {"GateStreamHugData", "zipped"}),
                      with(reply, {"GateStreamHugData", "HugeDataEND"}),
                      {"", "MDPW01", "\x05", ""}});
  write_conversation(folder, "methods", from_worker,
                     {{"", "MDPW01", "\x01", "PLAIN", "user", "password", "s:what it does:7"},
                      {"", "MDPW01", "\x03", own_question, "", own_question,
                       "\x82\xa6result\x81\xa3sum\x82\xa3"
                       "doc\xc0\xa9signature\xb4(a, b: int=1) -> int\xa9"
                       "exception\xc0"}});
}

// For both versions of Majordomo. `head` stands before the commands, whose bytes the caller gives.
void write_mdp(const std::filesystem::path& folder, bool second, const std::string& final, const std::string& heartbeat,
               const std::string& disconnect) {
  const std::string call = std::string(7, '\0') + '\1';
  const auto message = [&](const std::string& header, const std::vector<std::string>& rest) {
    std::vector<std::string> frames =
        second ? std::vector<std::string>{header + "02"} : std::vector<std::string>{"", header + "01"};
    frames.insert(frames.end(), rest.begin(), rest.end());
    return frames;
  };
  const auto request = [&](std::vector<std::string> rest) {
    if (second) rest.insert(rest.begin(), "\x01");
    return message("MDPC", rest);
  };
  write_conversation(folder, "requests", from_client,
                     {request({"echo", "Hello world"}), request({"echo", "", "two", "three"}),
                      request({"math", "add", "\x92\x01\x02"}), request({"math", "add", "\x90", "\x81\xa1n\x01"}),
                      request({"mmi.service", "echo"})});
  write_conversation(folder, "answers", from_worker,
                     {message("MDPW", {"\x01", "echo"}), message("MDPW", {heartbeat}),
                      message("MDPW", {final, call, "", "Hello world"}), message("MDPW", {final, call, "", "", "two"}),
                      message("MDPW", {"\x03", call, "", "part"}), message("MDPW", {disconnect})});
}

// The forms of MDP/0.2 behind an empty frame; the role's byte names them, see mdp02.cpp.
void write_mdp02_forms(const std::filesystem::path& folder) {
  const auto role = [](char who, int form) { return static_cast<char>(who | form << 1); };
  const std::string call = std::string(7, '\0') + '\1';
  write_conversation(folder, "delimited", role(from_client, 1),
                     {{"", "MDPC02", "\x01", "echo", "Hello world"}, {"", "MDPC02", "\x01", "math", "add", "\x90"}});
  write_conversation(folder, "as-workers", role(from_client, 2),
                     {{"", "MDPC02", "\x02", "echo", "Hello world"}, {"", "MDPC02", "\x02", "mmi.service", "echo"}});
  write_conversation(folder, "unnumbered", role(from_client, 3),
                     {{"", "MDPC02", "echo", "Hello world"}, {"", "MDPC02", "math", "add", "\x92\x01\x02"}});
  write_conversation(folder, "delimited-answers", role(from_worker, 1),
                     {{"", "MDPW02", "\x01", "echo"},
                      {"", "MDPW02", "\x04", call, "", "Hello world"},
                      {"", "MDPW02", "\x05"},
                      {"", "MDPW02", "\x06"}});
}

// One chunk of an input, see huge.cpp.
std::string huge_chunk(const std::string& payload, std::uint8_t encoding, int wrong = 0) {
  const auto byte = [](std::size_t number) { return static_cast<char>(number & 0xff); };
  return std::string{byte(encoding | static_cast<std::size_t>(wrong)), byte(payload.size()),
                     byte(payload.size() >> 8)} +
         payload;
}

void write_huge(const std::filesystem::path& folder) {
  const std::string text = "what is sent, and sent again, and sent again, and sent again";
  const std::string by_chunks("\0\0", 2);
  detail::huge_piece piece;
  piece.own = std::string(5000, 'x');
  const huge::leaving_chunk compressed = huge::encode_chunk(std::move(piece), 0, {});
  write(folder, "plain", by_chunks + huge_chunk(text, 0) + huge_chunk(text, 0));
  write(folder, "zstd", by_chunks + huge_chunk(compressed.payload, compressed.encoding));
  write(folder, "no-offset", by_chunks + huge_chunk(text, 0, 0x10));
  write(folder, "wrong-sum", by_chunks + huge_chunk(text, 0) + huge_chunk(text, 0, 0x20));
  write(folder, "wrong-place", by_chunks + huge_chunk(text, 0) + huge_chunk(text, 0, 0x40));
  write(folder, "too-short", std::string("\0\x0b", 2) + huge_chunk(text, 0));
  const std::pair<std::uint8_t, std::string> streams[] = {
      {payload_encoding::gzip, "gzip"}, {payload_encoding::bz2, "bz2"}, {payload_encoding::lzma, "lzma"}};
  char which = 0;
  for (const auto& [encoding, name] : streams) {
    const std::string head{++which, '\0'};
    const auto encoder = huge::make_stream_encoder(encoding, std::nullopt);
    std::string out;
    encoder->encode(text + text, true, out);
    const std::size_t half = out.size() / 2;
    write(folder, name, head + huge_chunk(out, 0));
    write(folder, name + "-halves", head + huge_chunk(out.substr(0, half), 0) + huge_chunk(out.substr(half), 0));
    write(folder, name + "-truncated", head + huge_chunk(out.substr(0, half), 0));
    write(folder, name + "-trailing", head + huge_chunk(out + "x", 0));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  const std::filesystem::path corpus = argv[1];
  write_gate2(corpus / "gate2");
  write(corpus / "metadata", "three", samples::metadata());
  write(corpus / "metadata", "truncated", samples::metadata().substr(0, 12));
  write_values(corpus / "value");
  write_descriptors(corpus / "descriptor");
  write_huge(corpus / "huge");
  write_gaterpc(corpus / "gaterpc");
  write_mdp(corpus / "mdp01", false, "\x03", "\x04", "\x05");
  write_mdp(corpus / "mdp02", true, "\x04", "\x05", "\x06");
  write_mdp02_forms(corpus / "mdp02");
}
