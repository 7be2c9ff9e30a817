//! What a test sets up: repositories, accounts, tokens.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use git2::{FileMode, Signature};

use crate::{
    identity::{Access, Identity},
    refusal::Refusal,
    server::Server,
    state::{App, Repository},
    store::{self, Change},
};

impl Server {
    /// Makes a repository `owner/name` whose branch `main` holds the files, and returns its commit. Everybody may read it.
    ///
    /// # Panics
    /// If it is there already.
    pub fn create(&self, name: &str, files: &[(&str, &str)]) -> String {
        let changes = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Some((text.as_bytes().to_vec(), FileMode::Blob))))
            .collect::<Vec<Change>>();
        self.create_of(name, &changes)
    }

    /// Makes a repository of a folder's files with their modes, `.git` left out.
    ///
    /// # Panics
    /// If it is there already or the folder cannot be read.
    pub fn create_from(&self, name: &str, folder: &Path) -> String {
        let mut changes = Vec::new();
        gather(folder, folder, &mut changes).expect("a folder of files");
        self.create_of(name, &changes)
    }

    /// Makes a repository without a commit.
    ///
    /// # Panics
    /// If it is there already.
    pub fn create_empty(&self, name: &str) {
        let (owner, short) = name.split_once('/').expect("owner/name");
        let mut world = self.world();
        let path = world.folder_of(owner, short);
        store::init(&path, "main").map_err(|refusal| refusal.message().to_owned()).expect("a repository");
        world.account(owner);
        let repository = Repository {
            id: world.next(),
            owner: owner.to_owned(),
            name: short.to_owned(),
            path,
            default_branch: "main".to_owned(),
            allow_forking: true,
            actions_may_open_pulls: true,
            ..Repository::default()
        };
        world.repositories.insert(repository.key(), repository);
    }

    fn create_of(&self, name: &str, changes: &[Change]) -> String {
        self.create_empty(name);
        let world = self.world();
        let key = name.to_ascii_lowercase();
        let git = |world: &crate::state::World| {
            let git = store::open(&world.repository(&key)?.path)?;
            let owner = name.split('/').next().unwrap_or_default();
            let hand = Signature::now(owner, &format!("{owner}@example.org"))?;
            let head = store::write(&git, None, changes, (&hand, &hand), "A first state")?;
            git.reference("refs/heads/main", store::oid(&head)?, false, "seeded")?;
            Ok::<_, Refusal>(head)
        };
        git(&world).map_err(|refusal| refusal.message().to_owned()).expect("a first commit")
    }

    /// Changes what a repository is like: private, archived, topics and so on.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn settings(&self, name: &str, change: impl FnOnce(&mut Repository)) {
        let mut world = self.world();
        change(world.repositories.get_mut(&name.to_ascii_lowercase()).expect("a repository"));
    }

    /// Protects a branch: nobody may push to it, move it or remove it.
    ///
    /// # Panics
    /// If there is no such repository.
    pub fn protect(&self, name: &str, branch: &str) {
        self.settings(name, |repository| {
            repository.protected.insert(branch.to_owned());
            let cases: String = repository
                .protected
                .iter()
                .map(|branch| format!("refs/heads/{branch}) echo 'error: GH006: Protected branch update failed for {branch}.' >&2; exit 1;;\n"))
                .collect();
            let hook = repository.path.join("hooks/update");
            fs::create_dir_all(hook.parent().expect("a parent")).expect("a folder of hooks");
            fs::write(&hook, format!("#!/bin/sh\ncase \"$1\" in\n{cases}esac\n")).expect("a hook");
            fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a hook that runs");
        });
    }

    /// Renames a repository; its old name still leads there.
    ///
    /// # Panics
    /// If there is no such repository.
    pub fn rename(&self, name: &str, to: &str) {
        let mut world = self.world();
        let key = name.to_ascii_lowercase();
        let mut repository = world.repositories.remove(&key).expect("a repository");
        let (owner, short) = to.split_once('/').expect("owner/name");
        (repository.owner, repository.name) = (owner.to_owned(), short.to_owned());
        let new = repository.key();
        for pull in
            world.repositories.values_mut().chain([&mut repository]).flat_map(|each| each.pulls.values_mut())
        {
            if pull.head_repository == key {
                pull.head_repository.clone_from(&new);
            }
        }
        world.renamed.insert(key, new.clone());
        world.repositories.insert(new, repository);
    }

    /// Removes a repository with all that it holds.
    ///
    /// # Panics
    /// If there is no such repository.
    pub fn remove(&self, name: &str) {
        let repository = self.world().repositories.remove(&name.to_ascii_lowercase()).expect("a repository");
        fs::remove_dir_all(repository.path).expect("its folder");
    }

    /// Says that an owner is an organisation.
    pub fn organisation(&self, name: &str) {
        let mut world = self.world();
        world.account(name);
        world.organisations.insert(name.to_ascii_lowercase());
    }

    /// Lets somebody in, and returns the token.
    #[must_use]
    pub fn sign_in(&self, identity: Identity) -> String {
        let mut world = self.world();
        world.account(&identity.login);
        let kind = if identity.is_bot() { "ghs" } else { "ghp" };
        let token = format!("{kind}_{}{}", world.next(), identity.login.trim_end_matches("[bot]"));
        world.tokens.insert(token.clone(), identity);
        token
    }

    /// Makes an account without a token: people who are named.
    pub fn person(&self, login: &str) {
        self.world().account(login);
    }

    /// Installs an App at an owner. Its own token is one that says `iss: id`.
    pub fn install(&self, id: u64, slug: &str, owner: &str, access: Access) {
        let mut world = self.world();
        world.account(&format!("{slug}[bot]"));
        world.account(owner);
        let installation = world.next();
        let owner = owner.to_ascii_lowercase();
        match world.apps.iter_mut().find(|app| app.id == id) {
            Some(app) => drop(app.installations.insert(owner, installation)),
            None => {
                let installations = [(owner, installation)].into();
                world.apps.push(App { id, slug: slug.to_owned(), installations, access });
            }
        }
    }
}

fn gather(root: &Path, folder: &Path, into: &mut Vec<Change>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = {
            let entry = entry?;
            let path = entry.path();
            (entry, path)
        };
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != ".git" {
            gather(root, &path, into)?;
        } else if kind.is_file() || kind.is_symlink() {
            let (bytes, mode) = match kind.is_symlink() {
                true => (fs::read_link(&path)?.to_string_lossy().into_owned().into_bytes(), FileMode::Link),
                false if entry.metadata()?.permissions().mode() & 0o111 != 0 => {
                    (fs::read(&path)?, FileMode::BlobExecutable)
                }
                false => (fs::read(&path)?, FileMode::Blob),
            };
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            into.push((name, Some((bytes, mode))));
        }
    }
    Ok(())
}
