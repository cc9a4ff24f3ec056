//! The log as a take-over sees it, with a chance for everybody else at each look.

use super::broker::{Tombstones, Transaction, Writer};
use super::protection::Protection;
use super::task::{CHANGES, Network, Surroundings, stored};
use muster_engine::publisher::WriteFailure;
use muster_engine::storage::{Marker, Positions, RecordImage, StorageError};
use muster_engine::takeover::{Evidence, Ground};

/// One partition of the broker, with a writer.
pub(super) struct BrokerGround<'a, 'b> {
    pub(super) around: &'a mut Surroundings<'b>,
    pub(super) writer: Writer,
    pub(super) number: usize,
}

/// What goes wrong in a take-over.
#[derive(Debug)]
pub(super) enum GroundError {
    Storage(StorageError),
    Write(WriteFailure),
}

impl From<StorageError> for GroundError {
    fn from(error: StorageError) -> GroundError {
        GroundError::Storage(error)
    }
}

impl BrokerGround<'_, '_> {
    /// What others do meanwhile, and the end of the process, if it is to end here.
    fn meanwhile(&mut self) -> Result<(), GroundError> {
        let Surroundings { broker, random, network, disk, .. } = &mut *self.around;
        if *network == Network::Rough {
            match random.below(60) {
                0 => drop(broker.make_writer(self.number)),
                1 => broker.crash(random),
                2..5 => broker.compact(self.number, Tombstones::Young),
                5..8 => drop(broker.deliver_late()),
                _ => {}
            }
        }
        Ok(disk.burn()?)
    }
}

impl Ground for BrokerGround<'_, '_> {
    type Error = GroundError;

    fn evidence(&mut self) -> Result<Evidence, GroundError> {
        self.meanwhile()?;
        Ok(self.around.broker.evidence(self.number))
    }

    fn beginning(&mut self) -> Result<Positions, GroundError> {
        self.meanwhile()?;
        Ok(Positions::from([(CHANGES.to_owned(), 0)]))
    }

    fn replay(
        &mut self,
        through: &Marker,
        put: &mut dyn FnMut(&[RecordImage]) -> Result<(), StorageError>,
    ) -> Result<(), GroundError> {
        let catches_up = self.around.without == Some(Protection::WipeBeforeRestore);
        let mut from = if catches_up { self.around.disk.position(stored(self.number)) } else { 0 };
        loop {
            self.meanwhile()?;
            let (offsets, images): (Vec<u64>, Vec<RecordImage>) =
                self.around.broker.images_from(self.number, from).take(3).cloned().unzip();
            let Some(last) = offsets.last() else { break };
            from = last + 1;
            put(&images)?;
        }
        if self.around.broker.marker(self.number) == Some(through) {
            return Ok(());
        }
        // Somebody else went on.
        Err(GroundError::Write(WriteFailure::Doubtful))
    }

    fn claim(&mut self, marker: &Marker) -> Result<(), GroundError> {
        self.meanwhile()?;
        let synced = self.around.disk.synced_entry(stored(self.number));
        let claim = Transaction { marker: Some(marker.clone()), synced, ..Transaction::default() };
        self.around.broker.send(self.writer, claim).map_err(GroundError::Write)?;
        self.meanwhile()?;
        let fate = self.around.fate();
        self.around.broker.commit(self.writer, fate).map_err(GroundError::Write)?;
        self.meanwhile()?;
        // Only what was read back is ours: what the writer was told may be undone.
        self.around.broker.show(self.number);
        if self.around.broker.marker(self.number) == Some(marker) {
            return Ok(());
        }
        Err(GroundError::Write(WriteFailure::Doubtful))
    }
}
