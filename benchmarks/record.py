"""Runs one benchmark and writes what it printed into its section of RESULTS.md, with machine, date and commit.

    python benchmarks/record.py inference.py --quick

What a person wrote in a section stays: only the part below the line `RECORDED` is replaced.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
RECORDED = "<!-- recorded by make record; what stands below is replaced by the next run -->"
LIBRARIES = ("torch", "numba", "numpy", "scikit-learn")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", help="file of this folder")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="are handed on to it")
    asked = parser.parse_args()
    name, arguments = Path(asked.benchmark).name, asked.arguments
    facts = circumstances(shlex.join(["benchmarks/" + name, *arguments]))
    lines = []
    with subprocess.Popen([sys.executable, str(HERE / name), *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(process.returncode)
    RESULTS.write_text(with_section(RESULTS.read_text(), name, f"{facts}\n\n{''.join(lines).strip()}"))


def with_section(text: str, name: str, recorded: str) -> str:
    """Gives the text with another recorded part in the section `## name`, which is added where there is none.

    Args:
        text: of RESULTS.md.
        name: file name of the benchmark.
        recorded: what stands below the line `RECORDED`.
    """
    sections = re.split(r"(?m)^(?=## )", text)
    place = next((i for i, section in enumerate(sections) if section.startswith(f"## {name}\n")), None)
    if place is None:
        sections[-1] = sections[-1].rstrip() + "\n\n"
        sections.append(f"## {name}\n")
        place = len(sections) - 1
    kept = sections[place].split(RECORDED)[0].rstrip()
    sections[place] = f"{kept}\n\n{RECORDED}\n\n{recorded}\n\n"
    return "".join(sections).rstrip() + "\n"


def circumstances(command: str) -> str:
    """Gives machine, versions, date, commit and command in one sentence or two."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    cores = f"{os.cpu_count()} virtual cores (load {os.getloadavg()[1]:.1f} before the run)"
    return (
        f"{processor()}, {cores}, Python {platform.python_version()}, {libraries}; "
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}; `{command}`."
    )


def processor() -> str:
    """Gives the processor's name and its widest vectors, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*:\s*(.+)", text)
    vectors = next((label for flag, label in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in text), "")
    return ", ".join(part for part in (found[1] if found else platform.machine(), vectors) if part)


def commit() -> str:
    """Gives the commit, with a plus where the working tree differs from it in more than the results."""
    told = _git("describe", "--always", "--exclude=*")
    differs = _git("status", "--porcelain", "--", HERE.parent.as_posix(), f":!{RESULTS.as_posix()}")
    return f"{told}{'+' if differs else ''}" if told else "unknown"


def _git(*arguments: str) -> str:
    told = subprocess.run(["git", *arguments], capture_output=True, text=True, cwd=HERE, check=False)
    return told.stdout.strip()


if __name__ == "__main__":
    main()
