#!/usr/bin/env bash
# Brings the binary: that of the release which this commit of the action names, checked against the sums beside this script,
# or one that is built from the sources here. Also runs in bash 3.2, which macOS has.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/caulk-install.XXXXXX")"

# Ends the step with one sentence. Nothing in it may begin a command of its own.
stop() {
    local text="${1//'%'/%25}"
    text="${text//$'\r'/%0D}"
    printf '::error title=caulk::%s\n' "${text//$'\n'/%0A}"
    exit 2
}

target_of() {
    case "$1/$2" in
        Linux/X64) echo x86_64-unknown-linux-musl ;;
        Linux/ARM64) echo aarch64-unknown-linux-musl ;;
        macOS/X64) echo x86_64-apple-darwin ;;
        macOS/ARM64) echo aarch64-apple-darwin ;;
        Windows/X64) echo x86_64-pc-windows-msvc ;;
        *) return 1 ;;
    esac
}

sum_of() {
    if command -v sha256sum > /dev/null; then
        sha256sum < "$1" | cut -d' ' -f1
    else
        shasum -a 256 < "$1" | cut -d' ' -f1
    fi
}

# Builds with nothing in the environment but what a compiler needs: build scripts of dependencies see no token.
build() {
    command -v cargo > /dev/null || stop "version 'source' wants a Rust toolchain, and there is no cargo on PATH"
    local keep=() name
    for name in PATH HOME CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN TMPDIR TEMP TMP LANG CC AR http_proxy https_proxy no_proxy \
        HTTPS_PROXY NO_PROXY SSL_CERT_FILE SYSTEMROOT SystemRoot USERPROFILE APPDATA LOCALAPPDATA PROGRAMFILES ProgramFiles \
        'ProgramFiles(x86)' ProgramData PATHEXT COMSPEC; do
        if value="$(printenv "$name")"; then keep+=("$name=$value"); fi
    done
    (cd "$here/.." && env -i "${keep[@]}" cargo build --release --locked --bin caulk --target-dir "$work/target") >&2 ||
        stop "caulk could not be built from the sources at $here/.."
    binary="$work/target/release/caulk$suffix"
}

download() {
    local target tag asset wanted found releases
    target="$(target_of "${RUNNER_OS:-}" "${RUNNER_ARCH:-}")" ||
        stop "there is no binary for ${RUNNER_OS:-an unknown system} on ${RUNNER_ARCH:-an unknown architecture}; use 'version: source'"
    tag="$(cat "$here/release" 2> /dev/null || true)"
    [ -n "$tag" ] ||
        stop "this commit of the action belongs to no release, so there is nothing to check a binary against; use the tag of a release, or 'version: source'"
    [ -z "${CAULK_VERSION:-}" ] || [ "v${CAULK_VERSION#v}" = "$tag" ] ||
        stop "this commit of the action can check $tag alone, not '$CAULK_VERSION'; use the action's own tag for that version"
    asset="caulk-$target.tar.gz"
    wanted="$(awk -v name="$asset" '$2 == name { print $1 }' "$here/sha256sums")"
    [[ "$wanted" =~ ^[0-9a-f]{64}$ ]] || stop "release $tag has no sum for $asset; use 'version: source'"
    releases="${CAULK_RELEASES:-${GITHUB_SERVER_URL:-}/${CAULK_REPOSITORY:-}/releases/download}"
    curl --fail --silent --show-error --location --retry 3 --max-time 300 --max-filesize 200000000 \
        --output "$work/$asset" "$releases/$tag/$asset" ||
        stop "release $tag holds no $asset that can be fetched from $releases"
    found="$(sum_of "$work/$asset")"
    [ "$found" = "$wanted" ] ||
        stop "$asset of release $tag is not what this action was made for: its SHA-256 is $found and must be $wanted; nothing of it was run"
    # GNU tar takes what stands before a colon for a host, and paths on Windows begin with a drive.
    tar -xzf - -C "$work" "caulk$suffix" < "$work/$asset" || stop "$asset holds no program"
    binary="$work/caulk$suffix"
}

suffix=''
if [ "${RUNNER_OS:-}" = Windows ]; then suffix=.exe; fi
if [ "${CAULK_VERSION:-}" = source ]; then build; else download; fi
[ -x "$binary" ] || stop "there is no program at $binary"
echo "binary=$binary" >> "$GITHUB_OUTPUT"
