#!/usr/bin/env python3
"""Measures sweeps over an organisation on this machine, served by the stand-in for GitHub and git's own http-backend.

    benches/sweep.py                        300 repositories made from the archives of ../shared/corpus
    benches/sweep.py --made 30,100,300,1000 how the cost grows with the number of made-up repositories
    benches/sweep.py --full                 both

Tells, for each number of repositories, the wall time of plan, apply and a second run of both, the time on processors (which
others on the machine disturb less), the peak memory of each (the goal is 300 MB whatever the number), the bytes fetched, and
the calls by kind; in the end how all that grew. Fails if a second run on unchanged repositories fetches anything or makes more
than ceil(n/100)+5 calls, if that of the repositories from the archives takes more than 2% of the time of the first (made-up
ones are so small that it would measure the start of processes), if a plan or an apply takes more memory, or if any repository
fails. What is built and unpacked for it is temporary.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEMORY = 300_000_000
# The limits would make the measurement one of waiting.
FAST = ["--writes-per-minute", "1000000", "--writes-per-hour", "1000000"]

BROKEN = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  namespace: one
spec:
  template:
    spec:
      containers:
        - name: app
          image: ghcr.io/goauthentik/server:2024.12.1
          {key}: ["server"]
          env:
            - name: REDIS_HOST
              value: redis.one.svc.cluster.local
---
apiVersion: v1
kind: Service
metadata:
  name: redis
  namespace: one
"""


def unpacked(work):
    """Unpacks the archives and returns one folder each, in the order of their names."""
    folders = []
    for archive in sorted((ROOT.parent / "shared/corpus").glob("*.tar.gz")):
        folder = work / "corpus" / archive.name.removesuffix(".tar.gz")
        folder.mkdir(parents=True)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="tar")
        folders.append(folder)
    if not folders:
        sys.exit("../shared/corpus is not there; use --made")
    return folders


def made(work):
    """Makes ten folders of ten manifests each; every second one has something to mend."""
    folders = []
    for number in range(10):
        folder = work / "made" / str(number)
        folder.mkdir(parents=True)
        for file in range(10):
            key = "command" if number % 2 == 0 and file == 0 else "args"
            (folder / f"app-{file}.yaml").write_text(BROKEN.format(number=file, key=key))
        folders.append(folder)
    return folders


class Organisation:
    """A server with repositories that are copies of the folders, in turn."""

    def __init__(self, stand_in, work, folders, count):
        self.work = work
        work.mkdir()
        ready, self.log = work / "ready", work / "log.jsonl"
        names = [f"acme/r{number:04}" for number in range(count)]
        words = []
        for number, name in enumerate(names):
            words += ["--seed", f"{folders[number % len(folders)]}={name}"]
        root = work / "served"
        root.mkdir()
        command = [stand_in, "--root", root, "--ready", ready, "--log", self.log, *words]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE)
        while not ready.exists():
            if self.process.poll() is not None:
                sys.exit("the stand-in did not start")
            time.sleep(0.1)
        # A server keeps its repositories packed.
        for repository in sorted(path.parent for path in root.glob("**/HEAD")):
            subprocess.run(["git", "-C", repository, "repack", "-adq"], check=True)
        lines = ready.read_text().split("\n")
        self.url = lines[0]
        (work / "token").write_text(lines[1].removeprefix("person "))
        self.read = 0

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.work)

    def calls(self):
        """Returns the calls since the last time, by kind."""
        with open(self.log) as log:
            log.seek(self.read)
            # One by one: a child's peak begins with the memory of the process that it was split off from.
            counted = collections.Counter()
            for line in iter(log.readline, ""):
                each = json.loads(line)
                if not each.get("git"):
                    counted[kind(each["call"])] += 1
            self.read = log.tell()
        return counted


def kind(call):
    if call.startswith("GraphQL"):
        words = call.split(" ", 1)[1]
        return "GraphQL " + ("repository" if words.startswith("repository,") else words)
    method, path = call.split(" ", 1)
    parts = path.split("/")
    rest = [part for part in parts[4:6] if part.replace("-", "").isalpha()]
    return " ".join([method, "/".join(rest) or path.split("/")[1]])


