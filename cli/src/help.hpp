// The text below the options in `--help`, for `gate` and for each subcommand.
#pragma once

namespace gate::cli::help {

inline constexpr const char* program = R"(
gate help SUBCOMMAND, or gate SUBCOMMAND --help, tells more of each.

Examples:
  gate services                                   what there is
  gate describe calculator                        its methods, their parameters and results
  gate call calculator.add 2 3
  gate call calculator.divide dividend=1 divisor=3
  gate call log_search.find GPL --stream          one line an item, as they come
  gate --broker tcp://10.0.0.5:5555 workers -o json
  gate --dialect gate-rpc services                of a Python gate-rpc broker
  gate --user alice --broker tcp://10.0.0.5:5555 services   asks for the password
  gate --credentials ~/.config/gate/me.toml call calculator.add 2 3
  gate passwd users.toml alice                    who may log in; see also gate keygen --help

Who you are to a broker that asks stands in the file of --credentials: user and password, or key (a file that gate
keygen made) and server_key (the broker's public key), with mode 0600.

Environment: GATE_BROKER is the broker's address where --broker is not given, GATE_DIALECT what it speaks, and
GATE_GATERPC_COMPRESSION how its peers compress HugeData where that is gate-rpc. GATE_SERVICE is what --service is.
GATE_CREDENTIALS is a file as above; GATE_USER and GATE_PASSWORD, or GATE_KEY and GATE_SERVER_KEY, are what would stand
in it. NO_COLOR turns colours off.

With -o json what is asked for comes as JSON, and a failure as one line of JSON on stderr:
{"error":{"status":"failed","retry":"never","origin":"worker","type":"std::domain_error","message":"division by zero"}}
status is failed, no_method, timed_out and so on; retry is never, safe or if_idempotent; origin is local, broker or
worker; type is there when the method threw. Only a command line that cannot be read is told as text.

Exit codes: 0 done; 1 the call failed (stderr says how); 2 bad usage; 3 no broker there, or one that is draining;
4 timed out; 5 the broker does not admit these credentials.
)";

inline constexpr const char* call = R"(
A METHOD without a service is one of --service, GateRPC by default: the service of gate-rpc's workers without a name.

Each ARGUMENT is VALUE, or NAME=VALUE for the parameter of that name. A VALUE is one of

  JSON        5 is a number, true a boolean, [1,2] a list, '"5"' text
  text        whatever is no JSON: five. What begins with { or [ has to be JSON; '"[x"' is text that begins so
  @FILE       what is in a file, as bytes, text or HugeData if that is the parameter's type in gate describe, byte for
              byte whatever they look like; as the value that its JSON says if it is any other type
  -           the same, of standard input; one argument can have it. @- is the same
  @@TEXT      text that begins with @; '"-"' is a hyphen, '"a=b"' text with a =

@bytes:FILE, @text:FILE, @huge:FILE and @json:FILE say themselves what a file is to be; FILE may be -. Where the type is
not known (the broker does not tell it, or the parameter takes anything) @FILE and - are bytes.

A HugeData is sent as it is read, and so is text or bytes over 1 MiB, in constant memory; a pipe of those is first
copied to a file below TMPDIR, for its size goes ahead. Such a call is sent once: neither --idempotent nor --one-way;
and --timeout, unless given, does not limit it. A file that cannot be opened, or is no JSON where JSON is wanted, is
told before anything is sent (exit code 2); one that cannot be read to its end, or changes meanwhile, ends the call (1).

Bytes are written, and shown, as {"$bytes": "aGVsbG8="} (base64), times as {"$timestamp": "2026-11-20T11:28:12Z"},
other extensions as {"$extension": [5, "AQI="]}, and numbers that are not finite as {"$float": "nan"}.

The result is printed as JSON; with -o text (the default) text is printed without quotes, and nothing for null. With
-o json a failure is one line of JSON as well, on stderr; gate --help shows it. With --stream each item is printed as it
comes, one a line; then --timeout, unless given, does not limit the whole, and neither does it with --save, which writes
bytes or text of any size as they come: to a file, or to standard output (--save -). Any other value is written as JSON.
With --idempotent as well, what breaks off on its way to a file goes on by itself.

Examples:
  gate call calculator.add 2 3
  gate call calculator.divide dividend=1 divisor=3
  gate call calculator.primes 30 --stream -o json
  gate call log_search.find GPL --stream --timeout 1min
  gate call file_server.upload disk.img @disk.img
  tar c docs | gate call file_server.upload docs.tar -
  gate call file_server.upload path=log.txt content=@/var/log/syslog
  gate call store.put key @json:value.json
  gate call cache.clear --one-way
  gate call file_server.download disk.img --save disk.img
  gate call file_server.download docs.tar --save - | tar x

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

inline constexpr const char* services = R"(
Examples:
  gate services
  gate services -o json

BUSY is calls in hand of the calls that the workers take at once; QUEUED waits for a worker.

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

inline constexpr const char* describe = R"(
Examples:
  gate describe calculator
  gate describe gate                the methods of the broker itself
  gate describe calculator -o json
  gate describe                     the methods of --service, GateRPC by default

`*args` takes any number of arguments, and `**kwargs` any number of NAME=VALUE.

A method whose last parameter is `stream<T>` takes items from its caller, which gate call cannot send; one with
`-> stream<T>` answers with them: call it with --stream.

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

inline constexpr const char* workers = R"(
Examples:
  gate workers
  gate workers log_search
  gate workers -o json

BUSY is calls in hand of the calls that the worker takes at once. A stalled worker is connected, but its heartbeat is
late: it gets no new work until it is heard again. DIALECT is what it speaks; peers of Majordomo and gate-rpc have no
name, and are shown under one that the broker made up. Under --dialect gate-rpc only the services that have workers are
told: such a broker tells no more.

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

inline constexpr const char* ping = R"(
Examples:
  gate ping
  gate ping --count 100 -o json
  gate ping --broker tcp://10.0.0.5:5555 && echo up

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

inline constexpr const char* passwd = R"(
The store is made when it is not there, with mode 0600; one that others can read is refused.
The password is asked for on the terminal; it is never an argument, since arguments can be seen by everybody.

Examples:
  gate passwd /etc/gate/users.toml alice
  gate passwd /etc/gate/users.toml alice --keep     the old one is right as well, until the next change
  pwgen 20 1 | gate passwd users.toml alice --stdin

Exit codes: 0 done; 1 the store is not in order (stderr says where); 2 bad usage.
)";

inline constexpr const char* keygen = R"(
Writes a new pair of CURVE keys to FILE, with mode 0600, and prints the public one. FILE is never overwritten.

Examples:
  gate keygen /etc/gate/broker.key                             for the broker's curve_key
  gate keygen worker.key --store users.toml --user billing     for a peer, known to the broker from now on
  gate keygen new.key --store users.toml --user billing --keep the old key is right as well, until the next change

Exit codes: 0 done; 1 a file is not in order (stderr says which); 2 bad usage.
)";

}  // namespace gate::cli::help
