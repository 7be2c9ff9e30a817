//! Fixes as edits that other tools apply.

use crate::sink::{
    json::{Edit, Finding, Fix, VerdictName},
    screen::masked,
};

/// A range of a file. Lines and columns count from 1; the byte columns are 0 where the report does not tell them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) byte_column: u32,
    pub(super) end_line: u32,
    pub(super) end_byte_column: u32,
}

impl From<&Edit> for Place {
    fn from(edit: &Edit) -> Self {
        Self {
            line: edit.line,
            byte_column: edit.byte_column,
            end_line: edit.end_line,
            end_byte_column: edit.end_byte_column,
        }
    }
}

/// Returns where a finding is.
pub(super) fn place_of(finding: &Finding) -> Place {
    Place {
        line: finding.line,
        byte_column: finding.byte_column,
        end_line: finding.end_line,
        end_byte_column: finding.end_byte_column,
    }
}

/// Returns the fix of a finding if another tool may apply it: it is part of the plan and not done yet, its edits count in the
/// file as it is, and it holds no secret, which would be told on with it.
pub(super) fn shown(finding: &Finding) -> Option<&Fix> {
    let fix = finding.fix.as_ref()?;
    let to_do = finding.verdict == VerdictName::Mended && finding.remaining.is_some();
    (to_do && fix.as_read && !holds_secret(fix)).then_some(fix)
}

fn holds_secret(fix: &Fix) -> bool {
    let edits = fix.edits.iter().chain(fix.elsewhere.iter().flat_map(|other| &other.edits));
    // An option and its value may come in two edits.
    let all: Vec<&str> = edits.map(|edit| edit.replacement.as_str()).collect();
    let all = all.join(", ");
    masked(&all) != all
}
