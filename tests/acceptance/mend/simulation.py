"""The broker's core and both sessions in simulated time, with faults. The seeds change each day."""
import re
import subprocess
import time

SEEDS = 3000
FIRST = 10_000_000  # other tests run the seeds below this


def seeds_of_today(system):
    first = FIRST + int(time.time() // 86400) * SEEDS
    done = subprocess.run([str(system.program("broker_sim")), "--seeds", str(SEEDS), "--from", str(first)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280)
    broken = re.search(r"seed \d+ .*", done.stdout)
    ran = re.search(r"(\d+) seeds, ([\d.]+) simulated hours", done.stdout)
    figure = broken[0][:200] if broken else f"{ran[1]} seeds, {ran[2]} h" if ran else f"exit {done.returncode}"
    system.line(f"17: simulated faults, {SEEDS} seeds from {first} on", figure, f"{SEEDS} seeds, no promise broken",
                done.returncode == 0 and ran is not None and int(ran[1]) == SEEDS)
    told = subprocess.run([str(system.program("broker_sim")), "1056393"], stdout=subprocess.PIPE, text=True, timeout=60)
    system.line("17: the seed that found one", f"exit {told.returncode}", "exit 0", told.returncode == 0)


POINTS = {
    "seeds": ("the simulator finds no broken promise beyond the seeds that are always run", seeds_of_today),
}
