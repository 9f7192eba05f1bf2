#!/usr/bin/env python3
"""Holds every #include and every room's link list to the table in harness/README.md.

Usage: check_layering.py SOURCE_DIR. Prints each breach as file:line and exits with 1 if there is one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
ROW = re.compile(r"^\| `([a-z/]+)` \|[^|]*\|\s*([^|]*?)\s*\|$")


def table():
    """Room -> the rooms that it may use, from the README's table."""
    rooms = {}
    for line in (ROOT / "harness/README.md").read_text().splitlines():
        if row := ROW.match(line):
            rooms[row[1]] = set(row[2].replace("`", "").split())
    if len(rooms) < 10:
        sys.exit("harness/README.md: the table of rooms was not found")
    everything = set(rooms)
    for room, uses in rooms.items():
        if "all" in uses:
            rooms[room] = everything - {room} - {use[1:] for use in uses if use.startswith("-")}
    for room, uses in rooms.items():
        if unknown := uses - everything:
            sys.exit(f"harness/README.md: {room} uses unknown rooms {sorted(unknown)}")
    return rooms


def room_of(path, rooms):
    """The longest room name that is a folder on the way to `path`."""
    found = [room for room in rooms if path.startswith(room + "/")]
    return max(found, key=len) if found else None


def check_includes(rooms):
    breaches = []
    for source in sorted(ROOT.glob("**/*")):
        name = source.relative_to(ROOT).as_posix()
        if source.suffix not in (".h", ".cc") or name.startswith("build") or "/testdata/" in name:
            continue
        room = room_of(name, rooms)
        if room is None:
            breaches.append(f"{name}:1: stands in no room of harness/README.md")
            continue
        for number, line in enumerate(source.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            used = room_of(include[1], rooms)
            if used is None:
                breaches.append(f'{name}:{number}: "{include[1]}" is in no room; include from the root')
            elif used != room and used not in rooms[room]:
                breaches.append(f"{name}:{number}: {room} may not use {used} ({include[1]})")
    return breaches


def check_links(rooms):
    """The USES list of tocsin_library must stay within the table too."""
    breaches = []
    short = {room.split("/")[-1]: room for room in rooms}
    for room in rooms:
        lists = ROOT / room / "CMakeLists.txt"
        text = re.sub(r"#.*", "", lists.read_text()) if lists.exists() else ""
        library = re.search(r"tocsin_library\((.*?)\)", text, re.S)
        uses = re.search(r"\bUSES\s+(.*?)(?:\bLIBS\b|$)", library[1], re.S) if library else None
        for use in uses[1].split() if uses else []:
            if short.get(use) not in rooms[room] | {room}:
                breaches.append(f"{room}/CMakeLists.txt:1: {room} may not link {use}")
    return breaches


def main():
    rooms = table()
    breaches = check_includes(rooms) + check_links(rooms)
    print("\n".join(breaches) or f"{len(rooms)} rooms keep to the table")
    sys.exit(1 if breaches else 0)


main()
