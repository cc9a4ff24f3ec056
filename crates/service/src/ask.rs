//! Questions to the partitions while they run: previews, searches and values.
//!
//! Each partition answers in its turns, on its own thread, so that what it says is one moment's truth; the answers are
//! put together here. Nothing is changed by asking. A question about a rule takes a part of many turns, of each no
//! more than a slice of a synchronisation does; a page of values is put together at once.

use crate::Service;
use crate::progress::{Elsewhere, Progress};
use crate::shared::Shared;
use crate::stop::Stop;
use muster_directory::{GroupId, Instant, MembershipChange, ObjectId, ObjectKind, Rejection, Tenant};
use muster_engine::{
    Against, Catalog, Comparison, Draft, FoundPage, Inquiry, Partition, Preview, ValuesPage, ValuesQuestion,
};
use muster_rule::{Attribute, Checked, Dialect, Rule, Schema};
use std::collections::VecDeque;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

/// A partition that is busy for longer than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stop is noticed after that at the latest.
const POLL: Duration = Duration::from_millis(50);

/// Goes on with an answer; whether it is given.
type Question = Box<dyn FnMut(&mut Partition, &Catalog) -> Given + Send>;

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Whole,
    Part,
}

/// So many values are looked at in one turn of a partition.
const VALUES: usize = 16_384;

/// What each partition is still to answer.
pub(crate) struct Questions(Vec<Mutex<VecDeque<Question>>>);

/// A rule that is asked about.
#[derive(Clone, Debug)]
pub struct RuleQuestion {
    /// Whose objects.
    pub tenant: Tenant,
    /// Its text.
    pub rule: String,
    /// What it is held to; the service's own where it is not said.
    pub dialect: Option<Dialect>,
    /// The group whose present members count; for a preview.
    pub group: Option<GroupId>,
    /// What `system.now` is; otherwise the service's clock.
    pub now: Option<Instant>,
}

/// Who would join or leave, sorted by id.
pub type Changes = Vec<(ObjectId, MembershipChange)>;

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The rule is none; the diagnostics say why.
    #[error("the rule is not valid")]
    InvalidRule(Box<Checked>),
    /// There is no such group.
    #[error("there is no group `{0}`")]
    UnknownGroup(GroupId),
    /// Saving the rule would be refused.
    #[error("{}", .0.message)]
    Refused(Rejection),
    /// Some partitions are other instances', and this one cannot answer for them.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// A partition does not answer.
    #[error("a partition does not answer: it is being restored, is very busy, or has stopped; try again")]
    Unanswered,
}

impl Questions {
    pub(crate) fn new(partitions: u32) -> Questions {
        Questions((0..partitions).map(|_| Mutex::default()).collect())
    }

    /// Goes on with one of the answers that this partition owes; whether it owes any after that.
    pub(crate) fn answer(&self, number: u32, partition: &mut Partition, catalog: &Catalog) -> bool {
        let Some(queue) = self.0.get(number as usize) else { return false };
        let locked = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut question) = locked().pop_front() else { return false };
        let given = question(partition, catalog);
        let mut queue = locked();
        if given == Given::Part {
            // The others have their turn.
            queue.push_back(question);
        }
        !queue.is_empty()
    }

    /// Nobody answers for this partition any more.
    pub(crate) fn drop_all(&self, number: u32) {
        if let Some(queue) = self.0.get(number as usize) {
            queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Asks every partition something that is answered at once; the answers in the order they come.
    fn ask<T: Send + 'static>(
        &self,
        progress: &Progress,
        question: impl Fn(&Partition, &Catalog) -> T + Send + Sync + 'static,
    ) -> Result<Vec<T>, AskError> {
        let question = Arc::new(question);
        let make = || {
            let question = Arc::clone(&question);
            move |partition: &mut Partition, catalog: &Catalog| Some(question(partition, catalog))
        };
        self.ask_until(progress, (PATIENCE, &Stop::default()), make)
    }

    /// Asks every partition what a rule would do; what `answer` makes of each comparison.
    pub(crate) fn inquire<T: Send + 'static>(
        &self,
        progress: &Progress,
        waiting: (Duration, &Stop),
        (draft, rule, against): (Draft<'_>, &Arc<Rule>, Against),
        answer: impl Fn(&Comparison<'_>) -> T + Send + Sync + 'static,
    ) -> Result<Vec<T>, AskError> {
        let answer = Arc::new(answer);
        self.ask_until(progress, waiting, || {
            let mut inquiry = Inquiry::new(draft, Arc::clone(rule), against);
            let answer = Arc::clone(&answer);
            move |partition: &mut Partition, catalog: &Catalog| {
                partition.proceed(catalog, &mut inquiry, VALUES).map(|comparison| answer(&comparison))
            }
        })
    }

    /// Asks every partition, for so long or until a stop is requested. A question is asked until it has an answer,
    /// which may come after all patience.
    fn ask_until<T: Send + 'static, Q>(
        &self,
        progress: &Progress,
        (patience, stop): (Duration, &Stop),
        make: impl Fn() -> Q,
    ) -> Result<Vec<T>, AskError>
    where
        Q: FnMut(&mut Partition, &Catalog) -> Option<T> + Send + 'static,
    {
        if let Some(elsewhere) = progress.elsewhere() {
            return Err(elsewhere.into());
        }
        let (answers, answered) = channel();
        for queue in &self.0 {
            let (mut question, answers) = (make(), answers.clone());
            let ask: Question = Box::new(move |partition, catalog| {
                let Some(answer) = question(partition, catalog) else { return Given::Part };
                // Whoever asked may have lost patience.
                let _ = answers.send(answer);
                Given::Whole
            });
            queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(ask);
        }
        drop(answers);
        let deadline = Moment::now() + patience;
        let mut found = Vec::with_capacity(self.0.len());
        while found.len() < self.0.len() {
            match answered.recv_timeout(POLL) {
                Ok(answer) => found.push(answer),
                Err(RecvTimeoutError::Timeout) if Moment::now() < deadline && !stop.is_requested() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(AskError::Unanswered);
                }
            }
        }
        Ok(found)
    }
}

