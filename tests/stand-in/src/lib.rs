//! A stand-in for GitHub on loopback, for tests.
//!
//! Branches, trees, commits and blobs live in real bare repositories, which git's own protocol serves at `URL/OWNER/NAME.git`.
//! Pull requests and everything about them are kept in memory. REST calls are at `URL/...` and below `URL/api/v3`, GraphQL at
//! `URL/graphql` and `URL/api/graphql`.
//!
//! ```no_run
//! use stand_in::{Access, Fault, Identity, Moment, Server};
//!
//! let server = Server::start();
//! server.create("acme/app", &[("deploy.yaml", "kind: Deployment\n")]);
//! let token = server.sign_in(Identity::app("caulk", Access::Write));
//! // ... a client works with server.url() and the token ...
//! server.fail(1, "POST /repos/acme/app/pulls", Fault::DropAfter);
//! server.commit("acme/app", "main", "alice", &[("deploy.yaml", None)]);
//! server.forget();
//! server.hold(3, Moment::After);
//! assert_eq!(server.pulls("acme/app").len(), 1);
//! ```
//!
//! What is set up is in `seed`, what people do meanwhile and what a test looks at in `people`, faults in [`Fault`]. Every exchange
//! is kept ([`Server::exchanges`]) and, where the variable `STAND_IN_LOG` names a folder, written there as JSON lines. In the end all of
//! them are checked against GitHub's own descriptions, so that neither a client nor this can drift from the real thing.
//!
//! It does as GitHub does where clients stumble: a second pull request of the same branches is refused (422), a review with one
//! comment outside the diff is refused whole, a pull request closes when its branch is put back to the base or removed, what a token
//! may not see is not there (404), what it may not do is refused in GitHub's words, and `expectedHeadOid` guards a branch.
//! It does not check the signatures of Apps' tokens, and makes no difference between the permissions of a token: each has one level of
//! access to a repository.

mod call;
mod contract;
mod exchange;
mod fault;
mod graphql;
mod http;
mod hunks;
mod identity;
mod people;
mod refusal;
mod rest;
mod seed;
mod server;
mod shape;
mod smart;
mod state;
mod store;
mod sync;
mod tls;

pub use self::{
    exchange::Exchange,
    fault::{Fault, Hook, Moment, Seen},
    http::{Request, Response},
    identity::{Access, Identity, Kind},
    people::Made,
    server::Server,
    state::{Check, Comment, Event, Pull, Repository, Review, ReviewComment, Rule, Trouble},
    tls::Tls,
};
