"""Runs one part of `make bench`: prints each line as it comes and writes it to the file that the run reads.

`python -m bench.budgets.part MODULE FILE`.
"""

import importlib
import json
import sys

from bench.budgets.line import format_line


def main(module: str, path: str) -> None:
    with open(path, "w") as file:
        for line in importlib.import_module(module).measure():
            print(format_line(line), flush=True)
            file.write(json.dumps(line.as_json()) + "\n")
            file.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
