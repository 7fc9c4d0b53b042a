use super::{StoreReport, keeper::PassedOver};
use crate::{
    configuration::StoreInPlaceOf,
    token_store::{MemoryStore, StoreChoice, TokenStore},
};

impl StoreReport {
    /// The report of a store that was chosen in the place of the one that the user wants.
    pub(crate) fn in_place_of(mut self, instead: &StoreInPlaceOf, chosen: StoreChoice) -> Self {
        let passed_over = instead.passed_over.iter();
        let passed_over: Vec<_> = passed_over
            .map(|(store, reason)| PassedOver {
                store: *store,
                reason: (*reason).to_owned(),
                is_absent: true,
            })
            .collect();
        if chosen == StoreChoice::Memory {
            let reasons: Vec<_> = instead.passed_over.iter().map(|(_, why)| *why).collect();
            let memory = MemoryStore::new(&reasons.join("; "));
            memory.description().clone_into(&mut self.description);
        }
        self.wanted = instead.wanted.as_str();
        self.passed_over.splice(0..0, passed_over);
        self
    }
}