def run(caulk, organisation, words):
    """Runs caulk. Returns the seconds, those on processors, the peak memory, the exit code and what it said."""
    command = [caulk, "sweep", *words, "--api-url", organisation.url, "--token-file", "token"]
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, cwd=organisation.work, stdout=told, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        # Linux counts in kilobytes.
        seconds, busy = time.monotonic() - begun, usage.ru_utime + usage.ru_stime
        return seconds, busy, usage.ru_maxrss * 1024, process.returncode, told.read()


def fetched(organisation):
    """Returns how many bytes the last plan fetched, and of how many repositories."""
    with open(organisation.work / "caulk-sweep.jsonl") as plan:
        [last] = collections.deque(plan, maxlen=1)
    cost = json.loads(last)
    return cost["fetched_bytes"], cost["fetched"]


def measure(caulk, stand_in, work, folders, count, label, is_timed, growth):
    organisation = Organisation(stand_in, work / "organisation", folders, count)
    rows, good = [], True
    stages = [
        ("plan", ["plan", "--org", "acme"]),
        ("apply", ["apply", "caulk-sweep.jsonl", *FAST]),
        ("second plan", ["plan", "--org", "acme"]),
        ("second apply", ["apply", "caulk-sweep.jsonl", *FAST]),
    ]
    for name, words in stages:
        seconds, busy, memory, code, told = run(caulk, organisation, words)
        cost = fetched(organisation) if "plan" in name else (0, 0)
        rows.append((name, seconds, memory, organisation.calls(), *cost))
        growth[name].append((count, seconds, busy, memory, cost[0], sum(rows[-1][3].values())))
        if code != 0 or memory > MEMORY:
            good = False
            print(f"{name}: exit code {code}, {memory / 1e6:.0f} MB\n{told[-2000:]}")
    organisation.close()
    print(f"\n{count} repositories, {label}")
    for name, seconds, memory, calls, size, repositories in rows:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(calls.items()))
        print(
            f"  {name:12} {seconds:8.2f} s  {memory / 1e6:5.0f} MB  {size:11,} bytes of {repositories:4} repositories fetched"
            f"  {sum(calls.values()):5} calls: {kinds or 'none'}"
        )
    first, second = rows[0][1] + rows[1][1], rows[2][1] + rows[3][1]
    calls = sum(rows[2][3].values()) + sum(rows[3][3].values())
    most = -(-count // 100) + 5
    goal = " (goal 2%)" if is_timed else ""
    print(f"  second run: {second / first:.1%} of the time of the first{goal}, {calls} calls (goal {most})")
    in_time = not is_timed or second <= first * 0.02
    return good and in_time and calls <= most and rows[2][4] + rows[2][5] == 0


def tell(growth):
    """Prints what one repository costs, by how many there are."""
    print("\nhow the cost grows, for one repository: milliseconds, those on processors, bytes, calls; and the peak memory")
    for name, rows in growth.items():
        for count, seconds, busy, memory, size, calls in rows:
            each = f"{seconds * 1000 / count:8.1f} {busy * 1000 / count:8.1f} {size / count:9.0f} {calls / count:6.2f}"
            print(f"  {name:12} {count:5} {each} {memory / 1e6:5.0f} MB")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", type=int, default=300, help="how many repositories are made from the archives")
    options.add_argument("--made", help="numbers of made-up repositories, with commas")
    options.add_argument("--full", action="store_true")
    options.add_argument("--caulk", help="the program; built where it is left out")
    options.add_argument("--stand-in", help="the server; built where it is left out")
    given = options.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    if not given.caulk or not given.stand_in:
        packages = ["-p", "caulk", "-p", "stand-in"]
        subprocess.run(["cargo", "build", "--release", "--quiet", *packages], cwd=ROOT, check=True)
    caulk = pathlib.Path(given.caulk or target / "caulk").resolve()
    stand_in = pathlib.Path(given.stand_in or target / "stand-in").resolve()
    counts = [int(count) for count in (given.made or ("30,100,300,1000" if given.full else "")).split(",") if count]
    good = True
    with tempfile.TemporaryDirectory(prefix="caulk-sweep-") as folder:
        work = pathlib.Path(folder)
        if given.full or not counts:
            folders = unpacked(work)
            own = collections.defaultdict(list)
            good &= measure(caulk, stand_in, work, folders, given.corpus, "from the archives", True, own)
        folders = made(work) if counts else []
        growth = collections.defaultdict(list)
        for count in counts:
            good &= measure(caulk, stand_in, work, folders, count, "made up", False, growth)
        if counts:
            tell(growth)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
