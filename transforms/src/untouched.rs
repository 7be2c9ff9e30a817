//! What holds hosts and is never touched, counted: silence about it is to be told from a clean bill.

/// How much of a repository the rule of hosts met and left as it is.
///
/// It counts what was read: where a repository is large, files without a mark of anything that matters are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Untouched {
    /// Documents that SOPS encrypts.
    pub encrypted: usize,
    /// SealedSecrets.
    pub sealed: usize,
    /// Secrets whose `data` is in base64.
    pub encoded: usize,
    /// Hosts that hold `$(VAR)`, which Kubernetes fills in.
    pub kubernetes_variables: usize,
    /// Hosts that hold `${VAR}` or `$VAR`, which Flux or a shell fills in.
    pub substitutions: usize,
    /// Hosts that hold something else to be filled in: `{{ x }}`, `%s`, `<host>`.
    pub placeholders: usize,
}

impl Untouched {
    /// Counts a host that something is filled into.
    pub(crate) fn add_host(&mut self, host: &str) {
        let after = host.split_once('$').map(|(_, after)| after);
        match after {
            Some(after) if after.starts_with('(') => self.kubernetes_variables += 1,
            Some(_) => self.substitutions += 1,
            None => self.placeholders += 1,
        }
    }

    /// Returns the sum of two counts.
    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            encrypted: self.encrypted + other.encrypted,
            sealed: self.sealed + other.sealed,
            encoded: self.encoded + other.encoded,
            kubernetes_variables: self.kubernetes_variables + other.kubernetes_variables,
            substitutions: self.substitutions + other.substitutions,
            placeholders: self.placeholders + other.placeholders,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_told_apart() {
        let mut counts = Untouched::default();
        for host in ["$(HOST)", "redis-$(N).x", "${HOST}.x", "$HOST", "{{ .host }}", "db-%d", "<host>"] {
            counts.add_host(host);
        }
        let Untouched { kubernetes_variables, substitutions, placeholders, .. } =
            counts.plus(Untouched::default());
        assert_eq!((kubernetes_variables, substitutions, placeholders), (2, 2, 3));
    }
}
