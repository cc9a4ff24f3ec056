//! Time, and confirmations: kept seats go.

use crate::tenant::TenantState;
use muster_directory::{Instant, Rejection, RejectionCode};

impl TenantState {
    /// When the next kept seat goes.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.expiries.first().map(|(instant, _, _)| *instant)
    }

    /// Seats that are kept no longer than until `now` are to go.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(&(instant, user, sku)) = self.expiries.first()
            && instant <= now
        {
            self.touch(user, 0);
            self.end_keeping(user, sku);
            self.event.due.insert((user, sku));
        }
    }

    /// Seats that the removal of this number would have taken are to go.
    ///
    /// # Errors
    /// `unknown-removal`.
    pub(crate) fn confirm(&mut self, number: u64) -> Result<(), Rejection> {
        let Some(seats) = self.unconfirmed.get(&number) else {
            let known: Vec<String> = self.unconfirmed.keys().map(|number| format!("`{number}`")).collect();
            let known = match known.as_slice() {
                [] => "none is held".to_owned(),
                known => format!("held: {}", known.join(", ")),
            };
            let message = format!("no removal `{number}` is held ({known})");
            return Err(Rejection::new(RejectionCode::UnknownRemoval, message));
        };
        for (user, sku) in seats.clone() {
            self.touch(user, 0);
            self.end_keeping(user, sku);
            self.event.confirmed.insert((user, sku));
        }
        Ok(())
    }
}
