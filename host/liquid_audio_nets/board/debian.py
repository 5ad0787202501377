# SPDX-License-Identifier: MIT
"""Debian's source packages, fetched by apt without touching the machine's own configuration."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

APT_DIR = Path("/etc/apt")
RELEASES = {"buster", "bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable"}


def archive(apt_dir: Path = APT_DIR) -> dict[str, str] | None:
    """URIs and Signed-By of the Debian archive in the machine's own package sources; None if it uses no such archive."""
    for entry in deb822_entries(apt_dir) + one_line_entries(apt_dir):
        if RELEASES & set(entry.get("Suites", "").split()) and "main" in entry.get("Components", "").split():
            return {key: entry[key] for key in ("URIs", "Signed-By") if entry.get(key)}
    return None


def deb822_entries(apt_dir: Path) -> list[dict[str, str]]:
    """The stanzas of all .sources files, each with its first URI."""
    entries = []
    for file in sorted(apt_dir.glob("sources.list.d/*.sources")):
        text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.M)
        for stanza in re.split(r"\n\s*\n", text):
            fields = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.M)
            entry = {key: value.rstrip() for key, value in fields}
            if "deb" in entry.get("Types", "") and entry.get("Enabled", "yes") != "no":
                entries.append(entry | {"URIs": entry.get("URIs", "").split()[0]})
    return entries


def one_line_entries(apt_dir: Path) -> list[dict[str, str]]:
    """The lines of sources.list and all .list files, under the names of deb822."""
    entries = []
    for file in (apt_dir / "sources.list", *sorted(apt_dir.glob("sources.list.d/*.list"))):
        text = file.read_text() if file.is_file() else ""
        for options, uri, suite, parts in re.findall(
            r"^deb(?:-src)?\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.*)$", text, re.M
        ):
            signed_by = re.search(r"signed-by=(\S+)", options or "")
            entries.append(
                {
                    "URIs": uri,
                    "Suites": suite,
                    "Components": parts.split("#")[0],
                    "Signed-By": signed_by[1] if signed_by else "",
                }
            )
    return entries


def fetch_source(package: str, suite: str, folder: Path, source: dict[str, str]) -> Path | None:
    """Downloads the original tarball of `package` in `suite` into `folder`, checked by apt; None if that fails.

    source: URIs and Signed-By, as archive() returns them.
    """
    listing = folder / "debian.sources"
    for sub in ("lists/partial", "cache/archives/partial"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    entry = {"Types": "deb-src", "Suites": suite, "Components": "main"} | source
    listing.write_text("".join(f"{key}: {value}\n" for key, value in entry.items()))
    options = {
        "Dir::Etc::sourcelist": listing,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 2,
        "Acquire::Languages": "none",
        "Debug::NoLocking": 1,
    }
    flags = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    for command in (["update"], ["source", "--download-only", package]):
        try:
            done = subprocess.run(["apt-get", "-qq", *flags, *command], cwd=folder, capture_output=True, timeout=300)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
    return next(iter(sorted(folder.glob(f"{package}_*.orig.tar.*"))), None)
