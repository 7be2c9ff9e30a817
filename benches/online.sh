#!/usr/bin/env bash
# Measures `caulk fix --online` on 1,000 manifests with 300 distinct images in a docker-registry on loopback.
#
#     benches/online.sh [CAULK]
#
# The first run, with an empty cache, must ask for each image once. Then, in one run of hyperfine, medians of 10: offline with
# the same answers, replayed from a facts lock, so that the same mends are made and verified; with a warm cache whose tags are
# still fresh (the goal: at most 1.5 times that); with every tag looked up again, which must be nothing but one HEAD for each
# image; and offline without any answer, where there is nothing to mend. Fails if a goal is missed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/sbin
for program in docker-registry hyperfine python3; do
    command -v "$program" > /dev/null || { echo "$program is needed" >&2; exit 2; }
done
caulk=${1:-}
if [ -z "$caulk" ]; then
    cargo build --release --quiet --manifest-path "$root/Cargo.toml"
    caulk=${CARGO_TARGET_DIR:-$root/target}/release/caulk
fi
manifests=1000 images=300

work=$(mktemp -d)
registry=
trap '[ -z "$registry" ] || kill "$registry"; rm -rf "$work"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
host=127.0.0.1:$port
cat > "$work/registry.yml" <<CONFIG
version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: $work/data }
  cache: { blobdescriptor: inmemory }
http: { addr: $host }
CONFIG
docker-registry serve "$work/registry.yml" > "$work/access.log" 2> "$work/registry.log" &
registry=$!
for _ in $(seq 100); do
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && break
    sleep 0.1
done
python3 "$root/benches/online/fill.py" "$host" "$work/tree/apps" "$manifests" "$images"
# The compose file shows that the word is an argument of the images whose entrypoint is overridden.
{
    printf 'services:\n'
    for number in $(seq 0 10 $((images - 1))); do
        printf '  app%s:\n    image: %s/team/app%s:1.0\n    command: server\n' "$number" "$host" "$number"
    done
} > "$work/tree/compose.yaml"

fix="$caulk fix --format json --exit-zero $work/tree"
online="$fix --online --insecure-registry $host --cache-dir $work/cache"
requests() { grep -c "$1" "$work/access.log" || true; }
measure() { : > "$work/access.log"; "$@"; }

measure $online > "$work/cold.json"
cp "$work/access.log" "$work/cold.log"
measure $online --tag-ttl 0 > "$work/warm.json"
cp "$work/access.log" "$work/warm.log"
cmp "$work/cold.json" "$work/warm.json"
measure $online --tag-ttl 86400 > "$work/fresh.json"
cp "$work/access.log" "$work/fresh.log"
cmp "$work/cold.json" "$work/fresh.json"

$online --tag-ttl 86400 --facts-lock "$work/facts.lock" > /dev/null
$fix --facts-lock "$work/facts.lock" > "$work/replayed.json"
cmp "$work/cold.json" "$work/replayed.json"

hyperfine --shell none --warmup 2 --runs 10 --export-json "$work/times.json" \
    "$fix --facts-lock $work/facts.lock" "$online --tag-ttl 86400" "$online --tag-ttl 0" "$fix" > /dev/null 2>&1
python3 - "$work" "$images" <<'PYTHON'
import collections, json, re, statistics, sys

work, images = sys.argv[1], int(sys.argv[2])


def requests(name):
    found = re.findall(r'"(GET|HEAD|POST) (\S+) HTTP', open(f"{work}/{name}.log").read())
    return collections.Counter(found)


cold, warm, fresh = requests("cold"), requests("warm"), requests("fresh")
fixes = sum("fix" in str(finding.get("remedy", finding)) for finding in json.load(open(f"{work}/cold.json"))["findings"])
tags = sum(1 for _, path in cold if path.endswith("/manifests/1.0"))
again = {request: times for request, times in cold.items() if times > 1}
print(f"findings {fixes}")
print(f"empty cache: {sum(cold.values())} requests, {tags} tags, {len(again)} requests made more than once")
print(f"warm cache, tags looked up again: {sum(warm.values())} requests, {sum(n for (m, _), n in warm.items() if m == 'HEAD')} of them HEAD")
print(f"warm cache, tags fresh: {sum(fresh.values())} requests")
offline, known, looked_up, nothing = (statistics.median(result["times"]) for result in json.load(open(f"{work}/times.json"))["results"])
print(f"offline with the same answers {offline * 1000:.0f} ms; fresh {known * 1000:.0f} ms, ratio {known / offline:.2f} (goal 1.5);"
      f" looked up again {looked_up * 1000:.0f} ms, ratio {looked_up / offline:.2f};"
      f" offline without answers {nothing * 1000:.0f} ms, ratio {known / nothing:.2f}")
good = (fixes > 0 and tags == images and not again and not fresh and len(warm) == images
        and all(method == "HEAD" for method, _ in warm) and known / offline <= 1.5)
sys.exit(0 if good else 1)
PYTHON
