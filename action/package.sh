#!/usr/bin/env bash
# Builds the binary for a target and packs it: `package.sh TARGET` leaves dist/caulk-TARGET.tar.gz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target="$1"
program=caulk
case "$target" in *-windows-*) program=caulk.exe ;; esac
cargo build --release --locked --bin caulk --target "$target"
mkdir -p dist
tar -czf "dist/caulk-$target.tar.gz" -C "target/$target/release" "$program"
