use super::*;

fn forwards(text: &str) -> Forwards {
    read(text).forwards
}

const NODE: &str = r#"#!/bin/sh
set -e

# Run command with node if the first argument contains a "-" or is not a system command. The last
# part inside the "{}" is a workaround for the following bug in ash/dash:
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }; then
  set -- node "$@"
fi

exec "$@"
"#;

const REDIS: &str = r#"#!/bin/sh
set -e

# first arg is `-f` or `--some-option`
# or first arg is `something.conf`
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
	set -- redis-server "$@"
fi

# allow the container to be started with `--user`
if [ "$1" = 'redis-server' -a "$(id -u)" = '0' ]; then
	find . \! -user redis -exec chown redis '{}' +
	exec gosu redis "$0" "$@"
fi

# set an appropriate umask (if one isn't set already)
um="$(umask)"
if [ "$um" = '0022' ]; then
	umask 0077
fi

exec "$@"
"#;

#[test]
fn the_forms_of_well_known_images_are_read() {
    assert_eq!(forwards(NODE), Forwards::PrependIfUnknown);
    assert_eq!(read(NODE).program.as_deref(), Some("node"));
    assert_eq!(forwards(REDIS), Forwards::PrependIfFlag);
    assert_eq!(read(REDIS).program.as_deref(), Some("redis-server"));
    let php = "#!/bin/sh\nset -e\n\n# first arg is `-f` or `--some-option`\nif [ \"${1#-}\" != \"$1\" ]; then\n\tset -- php \"$@\"\nfi\n\nexec \"$@\"\n";
    assert_eq!(forwards(php), Forwards::PrependIfFlag);
    let memcached =
        "#!/bin/sh\nset -e\nif [ \"${1#-}\" != \"$1\" ]; then\n\tset -- memcached \"$@\"\nfi\nexec \"$@\"\n";
    assert_eq!(forwards(memcached), Forwards::PrependIfFlag);
    let case = "#!/bin/bash\ncase \"$1\" in\n  -*) set -- mongod \"$@\" ;;\nesac\nexec \"$@\"\n";
    assert_eq!(forwards(case), Forwards::PrependIfFlag);
}

#[test]
fn a_plain_end_is_read() {
    assert_eq!(forwards("#!/bin/sh\nexec \"$@\""), Forwards::Exec);
    assert_eq!(
        forwards("#!/usr/bin/env bash\nset -euo pipefail\nexport A=b\nexec tini -g -- \"$@\"\n"),
        Forwards::Exec
    );
    let user = "#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then\n  exec gosu app \"$@\"\nfi\nexec \"$@\"\n";
    assert_eq!(forwards(user), Forwards::Exec);
    assert_eq!(forwards("#!/bin/sh\nexec bundle exec \"$@\"\n"), Forwards::Exec);
    assert_eq!(forwards("#!/bin/sh\nexec nice -n5 -- \"$@\"\n"), Forwards::Exec);
    let own = "#!/bin/sh\nexec /usr/bin/restic --cache /c \"$@\"\n";
    assert_eq!(forwards(own), Forwards::OwnProgram);
    assert_eq!(read(own).program.as_deref(), Some("/usr/bin/restic"));
    let dropped =
        "#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then exec su-exec app influxd \"$@\"; fi\nexec influxd \"$@\"\n";
    assert_eq!(forwards(dropped), Forwards::OwnProgram);
    assert_eq!(forwards("#!/bin/sh\nexec \\\n  dumb-init -- \\\n  ak \"$@\"\n"), Forwards::OwnProgram);
}

#[test]
fn arguments_that_are_never_looked_at_are_ignored() {
    assert_eq!(
        forwards("#!/bin/bash\nset -e\n: \"${HOST:=localhost}\"\nexec /start-temporal.sh\n"),
        Forwards::Ignored
    );
    let heredoc = "#!/bin/sh\ncat > /etc/x <<EOF\nhost $1\nEOF\nexec nginx -g 'daemon off;'\n";
    assert_eq!(forwards(heredoc), Forwards::Unknown, "the heredoc names an argument");
    let quoted = "#!/bin/sh\ncat > /etc/x <<'EOF'\nexec \"$HOME\"\nfi\nEOF\nexec nginx\n";
    assert_eq!(forwards(quoted), Forwards::Ignored);
    assert_eq!(forwards("#!/bin/sh\nfor x; do echo \"$x\"; done\nexec nginx\n"), Forwards::Unknown);
}

