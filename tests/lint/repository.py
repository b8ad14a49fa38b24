"""The files that the lints check."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = {".hpp", ".cpp"}


def files():
    """The tracked files, relative to ROOT. In a release archive, which has no git: all files outside build/."""
    try:
        out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True).stdout
        names = [pathlib.PurePosixPath(n) for n in out.decode().split("\0") if n]
    except (OSError, subprocess.CalledProcessError):
        names = []
    if not names:
        found = (p.relative_to(ROOT) for p in ROOT.rglob("*") if p.is_file())
        names = [pathlib.PurePosixPath(p) for p in found if p.parts[0] not in {"build", ".git"}]
    return sorted(n for n in names if (ROOT / n).is_file())


def code_files():
    return [n for n in files() if n.suffix in CODE]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def finish(what, found):
    """Prints the findings, one line each, in the form that editors can jump to. Returns the exit status."""
    for line in found:
        print(line)
    print(f"{what}: {len(found)} found")
    return 1 if found else 0
