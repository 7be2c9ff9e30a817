//! Brings the comments of a pull request to what is wanted. A run that died, or two at the same time, leave nothing that the next
//! run does not put in order: it looks at what is there and not at what it remembers.

use anyhow::Result;

use super::{
    compose,
    marker::Marker,
    reconcile::{Actions, Existing, Resolver, Wanted, reconcile},
};
use crate::{
    github::{Attempt, Client, Error, Name, NewReviewComment, ReviewComment, Situation, Thread},
    sink::markdown::parts::counted,
};

/// A pull request whose comments are looked after.
#[derive(Debug)]
pub struct Desk<'a> {
    /// GitHub.
    pub client: &'a Client,
    /// The repository.
    pub repository: &'a Name,
    /// The number of the pull request.
    pub number: u64,
    /// Who asks.
    pub situation: Situation,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// How many comments were made.
    pub posted: usize,
    /// How many changed their text.
    pub updated: usize,
    /// How many conversations stand again.
    pub reopened: usize,
    /// How many conversations are over.
    pub resolved: usize,
    /// How many were as they should be.
    pub unchanged: usize,
    /// How many a person has resolved, so that they stay so.
    pub dismissed: usize,
    /// The places of wanted comments that GitHub did not take, with its words.
    pub refused: Vec<(usize, String)>,
}

/// How often what is there is looked at anew after an answer was lost.
const ATTEMPTS: usize = 3;

/// So many refusals without a single success are no matter of single comments.
const HOPELESS: usize = 8;

