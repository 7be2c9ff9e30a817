#!/usr/bin/env bash
# Compares `caulk check` with `rg -uuu -l 'command:'` on the same tree: both warm, medians of 10, in one run.
#
#     benches/check-vs-rg.sh [TREE] [CAULK]
#
# TREE is a folder of manifests; without one, the archives of ../shared/corpus are unpacked to a temporary folder.
# Prints the two medians, their ratio (at most 3 is the goal), the peak memory of caulk (below 150 MB is the goal) and the
# time of `caulk --version` (below 10 ms is the goal). Fails if a goal is missed or caulk finds nothing at all.
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
    "rg -uuu -l command: $tree" "$caulk check --format json $tree" > /dev/null 2>&1
hyperfine --shell none --warmup 2 --runs 10 --export-json "$work/start.json" "$caulk --version" > /dev/null 2>&1
python3 - "$work" "$caulk" "$tree" <<'PYTHON'
import json, os, resource, statistics, subprocess, sys

work, caulk, tree = sys.argv[1:]
median = lambda name, i: statistics.median(json.load(open(f"{work}/{name}.json"))["results"][i]["times"])
done = subprocess.run([caulk, "check", "--format", "json", tree], stdout=subprocess.PIPE)
# Linux counts in kilobytes.
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
report = json.loads(done.stdout)
rg, check, start = median("times", 0), median("times", 1), median("start", 0)
print(f"files {report['summary']['files']}, findings {len(report['findings'])}, exit code {done.returncode}")
print(f"rg {rg * 1000:.0f} ms, caulk check {check * 1000:.0f} ms, ratio {check / rg:.2f} (goal 3)")
print(f"peak memory {peak:.0f} MB (goal 150), caulk --version {start * 1000:.1f} ms (goal 10)")
good = check / rg <= 3 and peak < 150 and start < 0.010 and report["findings"] and done.returncode in (0, 1)
sys.exit(0 if good else 1)
PYTHON