impl Service {
    /// What the rule would do to the group, or to nobody's group, with at most so many samples; with
    /// `everybody` also who would join or leave.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn preview(
        &self,
        question: RuleQuestion,
        samples: usize,
        everybody: Everybody,
    ) -> Result<(Preview, Changes), AskError> {
        let shared = self.shared();
        let (rule, now) = prepare(shared, &question)?;
        let RuleQuestion { tenant, group, .. } = &question;
        let draft = Draft { tenant, group: group.as_ref(), rule: &rule, now: Some(now) };
        let asked = (draft, &rule, Against::Stored);
        let answers = shared.questions.inquire(
            &shared.progress,
            (PATIENCE, &Stop::default()),
            asked,
            move |comparison| {
                let changes: Changes = match everybody {
                    Everybody::Counted => Changes::new(),
                    Everybody::Listed => {
                        comparison.changes().map(|(id, change)| (id.clone(), change)).collect()
                    }
                };
                (comparison.preview(samples), changes)
            },
        )?;
        let (mut preview, mut changes) = (Preview::default(), Changes::new());
        for (of, more) in answers {
            preview.merge(of, samples);
            changes.extend(more);
        }
        changes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok((preview, changes))
    }

    /// The objects that the rule selects: those whose id comes after `after`, at most `limit`.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn find(
        &self,
        question: RuleQuestion,
        after: Option<String>,
        limit: usize,
    ) -> Result<FoundPage, AskError> {
        let shared = self.shared();
        let (rule, now) = prepare(shared, &question)?;
        let draft = Draft { tenant: &question.tenant, group: None, rule: &rule, now: Some(now) };
        let asked = (draft, &rule, Against::Stored);
        let answers = shared.questions.inquire(
            &shared.progress,
            (PATIENCE, &Stop::default()),
            asked,
            move |comparison| comparison.joining(after.as_deref(), limit),
        )?;
        let mut page = FoundPage::default();
        answers.into_iter().for_each(|of| page.merge(of, limit));
        Ok(page)
    }

    /// The values of an attribute: those that begin with `prefix` and come after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`AskError::Unanswered`].
    pub fn values(&self, wanted: WantedValues) -> Result<ValuesPage, AskError> {
        let limit = wanted.limit;
        let answers = self.shared().questions.ask(&self.shared().progress, move |partition, _| {
            partition.values(&ValuesQuestion {
                tenant: &wanted.tenant,
                kind: wanted.kind,
                attribute: &wanted.attribute,
                prefix: &wanted.prefix,
                after: wanted.after.as_deref(),
                limit: wanted.limit,
            })
        })?;
        let mut page = ValuesPage::default();
        answers.into_iter().for_each(|of| page.merge(of, limit));
        Ok(page)
    }

    /// The attributes that a tenant declares.
    #[must_use]
    pub fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        Arc::clone(self.shared().catalog().tenant(tenant).schema())
    }
}

/// Whether a preview names everybody who would join or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Everybody {
    /// Counts and samples only.
    Counted,
    /// Everybody.
    Listed,
}

/// Which values are asked for: see [`ValuesQuestion`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the same as of `ValuesQuestion`")]
pub struct WantedValues {
    pub tenant: Tenant,
    pub kind: ObjectKind,
    pub attribute: Attribute,
    pub prefix: String,
    pub after: Option<String>,
    pub limit: usize,
}

/// The rule, checked as saving it would check it, and the time it is asked about.
fn prepare(shared: &Shared, question: &RuleQuestion) -> Result<(Arc<Rule>, Instant), AskError> {
    let catalog = shared.catalog();
    let tenant = catalog.tenant(&question.tenant);
    let dialect = question.dialect.unwrap_or(shared.options.dialect);
    let mut checked = muster_rule::check(&question.rule, dialect, tenant.schema());
    let Some(rule) = checked.rule.take() else { return Err(AskError::InvalidRule(Box::new(checked))) };
    if let Some(group) = &question.group {
        if tenant.group(group).is_none() {
            return Err(AskError::UnknownGroup(group.clone()));
        }
        if let Some(refusal) = tenant.cycle_with(group, &rule) {
            return Err(AskError::Refused(refusal));
        }
    }
    Ok((Arc::new(rule), question.now.unwrap_or_else(|| shared.clock.now())))
}