impl Desk<'_> {
    /// Compares what is wanted with what is there, and changes nothing.
    ///
    /// # Errors
    /// If GitHub refuses or does not answer.
    pub fn compare(&self, wanted: &[Wanted]) -> Result<Actions> {
        let existing =
            self.existing().map_err(|error| error.explained(Attempt::ReadPulls, self.situation))?;
        Ok(reconcile(wanted, &existing))
    }

    /// Makes, changes and resolves comments.
    ///
    /// # Errors
    /// If GitHub refuses all of it or does not answer. What single comments are refused for is part of the result.
    pub fn carry_out(&self, commit: &str, wanted: &[Wanted]) -> Result<Done> {
        let explained = |error: Error| error.explained(Attempt::Comment, self.situation);
        let mut done = Done::default();
        for attempt in 1..=ATTEMPTS {
            let mut actions = self.compare(wanted)?;
            actions.post.retain(|number| done.refused.iter().all(|(refused, _)| refused != number));
            match self.act(commit, wanted, &actions, &mut done) {
                Ok(()) => {
                    done.unchanged = actions.unchanged.len();
                    done.dismissed = actions.dismissed.len();
                    return Ok(done);
                }
                // It may have been carried out all the same, so what is there decides.
                Err(error) if error.is_uncertain() && attempt < ATTEMPTS => {}
                Err(error) => return Err(explained(error)),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Returns our comments that begin a conversation.
    fn existing(&self) -> Result<Vec<Existing>, Error> {
        let comments = self.client.review_comments(self.repository, self.number)?;
        let marked = comments.iter().filter(|comment| comment.in_reply_to_id.is_none());
        let marked: Vec<(&ReviewComment, Marker)> =
            marked.filter_map(|comment| Some((comment, Marker::of(&comment.body)?))).collect();
        if marked.is_empty() {
            return Ok(Vec::new());
        }
        let login = self.client.viewer()?.login;
        let threads = match self.client.review_threads(self.repository, self.number) {
            Ok(threads) => threads,
            // Without them nobody knows what is resolved; the comments themselves still tell what is said already.
            Err(Error::Graphql(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let ours = marked.into_iter().filter(|(comment, _)| {
            // Anybody can write our marker; the account is what counts.
            comment.user.as_ref().is_some_and(|user| user.is(&login))
        });
        Ok(ours.map(|(comment, marker)| existing(comment, marker, &threads, &login)).collect())
    }

    fn act(&self, commit: &str, wanted: &[Wanted], actions: &Actions, done: &mut Done) -> Result<(), Error> {
        self.post(commit, wanted, &actions.post, done)?;
        for (comment, number) in &actions.update {
            self.client.update_review_comment(self.repository, *comment, &wanted[*number].body)?;
            done.updated += 1;
        }
        for (existing, number) in &actions.reopen {
            self.client.update_review_comment(self.repository, existing.comment, &wanted[*number].body)?;
            if existing.resolved.is_some() {
                self.client.reopen_thread(&existing.thread)?;
            }
            done.reopened += 1;
        }
        for existing in &actions.resolve {
            self.resolve(existing)?;
            done.resolved += 1;
        }
        Ok(())
    }

    /// Makes comments in one review. GitHub takes all of them or none, so one that it does not take is looked for by halves.
    fn post(&self, commit: &str, wanted: &[Wanted], numbers: &[usize], done: &mut Done) -> Result<(), Error> {
        let Some(first) = numbers.first() else { return Ok(()) };
        if done.posted == 0 && done.refused.len() >= HOPELESS {
            let words = done.refused.last().map(|(_, words)| words.clone()).unwrap_or_default();
            done.refused.extend(numbers.iter().map(|number| (*number, words.clone())));
            return Ok(());
        }
        let comments: Vec<NewReviewComment> =
            numbers.iter().map(|number| comment(&wanted[*number])).collect();
        let body = format!(
            "caulk found {} to mend on the lines of this pull request. Kubernetes accepts them as they are, and they then fail at run time.",
            counted(comments.len(), "place")
        );
        match self.client.create_review(self.repository, self.number, commit, &body, &comments) {
            Ok(()) => done.posted += comments.len(),
            // This is about the number of requests, and more of them would not help.
            Err(error) if error.says("submitted too quickly") => return Err(error),
            Err(Error::Refused(refusal)) if refusal.status == 422 && numbers.len() == 1 => {
                done.refused.push((*first, refusal.message));
            }
            Err(Error::Refused(refusal)) if refusal.status == 422 => {
                let (left, right) = numbers.split_at(numbers.len() / 2);
                self.post(commit, wanted, left, done)?;
                self.post(commit, wanted, right, done)?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Ends a conversation. A token that may comment may not always resolve: then the comment itself says so.
    fn resolve(&self, existing: &Existing) -> Result<(), Error> {
        let resolved = match existing.thread.is_empty() {
            true => Err(Error::Graphql(Vec::new())),
            false => self.client.resolve_thread(&existing.thread),
        };
        match resolved {
            Err(Error::Graphql(_)) => {
                let body = compose::done(&existing.marker);
                self.client.update_review_comment(self.repository, existing.comment, &body)
            }
            other => other,
        }
    }
}

fn existing(comment: &ReviewComment, marker: Marker, threads: &[Thread], login: &str) -> Existing {
    let thread = threads.iter().find(|thread| thread.first == comment.node_id);
    // GitHub names people here, and nobody where an App did it.
    let resolver = |thread: &Thread| match &thread.resolved_by {
        Some(account) if !account.is(login) => Resolver::Person,
        _ => Resolver::Caulk,
    };
    Existing {
        thread: thread.map(|thread| thread.id.clone()).unwrap_or_default(),
        comment: comment.id,
        marker,
        path: comment.path.clone(),
        lines: comment.line.map(|last| (comment.start_line.unwrap_or(last), last)),
        resolved: thread.filter(|thread| thread.resolved).map(resolver),
    }
}

fn comment(wanted: &Wanted) -> NewReviewComment {
    let several = wanted.first < wanted.last;
    NewReviewComment {
        path: wanted.path.clone(),
        line: wanted.last,
        side: "RIGHT",
        start_line: several.then_some(wanted.first),
        start_side: several.then_some("RIGHT"),
        body: wanted.body.clone(),
    }
}
