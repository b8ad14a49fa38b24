#!/usr/bin/env python3
"""Checks that every source is as clang-format 16 leaves it. `format.py --fix` formats them."""
import shutil
import subprocess
import sys

import repository


def main(arguments):
    # Another version formats differently, so its result would prove nothing.
    tool = shutil.which("clang-format-16")
    if not tool:
        print("clang-format-16 is not installed; scripts/install-dependencies installs it")
        return 1
    names = [str(n) for n in repository.code_files()]
    if not names:
        return 0
    how = ["-i"] if arguments == ["--fix"] else ["--dry-run", "-Werror"]
    status = subprocess.run([tool, "--style=file", *how, *names], cwd=repository.ROOT).returncode
    print(f"format: {len(names)} files" + (", some differ: tests/lint/format.py --fix" if status else ""))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
