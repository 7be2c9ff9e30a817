//! What is wanted beside what is there already: new, unchanged, changed, outdated or mended comments.

use super::marker::Marker;

/// A comment that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The file.
    pub path: String,
    /// The first line, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
    /// The whole text, with its marker.
    pub body: String,
    /// What its marker says.
    pub marker: Marker,
}

/// A comment of ours that begins a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The thread, as GraphQL names it.
    pub thread: String,
    /// The comment, as REST names it.
    pub comment: u64,
    /// What its marker says.
    pub marker: Marker,
    /// The file.
    pub path: String,
    /// The lines that it stands at now; `None` if they are not in the pull request any more.
    pub lines: Option<(u32, u32)>,
    /// Who resolved it.
    pub resolved: Option<Resolver>,
}

/// Who resolved a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolver {
    /// Caulk did, because its reason was gone.
    Caulk,
    /// A person did, who wants to hear no more of it.
    Person,
}

/// What is to be done. Numbers are places in the list of what is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    /// Comments to be made.
    pub post: Vec<usize>,
    /// Comments whose text changes.
    pub update: Vec<(u64, usize)>,
    /// Threads that stand again, with their comments.
    pub reopen: Vec<(Existing, usize)>,
    /// Threads whose reason is gone, or that stand elsewhere now.
    pub resolve: Vec<Existing>,
    /// Wanted comments that are there as they should be.
    pub unchanged: Vec<usize>,
    /// Wanted comments that a person has resolved.
    pub dismissed: Vec<usize>,
}

/// Compares what is wanted with what is there.
#[must_use]
pub fn reconcile(wanted: &[Wanted], existing: &[Existing]) -> Actions {
    let mut actions = Actions::default();
    let mut kept: Vec<u64> = Vec::new();
    for (number, want) in wanted.iter().enumerate() {
        let same = || existing.iter().filter(|there| there.marker.key == want.marker.key);
        let stands =
            |there: &&Existing| there.path == want.path && there.lines == Some((want.first, want.last));
        let says = |there: &&Existing| there.marker.content == want.marker.content;
        if let Some(open) =
            same().filter(|there| there.is_open()).filter(stands).max_by_key(|there| says(there))
        {
            kept.push(open.comment);
            match says(&open) {
                true => actions.unchanged.push(number),
                false => actions.update.push((open.comment, number)),
            }
        } else if same().filter(|there| there.resolved == Some(Resolver::Person)).any(|there| says(&there)) {
            actions.dismissed.push(number);
        } else if let Some(closed) = same()
            .filter(|there| there.resolved != Some(Resolver::Person))
            .filter(stands)
            .find(|there| !there.is_open())
        {
            kept.push(closed.comment);
            actions.reopen.push((closed.clone(), number));
        } else {
            actions.post.push(number);
        }
    }
    let gone = existing.iter().filter(|there| there.is_open() && !kept.contains(&there.comment));
    actions.resolve = gone.cloned().collect();
    actions
}

impl Existing {
    fn is_open(&self) -> bool {
        self.resolved.is_none() && !self.marker.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::marker::name;

    fn wanted(key: &str, content: &str, line: u32) -> Wanted {
        let marker = Marker { key: name([key]), content: name([content]), done: false };
        Wanted { path: "a.yaml".into(), first: line, last: line, body: String::new(), marker }
    }

    fn existing(comment: u64, key: &str, content: &str, line: Option<u32>) -> Existing {
        let Wanted { path, marker, .. } = wanted(key, content, 1);
        let lines = line.map(|line| (line, line));
        Existing { thread: format!("T{comment}"), comment, marker, path, lines, resolved: None }
    }

    #[test]
    fn each_state_has_its_action() {
        let resolved = |by, there: Existing| Existing { resolved: Some(by), ..there };
        let done = |mut there: Existing| {
            there.marker.done = true;
            there
        };
        let want = [wanted("k", "c", 5)];
        let act = |there: &[Existing]| reconcile(&want, there);

        assert_eq!(act(&[]).post, [0]);
        assert_eq!(
            act(&[existing(1, "k", "c", Some(5))]),
            Actions { unchanged: vec![0], ..Actions::default() }
        );
        assert_eq!(
            act(&[existing(1, "k", "d", Some(5))]),
            Actions { update: vec![(1, 0)], ..Actions::default() }
        );

        // Outdated, moved, or another finding's: the old one goes, and a new one comes where it belongs.
        for there in
            [existing(1, "k", "c", None), existing(1, "k", "c", Some(6)), existing(1, "x", "c", Some(5))]
        {
            let resolve = vec![there.clone()];
            assert_eq!(act(&[there]), Actions { post: vec![0], resolve, ..Actions::default() });
        }

        // A person's word counts until there is something new to say.
        let dismissed = resolved(Resolver::Person, existing(1, "k", "c", None));
        assert_eq!(act(&[dismissed]), Actions { dismissed: vec![0], ..Actions::default() });
        let other = resolved(Resolver::Person, existing(1, "k", "d", Some(5)));
        assert_eq!(act(&[other]), Actions { post: vec![0], ..Actions::default() });

        for closed in
            [resolved(Resolver::Caulk, existing(1, "k", "c", Some(5))), done(existing(1, "k", "c", Some(5)))]
        {
            let reopen = vec![(closed.clone(), 0)];
            assert_eq!(act(&[closed]), Actions { reopen, ..Actions::default() });
        }
    }

    #[test]
    fn of_duplicates_one_stays_and_a_second_run_has_nothing_to_do() {
        let want = [wanted("k", "c", 5), wanted("l", "c", 7)];
        let there =
            [existing(1, "k", "d", Some(5)), existing(2, "k", "c", Some(5)), existing(3, "l", "c", Some(7))];
        let actions = reconcile(&want, &there);
        assert_eq!(actions.unchanged, [0, 1]);
        assert_eq!(actions.resolve, there[..1]);
        let then = [there[1].clone(), there[2].clone()];
        assert_eq!(reconcile(&want, &then), Actions { unchanged: vec![0, 1], ..Actions::default() });
        assert_eq!(reconcile(&[], &then).resolve, then);
    }
}
