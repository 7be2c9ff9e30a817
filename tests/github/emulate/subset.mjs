// Cuts GitHub's OpenAPI description down to the calls that caulk makes: the whole of it takes prism minutes.

const REPOSITORY = "/repos/{owner}/{repo}";

// The calls that emulate answers. It has no GraphQL; what it lacks besides is listed in tests/github/emulate.rs.
const CALLS = [
  "", "/pulls", "/pulls/{pull_number}", "/pulls/{pull_number}/files", "/pulls/{pull_number}/comments",
  "/pulls/{pull_number}/reviews", "/pulls/{pull_number}/requested_reviewers", "/pulls/comments/{comment_id}", "/git/ref/{ref}",
  "/git/refs", "/git/refs/{ref}", "/git/matching-refs/{ref}", "/git/blobs", "/git/trees", "/git/commits",
  "/git/commits/{commit_sha}", "/contents/{path}", "/issues/{issue_number}/labels",
  "/issues/{issue_number}/comments", "/check-runs", "/check-runs/{check_run_id}",
  "/commits/{ref}/check-runs", "/compare/{basehead}", "/forks", "/installation",
].map((rest) => REPOSITORY + rest);

const OTHERS = ["/app/installations", "/app/installations/{installation_id}/access_tokens"];

// Prism takes a slash for the end of a parameter, so those that may hold some are written out.
const MOST_PARTS = 4;

export function subset(description) {
  const paths = {};
  for (const path of [...CALLS, ...OTHERS]) {
    paths[path] = description.paths[path];
    const name = /\/\{(ref|path|basehead)\}/.exec(path)?.[1];
    for (let parts = 2; name && parts <= MOST_PARTS; parts += 1) {
      const names = Array.from({ length: parts }, (_, number) => `${name}${number}`);
      const written = path.replace(`{${name}}`, names.map((each) => `{${each}}`).join("/"));
      paths[written] = unrolled(description, description.paths[path], name, names);
    }
  }
  const { openapi, info, servers } = description;
  return { openapi, info, servers, paths, components: components(description, paths) };
}

function unrolled(description, item, name, names) {
  const copy = structuredClone(item);
  for (const operation of Object.values(copy)) {
    operation.operationId += `-${names.length}`;
    operation.parameters = (operation.parameters ?? []).flatMap((parameter) => {
      const plain = parameter.$ref ? resolve(description, parameter.$ref) : parameter;
      if (plain.in !== "path" || plain.name !== name) return [parameter];
      return names.map((each) => ({ ...plain, name: each }));
    });
  }
  return copy;
}

// Everything that the paths refer to, and what that refers to.
function components(description, paths) {
  const kept = {};
  const open = [paths];
  const seen = new Set();
  while (open.length > 0) {
    for (const reference of references(open.pop())) {
      if (seen.has(reference)) continue;
      seen.add(reference);
      const [, , section, name] = reference.split("/");
      const found = resolve(description, reference);
      (kept[section] ??= {})[name] = found;
      open.push(found);
    }
  }
  return kept;
}

function* references(node) {
  if (node === null || typeof node !== "object") return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "$ref" && typeof value === "string") yield value;
    else yield* references(value);
  }
}

function resolve(description, reference) {
  return reference.slice(2).split("/").reduce((node, part) => node[part], description);
}
