#!/usr/bin/env python3
"""Writes src/fingerprint/unicode_tables.c from the files of Unicode 15.0.0.

    tools/unicode_tables.py /usr/share/unicode | clang-format > src/fingerprint/unicode_tables.c

The files are those of Debian 12's unicode-data, or https://www.unicode.org/Public/15.0.0/ucd/.
"""
import sys

VERSION = "15.0.0"


def lines(folder, name):
    with open(f"{folder}/{name}", encoding="utf-8") as file:
        text = file.read()
    if name != "UnicodeData.txt" and VERSION not in text.split("\n", 1)[0]:
        sys.exit(f"{folder}/{name} is not of Unicode {VERSION}")
    return (line.split("#")[0] for line in text.split("\n"))


def having(folder, name, *wanted):
    """The code points of a property file whose fields behind the first are `wanted`."""
    found = set()
    for line in lines(folder, name):
        fields = [field.strip() for field in line.split(";")]
        if tuple(fields[1:]) == wanted:
            first, _, last = fields[0].partition("..")
            found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found


def assigned(folder):
    found, first = set(), None
    for line in lines(folder, "UnicodeData.txt"):
        fields = line.split(";")
        if len(fields) < 2:
            continue
        point = int(fields[0], 16)
        if fields[1].endswith(", First>"):
            first = point
        found.update(range(first, point + 1) if fields[1].endswith(", Last>") else [point])
    return found


def marks(folder):
    """What has a combining class other than 0."""
    fields = (line.split(";") for line in lines(folder, "UnicodeData.txt"))
    return {int(f[0], 16) for f in fields if len(f) > 3 and f[3] != "0"}


def ranges(points):
    out = []
    for point in sorted(points):
        if out and out[-1][1] == point - 1:
            out[-1][1] = point
        else:
            out.append([point, point])
    return out


def table(name, points):
    rows = ranges(points)
    print(f"static const struct ws_code_range {name}[] = {{")
    print(" ".join(f"{{{first:#x}, {last:#x}}}," for first, last in rows))
    print("};")
    print(f"const struct ws_code_ranges ws_unicode_{name} = {{{name}, {len(rows)}}};\n")


def main():
    folder = sys.argv[1]
    core, properties = "DerivedCoreProperties.txt", "PropList.txt"
    print(f"/* Made by tools/unicode_tables.py from Unicode {VERSION}. */")
    print('#include "fingerprint/unicode.h"\n')
    table("assigned", assigned(folder))
    table("ignorable", having(folder, core, "Default_Ignorable_Code_Point"))
    table("space", having(folder, properties, "White_Space"))
    table("dash", having(folder, properties, "Dash"))
    table("quote", having(folder, properties, "Quotation_Mark"))
    table("joining", having(folder, "DerivedNormalizationProps.txt", "NFC_QC", "M") - marks(folder))
    table("cased", having(folder, core, "Cased"))
    table("case_ignorable", having(folder, core, "Case_Ignorable"))


main()
