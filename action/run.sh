#!/usr/bin/env bash
# Runs caulk once and tells everything from its one report: annotations, the job summary, SARIF, outputs and the exit code.
# Also runs in bash 3.2, which macOS has; there an empty array counts as unset, hence `${list[@]+...}`.
set -euo pipefail

# Ends the step with one sentence. Nothing in it may begin a command of its own.
stop() {
    local text="${1//'%'/%25}"
    text="${text//$'\r'/%0D}"
    printf '::error title=caulk::%s\n' "${text//$'\n'/%0A}"
    exit 2
}

notice() {
    printf '::notice title=caulk::%s\n' "$1"
}

# Tells whether a switch is on.
switched() {
    case "$2" in
        true) return 0 ;;
        false | '') return 1 ;;
        *) stop "the input '$1' is 'true' or 'false', not '$2'" ;;
    esac
}

# Shows a text in the log. It may hold what people wrote into manifests, and the runner must take none of it for a command.
show() {
    local fence
    fence="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    printf '::stop-commands::%s\n' "$fence"
    cat "$1"
    printf '\n::%s::\n' "$fence"
}

# Says which command serves the mode at this event. A merge queue and other people's branches are checked alone.
mode_of() {
    case "$1/$2" in
        check/* | fix/push | fix/pull_request | fix/schedule | fix/workflow_dispatch) echo "$1" ;;
        pull-request/push | pull-request/schedule | pull-request/workflow_dispatch) echo "$1" ;;
        review/pull_request) echo "$1" ;;
        fix/* | pull-request/* | review/*) echo check ;;
        *) return 1 ;;
    esac
}

# Makes sure that the mode has what it needs, and is not asked for what it cannot do.
alone() {
    [ -n "$token" ] ||
        stop "mode $mode needs a token: leave the input 'token' as it is, and give the job the permissions that action/README.md names"
    if [ "${CAULK_PATHS:-.}" != . ] || [ "${CAULK_CHANGED_ONLY:-}" = true ]; then
        stop "mode $mode looks at the whole repository, so 'paths' and 'changed-only' do not go with it"
    fi
}

event="${GITHUB_EVENT_NAME:-}"
[ "$event" != pull_request_target ] ||
    stop "caulk does not run on pull_request_target, where a stranger's files meet your token; use pull_request"
mode="$(mode_of "$CAULK_MODE" "$event")" ||
    stop "the input 'mode' is 'check', 'fix', 'pull-request' or 'review', not '$CAULK_MODE'"
[ "$mode" = "$CAULK_MODE" ] || notice "mode $CAULK_MODE has nothing to do on $event, so this only checks"

work="$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/caulk-report.XXXXXX")"
report="$work/report.json"
patch="$work/caulk.patch"

arguments=()
switched unsafe-fixes "${CAULK_UNSAFE_FIXES:-}" && arguments+=(--unsafe-fixes)
switched online "${CAULK_ONLINE:-}" && arguments+=(--online)
[ -z "${CAULK_CONFIG:-}" ] || arguments+=("--config=$CAULK_CONFIG")
told=()
case "${CAULK_FAIL_ON:-}" in
    safe | unsafe | display) told+=("--fail-on=$CAULK_FAIL_ON") ;;
    never) told+=(--exit-zero) ;;
    *) stop "the input 'fail-on' is 'safe', 'unsafe', 'display' or 'never', not '${CAULK_FAIL_ON:-}'" ;;
esac
if switched changed-only "${CAULK_CHANGED_ONLY:-}"; then
    # A push that makes a branch names no commit before it but zeros, and a schedule names none at all.
    if [[ "${CAULK_BASE:-}" =~ ^[0-9a-f]{40,64}$ ]] && [[ "$CAULK_BASE" =~ [1-9a-f] ]]; then
        # A push with force replaces what was there; in a whole clone nobody can fetch that any more.
        if [ "$event" = push ] && [ ! -e .git/shallow ] &&
            ! git -c 'safe.directory=*' cat-file -e "$CAULK_BASE^{commit}" 2> /dev/null; then
            notice "the commit before this push is gone, as after a push with force, so all findings are told"
        else
            told+=("--changed-since=$CAULK_BASE")
        fi
    else
        notice "there is nothing before this $event to compare with, so all findings are told"
    fi
fi
paths=()
while IFS= read -r line; do
    line="${line%$'\r'}"
    [ -z "$line" ] || paths+=("$line")
done <<< "${CAULK_PATHS:-.}"

# Only what speaks to GitHub gets the token.
token="${CAULK_TOKEN:-}"
unset CAULK_TOKEN GITHUB_TOKEN GH_TOKEN
status=0
case "$mode" in
    check)
        "$CAULK" check --format=json ${arguments[@]+"${arguments[@]}"} ${told[@]+"${told[@]}"} -- \
            ${paths[@]+"${paths[@]}"} > "$report" 2> "$work/notes.txt" || status=$?
        ;;
    fix)
        "$CAULK" fix --write --format=json ${arguments[@]+"${arguments[@]}"} ${told[@]+"${told[@]}"} -- \
            ${paths[@]+"${paths[@]}"} > "$report" 2> "$work/notes.txt" || status=$?
        ;;
    pull-request)
        alone
        GITHUB_TOKEN="$token" "$CAULK" pr --format=github-output "--report=$report" "--repo=$GITHUB_REPOSITORY" \
            ${arguments[@]+"${arguments[@]}"} > "$work/outputs.txt" 2> "$work/notes.txt" || status=$?
        # What is left to people is no failure where nothing ever is to be one.
        if [ "$CAULK_FAIL_ON" = never ] && [ "$status" -eq 1 ]; then status=0; fi
        ;;
    review)
        alone
        # What it prints is for the log: annotations, where the token may not write to the pull request.
        GITHUB_TOKEN="$token" "$CAULK" review "--report=$report" ${arguments[@]+"${arguments[@]}"} \
            ${told[@]+"${told[@]}"} 2> "$work/notes.txt" || status=$?
        ;;
esac

if [ ! -s "$report" ]; then
    # A pull request that is closed is not looked at.
    if [ "$mode/$status" = review/0 ]; then exit 0; fi
    show "$work/notes.txt"
    reason="$(grep -m1 '^error: ' "$work/notes.txt" || true)"
    [ -n "$reason" ] || reason="caulk ended with $status and left no report"
    if [ "${CAULK_CHANGED_ONLY:-}" = true ] && [ -e .git/shallow ]; then
        reason="$reason; changed-only wants a checkout with 'fetch-depth: 0'"
    fi
    stop "${reason#error: }"
fi

# The report alone is told from here on.
tell() {
    "$CAULK" report "--from=$report" "--format=$1"
}

# A review has told what belongs to the pull request, where it belongs; the report is about everything.
if [ "$mode" = review ]; then
    show "$work/notes.txt"
else
    tell github
    tell markdown >> "$GITHUB_STEP_SUMMARY"
fi
tell patch > "$patch"
tell github-output >> "$GITHUB_OUTPUT"
printf 'report=%s\npatch=%s\n' "$report" "$patch" >> "$GITHUB_OUTPUT"
if [ -s "$work/outputs.txt" ]; then
    cat "$work/outputs.txt" >> "$GITHUB_OUTPUT"
    url="$(sed -n 's/^pull-request-url=//p' "$work/outputs.txt")"
    [ -z "$url" ] || printf '\nPull request: %s\n' "$url" >> "$GITHUB_STEP_SUMMARY"
fi
if [ -n "${CAULK_SARIF_FILE:-}" ]; then
    # Through a pipe into a name that the workflow's author chose; a line break in it would begin another output.
    case "$CAULK_SARIF_FILE" in *$'\n'*) stop "the input 'sarif-file' is more than one line" ;; esac
    mkdir -p "$(dirname -- "$CAULK_SARIF_FILE")"
    tell sarif > "$CAULK_SARIF_FILE"
    printf 'sarif-file=%s\n' "$CAULK_SARIF_FILE" >> "$GITHUB_OUTPUT"
fi
exit "$status"
