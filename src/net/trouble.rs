//! Why an image could not be read. Never a failure of the run: the answer is then "unknown", with this reason.

use thiserror::Error;

use super::secrets;

/// Why a registry, a layout or an archive gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Trouble {
    #[error("the registry {0} is not on the allow list; allow it with --registry {0}")]
    NotAllowed(String),
    #[error("{0} is a private, local or reserved address; allow it with --registry if it is meant")]
    Forbidden(String),
    #[error("{0} redirects to {1}, which is refused")]
    Redirect(String, String),
    #[error("{0} limits requests; it was not asked again")]
    Limited(String),
    #[error("{0} did not answer several times; it was not asked again")]
    GivenUp(String),
    #[error("{0} does not have it")]
    NotFound(String),
    #[error("{0} refuses access{1}")]
    Unauthorized(String, &'static str),
    #[error(
        "the token service {1} of {0} is another host; it gets no credentials unless --token-host allows it"
    )]
    ForeignTokenService(String, String),
    #[error("{0} did not answer in time")]
    Timeout(String),
    #[error("{0} could not be reached: {1}")]
    Unreachable(String, String),
    #[error("{0} answered with status {1}")]
    Status(String, u16),
    #[error("{0} is larger than the bound of {1} bytes")]
    TooLarge(&'static str, u64),
    #[error("{0} does not have its digest {1}")]
    Digest(&'static str, String),
    #[error("{0} is malformed: {1}")]
    Malformed(&'static str, String),
    #[error("the image has no variant for {0}")]
    NoPlatform(String),
    #[error("the search was capped: {0}")]
    Capped(&'static str),
    #[error("failed to read {0}: {1}")]
    File(String, String),
}

impl Trouble {
    /// Returns what is told of it, without any secret that a server sent back.
    pub(crate) fn told(&self) -> String {
        secrets::struck(&self.to_string())
    }

    /// Tells whether asking again, or asking the origin instead of a mirror, may help.
    pub(crate) const fn is_passing(&self) -> bool {
        self.is_silence() || matches!(self, Self::GivenUp(_) | Self::Limited(_) | Self::Status(_, 500..))
    }

    /// Tells whether the question stays open: nothing was answered that may be believed. What is refused by the user's own word, or
    /// is not there, is an answer.
    pub(crate) const fn leaves_open(&self) -> bool {
        self.is_passing()
            || matches!(
                self,
                Self::Unauthorized(..) | Self::Status(..) | Self::Digest(..) | Self::Malformed(..)
            )
    }

    /// Tells whether nobody answered, or not to the end.
    pub(crate) const fn is_silence(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Unreachable(..))
    }
}
