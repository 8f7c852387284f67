"""Two thousand strings that try to leave a folder, or to be something else than a name."""

from __future__ import annotations

import random
from itertools import product

COUNT = 2000

_DOTS = (
    "..", "%2e%2e", "%252e%252e", ".%2e", "%c0%ae%c0%ae", "%uff0e%uff0e", "．．", "․․", "‥", "....", "...", ". .",
    "..\x00", "..\u200b", "..;", "\xc0\xae\xc0\xae", ".\u0307.", "..%00", "\\u002e\\u002e",
)  # fmt: skip
_SEPARATORS = (
    "/", "\\", "//", "\\/", "/./", "%2f", "%5c", "%252f", "%255c", "%c0%af", "%c1%9c", "%e0%80%af", "∕", "⁄", "／",
    "＼", "⧸", "\xc0\xaf", ":", "%00/", "\u2028",
)  # fmt: skip
_TARGETS = ("", "etc/passwd", "secret.txt", "datasets/secret", "datasets/demo", "mlflow.db", "runs", "secret\x00.png")
_DEPTHS = (1, 2, 3, 6, 40)

_ABSOLUTE = (
    "/", "//", "/etc/passwd", "//etc/passwd", "///etc/passwd", "/./etc/passwd", "/proc/self/environ",
    "/proc/self/root", "/proc/self/cwd/secret.txt", "/dev/null", "/dev/stdin", "/dev/fd/0", "/tmp",
    "/root/.ssh/id_rsa", "file:///etc/passwd", "file://localhost/etc/passwd", "http://127.0.0.1/",
    "http://169.254.169.254/", "ftp://x/", "data:,x", "sqlite:///x.db", "jar:file:/x!/y", "zip://x", "s3://bucket/key",
    "javascript:1", "C:", "C:\\", "C:/", "c:\\windows\\win.ini", "C:secret.txt", "Z:\\x", "\\\\server\\share\\x",
    "//server/share/x", "\\\\?\\C:\\x", "\\\\.\\pipe\\x", "\\\\.\\PhysicalDrive0", "\\\\localhost\\c$\\x",
    "\\??\\C:\\x",
)  # fmt: skip
_ODD = (
    "", " ", "  ", ".", "..", "...", "~", "~root", "~/secret.txt", "~root/.ssh", "$HOME", "${HOME}/x", "%USERPROFILE%",
    "$(id)", "`id`", "; id", "| id", "& id", "&& id", "x\nid", "--help", "-h", "--json", "--name=x", "-rf", "--", "-",
    "@file", "--out=x", "* ", "*", "?", "[a-z]*", "**/*", "{a,b}", "demo*", "dem?", "[d]emo", "demo\x00",
    "demo\x00.png", "\x00", "\x00demo", "demo\r\n", "demo\n", "\ndemo", "demo\r", "demo\t", "\tdemo", "demo\x0b",
    "demo\x1b[2J", "demo\x7f", "demo\u0085", "demo\u2028", "demo/", "demo\\", "demo/.", "demo/..", "demo/../demo",
    "./demo", ".demo", ".demo.partial", ".demo.log", ".demo.csv", "demo.", "demo..", "demo ", " demo", "demo . ",
    "demo::$DATA", "demo:stream", "demo%00", "demo%0a", "demo%2e", "ｄｅｍｏ", "demо", "dеmo", "DEMO/", "de\u00admo",
    "demo\u200b", "demo\u202e", "\u202eomed", "\ufeffdemo", "démo", "de\u0301mo", "ﬁle", "ſecret", "K", "demo\ud800",
    "\udcff", "\udcff\udcfe/x", "\U0010ffff", "demo'", "demo\"", "' OR '1'='1", "' OR 1=1 --",
    "'; DROP TABLE runs; --", "\" OR \"\"=\"", "demo' AND 'a'='a", "demo') OR ('a'='a", "'\"", "`demo`",
    "demo%' OR name LIKE '%", "%", "_", "%%", "a" * 64, "a" * 65, "a" * 255, "a" * 256, "a" * 4097, "a" * 100_000,
    "../" * 5000, "/" * 5000, "." * 300, " " * 300, "{0}", "{self}", "{0.__class__}", "%s", "%n%n%n", "%x" * 20,
    "{{7*7}}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "<img src=x onerror=alert(1)>", "</script>", "[x](http://x)", "$x$",
    "None", "null", "undefined", "true", "nan", "inf", "-1", "0", "1e309", "0x10", "last", "champion", "latest",
    "0" * 32, "f" * 32, "0" * 33, "G" * 32, "A" * 32, "0" * 31 + "\n", "0" * 31 + "/", "../" + "0" * 29,
    "0/../" + "0" * 27, "¼", "١٢٣", "𝟘𝟙",
)  # fmt: skip
_RESERVED = [
    f"{name}{end}"
    for name in (
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "COM1",
        "LPT1",
        "con",
        "nul",
        "CLOCK$",
        "CONIN$",
        "desktop.ini",
        "Thumbs.db",
    )
    for end in ("", ".txt", ".png", ":", " ", ".", ".tar.gz", "/x", "\\x")
]
_WRAPPED = [
    f"{before}{path}{after}"
    for path in ("../secret.txt", "../../etc/passwd", "..\\secret.txt", "../datasets/secret", "..%2fsecret.txt")
    for before in ("", "demo/", "/", "./", "\x00", " ", "x/../", "demo\x00/", "file:", "\\", "%2f")
    for after in ("", "\x00", "\x00.png", ".png", "/", "/.", " ", "%00.dcm", "?x=1", "#x", ";x.nii.gz", "\n", ".zip")
]


def strings() -> list[str]:
    """Always the same: all that are listed, and climbs of every kind drawn to make up the number."""
    listed = list(dict.fromkeys((*_ABSOLUTE, *_ODD, *_RESERVED, *_WRAPPED)))
    climbs = [
        (dots + separator) * depth + target
        for dots, separator, depth, target in product(_DOTS, _SEPARATORS, _DEPTHS, _TARGETS)
    ]
    new = list(dict.fromkeys(climb for climb in climbs if climb not in set(listed)))
    return listed + random.Random(0).sample(new, COUNT - len(listed))
