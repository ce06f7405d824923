#!/usr/bin/env python3
"""Makes docs/screen.svg from the real screen.

Runs `sioscope demo` in tmux at 120x36, types a little so that there is something to find, captures
what is on the screen and writes it as SVG. Needs tmux and a release build: cargo build --release && docs/picture.py
"""
import html
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "target/release/sioscope")
COLUMNS, ROWS, WIDTH, HEIGHT = 120, 36, 8.4, 18
BASE = ["#1d1f21", "#cc6666", "#8ab46a", "#d7ba5c", "#6f9fd0", "#b294bb", "#6fb7b7", "#c5c8c6",
        "#7a7f85", "#e07a7a", "#a5d07f", "#f0d47a", "#8fbdee", "#cdb0d6", "#8fd6d6", "#ffffff"]


def colour(number):
    if number < 16:
        return BASE[number]
    if number < 232:
        number -= 16
        steps = [0, 95, 135, 175, 215, 255]
        return "#%02x%02x%02x" % (steps[number // 36], steps[number // 6 % 6], steps[number % 6])
    grey = 8 + (number - 232) * 10
    return "#%02x%02x%02x" % (grey, grey, grey)


def apply(style, codes):
    codes = [int(code or 0) for code in codes]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code == 1:
            style = {**style, "bold": True}
        elif code == 2:
            style = {**style, "dim": True}
        elif code == 7:
            style = {**style, "reverse": True}
        elif code in (22, 27):
            style = {k: v for k, v in style.items() if k not in ("bold", "dim", "reverse")}
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = {**style, "fg": colour(code - 30 if code < 90 else code - 82)}
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = {**style, "bg": colour(code - 40 if code < 100 else code - 92)}
        elif code in (39, 49):
            style = {k: v for k, v in style.items() if k != ("fg" if code == 39 else "bg")}
        elif code in (38, 48):
            key, kind = ("fg" if code == 38 else "bg"), codes.pop(0)
            if kind == 5:
                style = {**style, key: colour(codes.pop(0))}
            else:
                style = {**style, key: "#%02x%02x%02x" % tuple(codes[:3])}
                codes = codes[3:]
    return style


def svg(capture):
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-size="14" '
           'font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace">'
           % (COLUMNS * WIDTH + 16, ROWS * HEIGHT + 16),
           '<rect width="100%" height="100%" rx="6" fill="#16181a"/>']
    style = {}
    for row, line in enumerate(capture.split("\n")[:ROWS]):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            if part.startswith("\x1b["):
                style = apply(style, part[2:-1].split(";"))
                continue
            if not part:
                continue
            wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in part)
            x, y = 8 + column * WIDTH, 8 + row * HEIGHT
            fg, bg = style.get("fg", "#c5c8c6"), style.get("bg")
            if style.get("reverse"):
                fg, bg = bg or "#16181a", fg
            if bg:
                out.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>'
                           % (x, y, wide * WIDTH, HEIGHT, bg))
            if part.strip():
                more = ' font-weight="bold"' if style.get("bold") else ""
                more += ' opacity="0.7"' if style.get("dim") else ""
                out.append('<text xml:space="preserve" x="%.1f" y="%.1f" fill="%s" textLength="%.1f"%s>%s</text>'
                           % (x, y + 13.5, fg, wide * WIDTH, more, html.escape(part)))
            column += wide
    return "\n".join(out + ["</svg>", ""])


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = ["tmux", "-L", "sioscope-picture"]
        environment = {**os.environ, "SIOSCOPE_DATA_DIR": folder, "SIOSCOPE_CONFIG_DIR": folder,
                       "COLORTERM": "truecolor", "TERM": "xterm-256color"}

        def tmux(*words):
            return subprocess.run(server + list(words), env=environment, check=True,
                                  capture_output=True, text=True).stdout

        tmux("-f", "/dev/null", "new-session", "-d", "-s", "p", "-x", str(COLUMNS), "-y", str(ROWS),
             PROGRAM + " demo")
        try:
            time.sleep(3)
            for keys in (["J"], ["-l", "/chat"], ["Enter"], ["J"], ["-l", "/admin"], ["Enter"],
                         ["i"], ["-l", "echo"], ["Tab"], ["-l", '{"hello":"world","seq":[1,2,3]}'],
                         ["M-a"], ["Enter"], ["-l", ""], ["Escape"], ["k"], ["Enter"]):
                tmux("send-keys", "-t", "p", *keys)
                time.sleep(0.6)
            time.sleep(1)
            capture = tmux("capture-pane", "-e", "-p", "-t", "p")
        finally:
            tmux("kill-server")
    with open(os.path.join(ROOT, "docs/screen.svg"), "w", encoding="utf-8") as file:
        file.write(svg(capture))


main()
