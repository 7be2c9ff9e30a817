#!/usr/bin/env bash
# Compares `caulk check` with `rg -uuu -l 'command:'` on the same tree: both warm, medians of 10, in one run.
#
#     benches/check-vs-rg.sh [TREE] [CAULK]
#
# TREE is a folder of manifests; without one, the archives of ../shared/corpus are unpacked to a temporary folder.
# Both with all rules and with `--rule entrypoint-overridden` alone: prints the medians, their ratio (at most 3 is the goal)
# and the peak memory of caulk (below 200 MB is the goal with all rules, below 150 MB with the one); then the time of
# `caulk --version` (below 10 ms is the goal). Fails if a goal is missed or caulk finds nothing at all.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
for program in hyperfine rg python3; do
    command -v "$program" > /dev/null || { echo "$program is needed" >&2; exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=${1:-}
if [ -z "$tree" ]; then
    tree=$work/corpus
    mkdir "$tree"
    for archive in "$root"/../shared/corpus/*.tar.gz; do
        mkdir "$tree/$(basename "$archive" .tar.gz)"
        tar -xzf "$archive" -C "$tree/$(basename "$archive" .tar.gz)"
    done
fi
caulk=${2:-}
if [ -z "$caulk" ]; then
    cargo build --release --quiet --manifest-path "$root/Cargo.toml"
    caulk=${CARGO_TARGET_DIR:-$root/target}/release/caulk
fi

hyperfine --shell none --warmup 2 --runs 10 --ignore-failure --export-json "$work/times.json" \
    "rg -uuu -l command: $tree" "$caulk check --format json $tree" \
    "$caulk check --format json --rule entrypoint-overridden $tree" > /dev/null 2>&1
hyperfine --shell none --warmup 2 --runs 10 --export-json "$work/start.json" "$caulk --version" > /dev/null 2>&1
python3 - "$work" "$caulk" "$tree" <<'PYTHON'
import json, os, statistics, subprocess, sys, tempfile

work, caulk, tree = sys.argv[1:]
median = lambda name, i: statistics.median(json.load(open(f"{work}/{name}.json"))["results"][i]["times"])
rg, start, good = median("times", 0), median("start", 0), True
for number, (name, rules, most) in enumerate([
    ("all rules", [], 200),
    ("entrypoint-overridden", ["--rule", "entrypoint-overridden"], 150),
], 1):
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([caulk, "check", "--format", "json", *rules, tree], stdout=output)
        # The peak of this process alone; Linux counts in kilobytes.
        _, status, usage = os.wait4(process.pid, 0)
        output.seek(0)
        report = json.load(output)
    code, peak, check = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1000, median("times", number)
    print(f"{name}: files {report['summary']['files']}, findings {len(report['findings'])}, exit code {code}")
    print(f"  rg {rg * 1000:.0f} ms, caulk check {check * 1000:.0f} ms, ratio {check / rg:.2f} (goal 3)")
    print(f"  peak memory {peak:.0f} MB (goal {most})")
    good = good and check / rg <= 3 and peak < most and report["findings"] and code in (0, 1)
print(f"caulk --version {start * 1000:.1f} ms (goal 10)")
sys.exit(0 if good and start < 0.010 else 1)
PYTHON
