//! What people do meanwhile, and what a test looks at in the end.

use std::path::PathBuf;

use git2::{FileMode, Signature};

use crate::{
    refusal::Refusal,
    server::Server,
    state::{Check, Comment, Pull, Repository},
    store::{self, Change},
    sync,
};

/// A commit as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub sha: String,
    /// The author's name and address.
    pub author: (String, String),
    /// The committer's name and address.
    pub committer: (String, String),
    /// The message.
    pub message: String,
    /// The commits that it follows.
    pub parents: Vec<String>,
}

/// Makes of a refusal a panic with its words, since a test asked for what cannot be.
#[track_caller]
fn done<T>(result: Result<T, Refusal>) -> T {
    match result {
        Ok(value) => value,
        Err(refusal) => panic!("{} {}", refusal.status(), refusal.message()),
    }
}

#[expect(clippy::missing_panics_doc, reason = "each panics where the test asks for what cannot be")]
impl Server {
    /// Commits to a branch in somebody's name and returns the commit. `None` removes a file. A branch that is not there begins
    /// at the default branch.
    #[track_caller]
    pub fn commit(&self, name: &str, branch: &str, author: &str, files: &[(&str, Option<&str>)]) -> String {
        let mut world = self.world();
        world.account(author);
        let key = name.to_ascii_lowercase();
        let repository = done(world.repository(&key)).clone();
        let git = done(store::open(&repository.path));
        let parent = store::branch(&git, branch).or_else(|| store::branch(&git, &repository.default_branch));
        let mode = |path: &str| {
            parent.as_ref().and_then(|parent| store::mode(&git, parent, path)).unwrap_or(FileMode::Blob)
        };
        let changes: Vec<Change> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.map(|text| (text.as_bytes().to_vec(), mode(path)))))
            .collect();
        let hand = Signature::now(author, &format!("{author}@example.org")).expect("a signature");
        let made = done(store::write(&git, parent.as_deref(), &changes, (&hand, &hand), "Somebody's commit"));
        let oid = done(store::oid(&made));
        git.reference(&format!("refs/heads/{branch}"), oid, true, "committed").expect("a branch");
        done(sync::moved(&mut world, &key, author));
        made
    }

    /// Returns the commit of a branch.
    #[must_use]
    pub fn branch(&self, name: &str, branch: &str) -> Option<String> {
        let world = self.world();
        done(sync::branch_of(&world, &name.to_ascii_lowercase(), branch))
    }

    /// Returns the names of all branches.
    #[must_use]
    pub fn branches(&self, name: &str) -> Vec<String> {
        let git = done(store::open(&self.path(name)));
        let references = git.references_glob("refs/heads/*").expect("references");
        let mut names: Vec<String> = references
            .flatten()
            .filter_map(|reference| Some(reference.name().ok()?.strip_prefix("refs/heads/")?.to_owned()))
            .collect();
        names.sort();
        names
    }

    /// Moves a branch, by force.
    #[track_caller]
    pub fn set_branch(&self, name: &str, branch: &str, commit: &str) {
        let mut world = self.world();
        let key = name.to_ascii_lowercase();
        let git = done(store::open(&done(world.repository(&key)).path));
        git.reference(&format!("refs/heads/{branch}"), done(store::oid(commit)), true, "moved")
            .expect("a branch");
        done(sync::moved(&mut world, &key, "somebody"));
    }

    /// Removes a branch.
    #[track_caller]
    pub fn delete_branch(&self, name: &str, branch: &str) {
        let mut world = self.world();
        let key = name.to_ascii_lowercase();
        let git = done(store::open(&done(world.repository(&key)).path));
        git.find_reference(&format!("refs/heads/{branch}"))
            .and_then(|mut found| found.delete())
            .expect("a branch");
        done(sync::moved(&mut world, &key, "somebody"));
    }

    /// Returns a file at a branch or a commit.
    #[must_use]
    pub fn file(&self, name: &str, revision: &str, path: &str) -> Option<String> {
        let git = done(store::open(&self.path(name)));
        let (bytes, _) = store::file(&git, revision, path).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the commits that the head has and the base has not, oldest first.
    #[must_use]
    #[track_caller]
    pub fn commits(&self, name: &str, base: &str, head: &str) -> Vec<Made> {
        let git = done(store::open(&self.path(name)));
        let end = |revision: &str| done(store::commit(&git, revision)).id();
        let found = done(store::between(&git, end(base), end(head)));
        let person = |signature: &Signature<'_>| {
            (
                signature.name().unwrap_or_default().to_owned(),
                signature.email().unwrap_or_default().to_owned(),
            )
        };
        let made = found.into_iter().map(|oid| {
            let commit = git.find_commit(oid).expect("a commit");
            Made {
                sha: oid.to_string(),
                author: person(&commit.author()),
                committer: person(&commit.committer()),
                message: commit.message().unwrap_or_default().to_owned(),
                parents: commit.parent_ids().map(|oid| oid.to_string()).collect(),
            }
        });
        made.collect()
    }

    /// Returns the folder of the bare repository.
    #[must_use]
    #[track_caller]
    pub fn path(&self, name: &str) -> PathBuf {
        done(self.world().repository(&name.to_ascii_lowercase())).path.clone()
    }

    /// Returns a repository, if there is one.
    #[must_use]
    pub fn repository(&self, name: &str) -> Option<Repository> {
        self.world().repositories.get(&name.to_ascii_lowercase()).cloned()
    }

    /// Returns all pull requests, oldest first.
    #[must_use]
    #[track_caller]
    pub fn pulls(&self, name: &str) -> Vec<Pull> {
        let world = self.world();
        done(world.repository(&name.to_ascii_lowercase())).pulls.values().cloned().collect()
    }

    /// Returns a pull request.
    #[must_use]
    #[track_caller]
    pub fn pull(&self, name: &str, number: u64) -> Pull {
        done(self.world().pull(&name.to_ascii_lowercase(), number)).clone()
    }

    /// Returns the check runs.
    #[must_use]
    #[track_caller]
    pub fn checks(&self, name: &str) -> Vec<Check> {
        done(self.world().repository(&name.to_ascii_lowercase())).checks.clone()
    }

    /// Changes a pull request behind everybody's back.
    #[track_caller]
    pub fn edit(&self, name: &str, number: u64, change: impl FnOnce(&mut Pull)) {
        change(done(self.world().pull_mut(&name.to_ascii_lowercase(), number)));
    }

    /// Opens a pull request in somebody's name, of a branch of the same repository or of `owner/name:branch`.
    #[track_caller]
    pub fn open(&self, name: &str, author: &str, head: &str, base: &str, title: &str) -> u64 {
        let mut world = self.world();
        world.account(author);
        let key = name.to_ascii_lowercase();
        let (repository, branch) = head.split_once(':').unwrap_or((&key, head));
        let head_repository = repository.to_ascii_lowercase();
        let (now, id) = (world.now(), world.next());
        let at = done(world.repository(&key));
        let git = done(store::open(&at.path));
        let number = at.pulls.keys().last().copied().unwrap_or(0) + 1;
        let pull = Pull {
            id,
            number,
            title: title.to_owned(),
            author: author.to_owned(),
            open: true,
            head: done(sync::branch_of(&world, &head_repository, branch)).expect("a branch"),
            base: store::branch(&git, base).expect("a branch"),
            head_repository,
            head_branch: branch.to_owned(),
            base_branch: base.to_owned(),
            created_at: now.clone(),
            updated_at: now,
            ..Pull::default()
        };
        done(sync::keep(&world, &git, &pull));
        done(world.repository_mut(&key)).pulls.insert(number, pull);
        number
    }

    /// Closes a pull request without merging it.
    #[track_caller]
    pub fn close(&self, name: &str, number: u64, actor: &str) {
        let mut world = self.world();
        world.account(actor);
        done(sync::close(&mut world, &name.to_ascii_lowercase(), number, actor));
    }

    /// Merges a pull request by a merge commit, which it returns.
    #[track_caller]
    pub fn merge(&self, name: &str, number: u64, actor: &str) -> String {
        let mut world = self.world();
        world.account(actor);
        let key = name.to_ascii_lowercase();
        let pull = done(world.pull(&key, number)).clone();
        let git = done(store::open(&done(world.repository(&key)).path));
        let made = merged(&git, &pull, actor).expect("a merge");
        done(sync::merged(&mut world, &key, number, actor, &made));
        done(sync::moved(&mut world, &key, actor));
        made
    }

    /// Writes a comment below a pull request.
    #[track_caller]
    pub fn comment(&self, name: &str, number: u64, author: &str, body: &str) {
        let mut world = self.world();
        world.account(author);
        let (id, created_at) = (world.next(), world.now());
        let (author, body) = (author.to_owned(), body.to_owned());
        done(world.pull_mut(&name.to_ascii_lowercase(), number)).comments.push(Comment {
            id,
            author,
            body,
            created_at,
        });
    }

    /// Sticks a label on a pull request, or takes it off.
    #[track_caller]
    pub fn label(&self, name: &str, number: u64, actor: &str, label: &str, on: bool) {
        let mut world = self.world();
        let key = name.to_ascii_lowercase();
        let pull = done(world.pull_mut(&key, number));
        pull.labels.retain(|own| own != label);
        if on {
            pull.labels.push(label.to_owned());
        }
        world.record(&key, number, actor, if on { "labeled" } else { "unlabeled" }, Some(label));
    }
}

fn merged(git: &git2::Repository, pull: &Pull, actor: &str) -> Result<String, git2::Error> {
    let branch = format!("refs/heads/{}", pull.base_branch);
    let base = git.find_reference(&branch)?.peel_to_commit()?;
    let head = git.find_commit(git2::Oid::from_str(&pull.head)?)?;
    let mut index = git.merge_commits(&base, &head, None)?;
    let tree = git.find_tree(index.write_tree_to(git)?)?;
    let author = Signature::now(actor, &format!("{actor}@example.org"))?;
    let site = Signature::now("GitHub", "noreply@github.com")?;
    let message = format!("Merge pull request #{} from {}", pull.number, pull.head_branch);
    let made = git.commit(Some(&branch), &author, &site, &message, &tree, &[&base, &head])?;
    Ok(made.to_string())
}
