//! Exchanges against GitHub's own descriptions, which a program of node's holds in memory for the whole process.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use serde_json::{Value, json};

use crate::exchange::Exchange;

/// The program, with both ends of the talk. It ends with its standard input, which closes with this process.
struct Validator {
    _child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// Returns what is not as GitHub describes it.
///
/// # Panics
/// If the program is absent and must be there, or breaks.
pub(crate) fn faults(exchanges: &[Exchange]) -> Vec<String> {
    static VALIDATOR: OnceLock<Option<Mutex<Validator>>> = OnceLock::new();
    let Some(validator) = VALIDATOR.get_or_init(|| start().map(Mutex::new)) else { return Vec::new() };
    let lines: Vec<Value> = exchanges.iter().filter(|exchange| !exchange.git).map(shown).collect();
    let mut validator = validator.lock().expect("the validator");
    let mut answer = String::new();
    let asked = writeln!(validator.to, "{}", Value::Array(lines));
    let told = asked.and_then(|()| validator.from.read_line(&mut answer));
    told.expect("an answer of tests/github/contract/validate.mjs");
    serde_json::from_str(&answer).expect("a list of faults from tests/github/contract/validate.mjs")
}

/// A status of which no description says anything.
const UNDESCRIBED: u16 = 599;

/// Of a request that a fault met, the request alone counts.
fn shown(exchange: &Exchange) -> Value {
    let met = exchange.faulty || exchange.status.is_none();
    json!({
        "method": exchange.method, "path": exchange.path, "query": exchange.query, "request": exchange.request,
        "status": if met { Some(UNDESCRIBED) } else { exchange.status },
        "response": if met { Value::Null } else { exchange.response.clone() },
    })
}

fn start() -> Option<Validator> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../github/contract");
    let command = || {
        let mut command = Command::new("node");
        command.arg(folder.join("validate.mjs")).arg("--serve");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()
    };
    let child = folder.join("node_modules").is_dir().then(command).flatten();
    let Some(mut child) = child else {
        let word = "node or the packages of tests/github/contract (npm ci) are not there";
        assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "{word}");
        let _ = writeln!(std::io::stderr(), "SKIPPED the check against GitHub's descriptions: {word}");
        return None;
    };
    let (to, from) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
    Some(Validator { _child: child, to, from })
}