#[test]
fn every_doubt_is_unknown() {
    let doubtful = [
        "exec \"$@\"",
        "#!/usr/bin/python3\nexec(\"$@\")",
        "#!/bin/sh\n. /lib.sh\nexec \"$@\"",
        "#!/bin/sh\neval \"$X\"\nexec \"$@\"",
        "#!/bin/sh\nshift\nexec \"$@\"",
        "#!/bin/sh\nset -- a \"$@\"\nexec \"$@\"",
        "#!/bin/sh\nif [ \"$1\" = server ]; then exec prog serve; fi\nexec \"$@\"",
        "#!/bin/sh\n[ \"$1\" = server ] && exec prog \"$@\"\nexec \"$@\"",
        "#!/bin/sh\nif [ \"$1\" = x ]; then exit 0; fi\nexec \"$@\"",
        "#!/bin/sh\nexec $PROGRAM \"$@\"",
        "#!/bin/sh\nexec sh \"$@\"",
        "#!/bin/sh\nexec docker-entrypoint.sh \"$@\"",
        "#!/bin/sh\nexec /usr/local/bin/entrypoint \"$@\"",
        "#!/bin/sh\nexec /init \"$@\"",
        "#!/bin/sh\nexec timeout 5 \"$@\"",
        "#!/bin/sh\nexec sudo -E app \"$@\"",
        "#!/bin/sh\nexec sh -c \"$@\"",
        "#!/bin/sh\nexec prog \"$1\"",
        "#!/bin/sh\nexec prog \"${@:2}\"",
        "#!/bin/sh\nexec prog \"$@\" --last",
        "#!/bin/sh\nprog \"$@\"",
        "#!/bin/sh\nexec prog \"$@\" | tee log",
        "#!/bin/sh\nexec gosu $USER \"$@\"",
        "#!/bin/sh\nmain() { exec prog \"$@\"; }\nmain \"$@\"",
        "#!/bin/sh\nif true; then exec \"$@\"; fi",
        "#!/bin/sh\nif [ \"${1#-}\" != \"$1\" ]; then set -- a \"$@\"; fi\nexec prog \"$@\"",
        "#!/bin/sh\nif [ \"$1\" = a ] && [ \"${1#-}\" != \"$1\" ]; then set -- a \"$@\"; fi\nexec \"$@\"",
        "#!/bin/sh\nif x; then :; elif [ \"${1#-}\" != \"$1\" ]; then set -- a \"$@\"; fi\nexec \"$@\"",
        "#!/bin/sh\nexec \"$@",
        "#!/bin/sh\nif true; then\nexec \"$@\"",
        "#!/bin/sh\n((x=1))\nexec \"$@\"",
        "#!/bin/sh\nprog &\nexec \"$@\"",
        "#!/bin/sh",
        "",
    ];
    for script in doubtful {
        assert_eq!(forwards(script), Forwards::Unknown, "{script}");
    }
}

#[test]
fn hostile_text_ends_without_a_panic() {
    let hostile = [
        "#!/bin/sh\n${{{{",
        "#!/bin/sh\n$(",
        "#!/bin/sh\n\\",
        "#!/bin/sh\n<<",
        "#!/bin/sh\nfunction",
        "#!/bin/sh\ncase",
        "#!/bin/sh\nfor",
        "#!/bin/sh\n\r",
        "#!/bin/sh\n[[ é",
        "#!/bin/sh\n2>",
    ];
    for script in hostile {
        let _ = read(script);
    }
    let deep = format!("#!/bin/sh\n{}", "if ".repeat(10_000));
    assert_eq!(forwards(&deep), Forwards::Unknown);
    let nested = format!("#!/bin/sh\n{}", "\"$(".repeat(5_000));
    assert_eq!(forwards(&nested), Forwards::Unknown);
}
