"""The C file, compiled without a warning, gives what the network gives."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from kan.export.c_code import c_code
from kan.export.document import document
from kan.export.measuring import measured_table
from kan.state import NetworkState
from tests.kan.export.check import ROWS, check
from tests.kan.export.exported import networks

NETWORKS = networks()


def test_c_gives_what_the_network_gives(tmp_path: Path) -> None:
    programs: dict[str, Path] = {}
    for kind, state in NETWORKS.items():
        path = tmp_path / f"{len(programs)}.c"
        path.write_text(c_code(document(state)) + _main(state))
        programs[kind] = path.with_suffix("")
        # Optimising, a compiler sees more to warn of; once is enough, for it takes longer.
        flags = [
            "-std=c99",
            "-pedantic",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-O2" if kind in ("plain", "classes") else "-O0",
        ]
        subprocess.run(["cc", *flags, "-o", programs[kind], path, "-lm"], check=True)
    for kind, state in NETWORKS.items():
        assert state.encoding is not None
        table = measured_table(state.encoding, ROWS)
        rows = "\n".join("\t".join(map(_cell, row)) for row in zip(*table.values(), strict=True))
        run = subprocess.run([programs[kind]], input=rows + "\n", capture_output=True, text=True, check=True)
        check(np.array([line.split() for line in run.stdout.splitlines()], dtype=np.float64), state, table)


def _cell(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _main(state: NetworkState) -> str:
    """Gives a program that reads lines of cells between tabs and prints the answers."""
    exported = document(state)
    texts = {item["column"] for item in exported["inputs"] if item["kind"] == "levels"}
    kinds = ", ".join(str(int(place in texts)) for place in range(len(exported["columns"])))
    return f"""
#include <stdio.h>
#include <stdlib.h>
static const int is_text[] = {{{kinds}}};
int main(void)
{{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {{
        double columns[KAN_COLUMNS], answers[KAN_ANSWERS];
        char *cell = line;
        for (int k = 0; k < KAN_COLUMNS; k++) {{
            char *end = cell + strcspn(cell, "\\t\\n");
            int is_missing = end == cell;
            *end = 0;
            columns[k] = is_text[k] ? kan_level(k, is_missing ? NULL : cell) : is_missing ? NAN : strtod(cell, NULL);
            cell = end + 1;
        }}
        int failed = kan_predict(columns, answers);
        for (int k = 0; k < KAN_ANSWERS; k++)
            printf("%.17g ", failed ? NAN : answers[k]);
        printf("\\n");
    }}
    return 0;
}}
"""
