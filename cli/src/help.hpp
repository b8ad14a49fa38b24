// The text below the options in `--help`, for `gate` and for each subcommand.
#pragma once

namespace gate::cli::help {

inline constexpr const char* program = R"(
gate help SUBCOMMAND, or gate SUBCOMMAND --help, explains one subcommand.

Examples:
  gate services                                   the services that have workers
  gate describe calculator                        its methods, their parameters and results
  gate call calculator.add 2 3
  gate call calculator.divide dividend=1 divisor=3
  gate call log_search.find GPL --stream          prints each item as it comes, one a line
  gate --broker tcp://10.0.0.5:5555 workers -o json
  gate --dialect gate-rpc services                asks a Python gate-rpc broker
  gate --user alice --broker tcp://10.0.0.5:5555 services   asks for the password
  gate --credentials ~/.config/gate/me.toml call calculator.add 2 3
  gate passwd users.toml alice                    lets alice log in; see also gate keygen --help

If the broker asks for a login, give your credentials in a file (--credentials). It holds user and password, or key
(the file that gate keygen made) and server_key (the broker's public key). Its mode must be 0600.

Environment variables, used if there is no option:
  GATE_BROKER                            the broker's address (--broker)
  GATE_DIALECT                           the protocol of the broker (--dialect)
  GATE_GATERPC_COMPRESSION               how the peers of a gate-rpc broker compress HugeData
  GATE_SERVICE                           the service of a method that names none (--service)
  GATE_CREDENTIALS                       a credentials file (--credentials)
  GATE_USER and GATE_PASSWORD            a user and its password
  GATE_KEY and GATE_SERVER_KEY           the key file, and the broker's public key
  NO_COLOR                               turns colours off

With -o json the result is JSON, and an error is one line of JSON on stderr:
{"error":{"status":"failed","retry":"never","origin":"worker","type":"std::domain_error","message":"division by zero"}}
status is failed, no_method, timed_out and so on; retry is never, safe or if_idempotent; origin is local, broker or
worker; type is there if the method threw an exception. Only an error in the command line itself is always text.

Exit codes: 0 done; 1 the call failed (stderr says why); 2 wrong usage; 3 no broker answers, or it is draining;
4 timed out; 5 the broker refuses these credentials.
)";

inline constexpr const char* call = R"(
If METHOD names no service, the service is --service. Its default, GateRPC, is the service of gate-rpc workers without a
name.

Each ARGUMENT is VALUE, or NAME=VALUE for the parameter of that name. A VALUE is one of:

  JSON        5 is a number, true a boolean, [1,2] a list, '"5"' text
  text        anything that is not JSON: five. A VALUE that begins with { or [ must be JSON; for the text [x, write
              '"[x"'
  @FILE       the content of a file. If gate describe shows that the parameter is bytes, text or a HugeData, the content
              is sent unchanged. For any other type, the file must hold JSON
  - or @-     the content of standard input, in the same way. Only one argument can use it
  @@TEXT      text that begins with @. Write '"-"' for a hyphen, and '"a=b"' for text with a =

@bytes:FILE, @text:FILE, @huge:FILE and @json:FILE set the type to send; FILE may be -. If the parameter's type is not
known (the broker does not tell it, or the parameter takes any type), @FILE and - are sent as bytes.

A HugeData is sent while it is read, in constant memory. So are text and bytes over 1 MiB; if they come from a pipe,
they are first copied to a file in TMPDIR, since their size must be sent first. Such a call can be sent only once:
--idempotent and --one-way are refused, and there is no time limit unless --timeout is given. If a file cannot be
opened, or must be JSON and is not, nothing is sent (exit code 2). If a file cannot be read to its end, or changes while
it is read, the call ends (exit code 1).

Bytes are written, and shown, as {"$bytes": "aGVsbG8="} (base64), times as {"$timestamp": "2026-11-20T11:28:12Z"},
other extensions as {"$extension": [5, "AQI="]}, and numbers that are not finite as {"$float": "nan"}.

The result is printed as JSON. With -o text (the default), text is printed without quotes, and null is not printed. With
-o json, an error is one line of JSON on stderr; gate --help shows it.

With --stream, each item is printed as it comes, one a line. With --save, the result is written to a file, or to
standard output (--save -): bytes and text of any size while they arrive, any other value as JSON. Neither has a time
limit unless --timeout is given. With --save FILE and --idempotent, a transfer that breaks off is resumed.

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

BUSY: how many calls the workers have, of how many they take at once. QUEUED: how many calls wait for a worker.

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

inline constexpr const char* describe = R"(
Examples:
  gate describe calculator
  gate describe gate                the methods of the broker itself
  gate describe calculator -o json
  gate describe                     the methods of --service, GateRPC by default

`*args` takes any number of arguments, and `**kwargs` any number of NAME=VALUE.

A method whose last parameter is `stream<T>` takes a stream of items from its caller: gate call cannot call it. A method
with `-> stream<T>` returns a stream of items: call it with --stream.

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

inline constexpr const char* workers = R"(
Examples:
  gate workers
  gate workers log_search
  gate workers -o json

BUSY: how many calls the worker has, of how many it takes at once. A stalled worker is connected, but its heartbeat is
late: it gets no new calls until it sends a message. DIALECT: the protocol that it speaks. Workers of Majordomo and
gate-rpc have no name: the broker gives them one. With --dialect gate-rpc, only the services that have workers are
listed: such a broker tells no more.

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
If the store does not exist, it is made, with mode 0600. A store that others can read is refused.
The password is typed at the terminal. It is never an argument: everybody can see arguments.

Examples:
  gate passwd /etc/gate/users.toml alice
  gate passwd /etc/gate/users.toml alice --keep     the old password works too, until the next change
  pwgen 20 1 | gate passwd users.toml alice --stdin

Exit codes: 0 done; 1 the store has an error (stderr says where); 2 wrong usage.
)";

inline constexpr const char* keygen = R"(
Writes a new pair of CURVE keys to FILE, with mode 0600, and prints the public key. FILE is never overwritten.

Examples:
  gate keygen /etc/gate/broker.key                             for the broker's curve_key
  gate keygen worker.key --store users.toml --user billing     for a peer; adds its public key to the store
  gate keygen new.key --store users.toml --user billing --keep the old key works too, until the next change

Exit codes: 0 done; 1 a file has an error (stderr says which); 2 wrong usage.
)";

}  // namespace gate::cli::help
