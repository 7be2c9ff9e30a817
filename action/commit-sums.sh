#!/usr/bin/env bash
# Puts the sums of a release beside the action: `commit-sums.sh FOLDER` writes them, and in a release's workflow offers the
# commit as a pull request. Only a commit that holds them runs the binaries that they were made of.
set -euo pipefail
folder="$(cd "$1" && pwd)"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tag="${GITHUB_REF_NAME:?the tag of the release}"
(cd "$folder" && sha256sum -- *.tar.gz) > action/sha256sums
printf '%s\n' "$tag" > action/release
[ -n "${GH_TOKEN:-}" ] || exit 0

branch="release/$tag"
git config user.name 'github-actions[bot]'
git config user.email '41898282+github-actions[bot]@users.noreply.github.com'
git switch --create "$branch"
git add action/release action/sha256sums
git commit --message "Name the binaries of $tag beside the action"
gh auth setup-git
git push origin "$branch"
gh pr create --base main --head "$branch" --title "Name the binaries of $tag beside the action" \
    --body "The tag \`action-$tag\` belongs on this commit, once it is merged."
