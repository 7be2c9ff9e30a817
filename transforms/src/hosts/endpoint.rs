//! `host`, `host:port` and what may surround them: the part that all forms share.

use std::ops::Range;

use super::{
    Form, Found, HostToken, Key, Slice,
    lex::{self, Port},
};

/// A host with its port, as read at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The host; with variables, all that touches it.
    pub(super) host: Range<usize>,
    pub(super) variable: bool,
    pub(super) port: Port,
    /// The place after the port, or after the host.
    pub(super) end: usize,
}

/// Reads `host[:port]` at `start`. None if no host stands there, or if what follows its colon is no port.
pub(super) fn read(text: &str, start: usize, end: usize) -> Option<Endpoint> {
    let (host_end, variable) = lex::host_end(text.as_bytes(), start, end);
    let host = text.get(start..host_end)?;
    if !variable && !lex::is_host(host) {
        return None;
    }
    let (port, after) = lex::port(text, host_end, end);
    (port != Port::Wrong && !host.is_empty()).then_some(Endpoint {
        host: start..host_end,
        variable,
        port,
        end: after,
    })
}

/// What a form knows of the tokens that it adds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) form: Form,
    pub(super) scheme: Option<&'a str>,
    pub(super) tls: bool,
    pub(super) meaning: Key,
    pub(super) key: Option<&'a str>,
}

impl<'a> Context<'a> {
    pub(super) fn new(form: Form, meaning: Key, key: Option<&'a str>) -> Self {
        Self { form, scheme: None, tls: false, meaning, key }
    }
}

impl<'a> Found<'a> {
    /// Adds the token of an endpoint.
    pub(super) fn add(&mut self, slice: &Slice<'a>, endpoint: &Endpoint, context: Context<'a>) {
        let (mut range, mut form) = (endpoint.host.clone(), context.form);
        if !endpoint.variable {
            range = lex::without_srv_labels(slice.text, range);
            if range != endpoint.host {
                form = Form::Srv;
            }
        }
        let Some(host) = slice.text.get(range.clone()).filter(|host| !host.is_empty()) else { return };
        let port = if let Port::Number(port) = endpoint.port { Some(port) } else { None };
        self.tokens.push(HostToken {
            range,
            host,
            form,
            scheme: context.scheme,
            port,
            tls: context.tls,
            key: context.key,
            role: context.meaning.role,
            variable: endpoint.variable,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read_to_the_byte() {
        let read = |text: &str| read(text, 0, text.len());
        let endpoint = |host, port, end| Some(Endpoint { host, variable: false, port, end });
        assert_eq!(read("redis:6379/0"), endpoint(0..5, Port::Number(6379), 10));
        assert_eq!(read("redis"), endpoint(0..5, Port::None, 5));
        assert_eq!(read("redis.data.:80"), endpoint(0..11, Port::Number(80), 14));
        assert_eq!(read("redis:x"), None);
        assert_eq!(read(":80"), None);
        assert_eq!(read("-a:80"), None);
        let variable = read("a-${N}.b:80").expect("an endpoint");
        assert!(variable.variable && variable.host == (0..8));
    }
}
