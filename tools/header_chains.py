#!/usr/bin/env python3
"""Puts the headers of src/ into chains, for the check that each of them compiles alone.

In a chain each header includes, however far down, the one before it. So a file that includes a
chain from its beginning compiles every header as a file of that header alone would: what stands
above it is what it brings along itself. There are half as many chains as headers, and nearly all
the time goes into what they bring along.

    tools/header_chains.py       a chain a line, as few as there can be
"""

import pathlib
import re

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def below(includes):
    """header: all that it includes, of {header: what it names}."""
    found = {}

    def visit(header):
        if header not in found:
            found[header] = set()
            for name in includes[header]:
                if name in includes:
                    found[header] |= {name} | visit(name)
        return found[header]

    for header in includes:
        visit(header)
    return found


def chains(includes):
    """The fewest chains, by as many links as there can be (a maximum matching, by Kuhn)."""
    inner = {header: sorted(names) for header, names in below(includes).items()}
    outer_of = {}

    def link(header, seen):
        for name in inner[header]:
            if name in seen:
                continue
            seen.add(name)
            if name not in outer_of or link(outer_of[name], seen):
                outer_of[name] = header
                return True
        return False

    for header in sorted(includes):
        link(header, set())
    inner_of = {outer: name for name, outer in outer_of.items()}
    result = []
    for last in sorted(set(includes) - set(outer_of)):
        chain = [last]
        while chain[0] in inner_of:
            chain.insert(0, inner_of[chain[0]])
        result.append(chain)
    return result


def main():
    source = pathlib.Path(__file__).resolve().parent.parent / "src"
    includes = {
        str(path.relative_to(source)): _INCLUDE.findall(path.read_text())
        for path in sorted(source.glob("*/*.h"))
    }
    for chain in chains(includes):
        print(*chain)


if __name__ == "__main__":
    main()
