//! Embedded files, format by format.

use crate::hosts::{Place, Role, scan};

/// Checks that `marked`, with its `«` and `»` taken out, has exactly the hosts between them.
fn check(name: &str, marked: &str) {
    let value = marked.replace(['«', '»'], "");
    let (mut shown, mut at) = (String::new(), 0);
    for token in scan(&value, Place::File(name)) {
        if !token.variable && token.role != Role::Listing {
            shown.push_str(&value[at..token.range.start]);
            shown.push_str(&format!("«{}»", token.host));
            at = token.range.end;
        }
    }
    shown.push_str(&value[at..]);
    assert_eq!(shown, marked, "{name}");
}

#[test]
fn nginx() {
    check(
        "nginx.conf",
        "upstream backend {\n  server «web-0.web»:8080 weight=2; # server old:80;\n  server «web-1»;\n}\n\
         server {\n  listen 80;\n  server_name web;\n  location / {\n    proxy_pass http://backend/x;\n    \
         proxy_set_header Host $host:8080;\n    proxy_set_header Origin $http_origin;\n  }\n  location /b { \
         proxy_pass http://«other»:80; }\n  fastcgi_pass «php»:9000;\n  resolver «kube-dns.kube-system.svc» valid=5s;\n  \
         proxy_pass http://$upstream;\n  # proxy_pass http://old;\n}\n",
    );
}

#[test]
fn properties_env_and_ini() {
    check(
        "application.properties",
        "# redis.host=old\nspring.redis.host=«redis»\nspring.datasource.url = jdbc:postgresql://«db»:5432/x\n\
         spring.application.name=redis\nkafka.bootstrap.servers=«a»:9092,«b»:9092\nport: 80\n",
    );
    check("app.env", "export DB_HOST=«db»\nDB_NAME=db\nURL=\"http://«web»:80/x\" # redis:80\nX='«a»:80'\n");
    check("grafana.ini", "[database]\nhost = «pg»:5432\nname = pg\n;host = old\n[server]\nroot_url = /x\n");
    check("fluent-bit.conf", "[OUTPUT]\n    Name  es\n    Host  «elasticsearch»\n    Port  9200\n");
    check("redis.conf", "replicaof «redis-master» 6379\nport 6379\n");
    check("haproxy.cfg", "backend x\n  server web1 «web»:80 check\n  server web2\n");
}

#[test]
fn yaml_and_toml() {
    check(
        "config.yaml",
        "redis:\n  host: «redis»\n  port: 6379\n  name: redis\nkafka:\n  brokers:\n    - «a»:9092\n    - «b»\n  topics:\n  - c\n\
         servers:\n- «d»\nother:\n  - d\n  - e:7\nenv:\n  - name: DB_HOST\n    value: «db»\n  - name: DB_NAME\n    value: db\n\
         image: redis:6379\nurl: &u \"http://«web»/x\"\nlist: [\"http://«x»:80\", '«y»:81']\n",
    );
    check(
        "config.toml",
        "[db]\nhost = \"«db»\"\nservers = [\n  \"«a»:1234\",\n  \"«b»\",\n]\nname = \"db\"\n",
    );
    check("ingress.yaml", "ingress:\n  hosts:\n    - host: web\n");
}

#[test]
fn json() {
    check(
        "config.json",
        "{\"host\": \"«redis»\", \"name\": \"redis\", \"urls\":[\"http://«a»:80/\\\"x\", \"«b»:81\", \"«c»\"],\n \
         \"nested\": {\"endpoint\" : \"«minio»:9000\", \"description\": \"see http://x:80\"}, \"port\": 80, \"x\": [\"c\"]}",
    );
    check("x", "{\n  \"a\": \"http://«web»\"\n}");
    check("broken.json", "{\"host\": \"«a»\", \"b\": \"unterminated");
}

#[test]
fn scripts_markup_and_prose() {
    check(
        "run.sh",
        "#!/bin/sh\n# http://old\ncurl http://«web»:80/x\nnc -z «redis»:6379\nHOST=redis\nping redis\n",
    );
    check("main", "#!/usr/bin/env python3\nr = connect(\"«redis»:6379\")\nhost = \"redis\"\n");
    check("logback.xml", "<url>http://«loki»:3100/push</url><host>loki</host>");
    check("README.md", "See http://web:80 and redis:6379.\n");
    check("ca.crt", "-----BEGIN CERTIFICATE-----\nhttp://web:80\n");
    check("x.yaml.tpl", "host: «redis»\nother: {{ .Values.host }}\n");
}

#[test]
fn identities_in_files_are_marked() {
    let roles = |text: &str| -> Vec<Role> {
        scan(text, Place::File("x.conf")).iter().map(|token| token.role).collect()
    };
    assert_eq!(roles("proxy_redirect http://web:80/ /;\n"), [Role::Identity]);
    assert_eq!(roles("add_header Content-Security-Policy \"x http://web:80\";\n"), [Role::Mention]);
    assert_eq!(roles("allowed_hosts = a:80,b:80\n"), [Role::Listing, Role::Listing]);
    assert_eq!(roles("issuer: https://dex\n"), [Role::Identity]);
}

#[test]
fn what_a_module_hands_out_is_settings_and_other_texts_of_programs_may_be_anything() {
    let roles = |text: &str| -> Vec<Role> {
        scan(text, Place::File("config.js")).iter().map(|token| token.role).collect()
    };
    let body = "  radarr: [\n    `http://web:80/?apikey=${process.env.KEY}`, // http://old\n  ],\n  clients: [\"x:http://web:80\"],\n  allowed: [\n    \"http://web:80\",\n  ],\n";
    let settings = format!("module.exports = {{\n{body}}};\n");
    assert_eq!(roles(&settings), [Role::Connection, Role::Mention, Role::Connection, Role::Listing]);
    let program = format!("const x = {{\n{body}}};\n");
    assert_eq!(roles(&program), [Role::Identity, Role::Mention, Role::Identity, Role::Listing]);
}
