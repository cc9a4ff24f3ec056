//! Names of tenants, objects and groups. A value of these types is valid by construction.

use crate::{Rejection, RejectionCode};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The longest id, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 256;

fn validate(what: &str, text: &str, slash_allowed: bool) -> Result<(), Rejection> {
    let refuse = |reason: &str| Err(Rejection::new(RejectionCode::InvalidId, format!("{what} {reason}")));
    if text.is_empty() {
        return refuse("is empty: give it 1 to 256 bytes");
    }
    if text.len() > MAX_ID_BYTES {
        return refuse(&format!("has {} bytes: shorten it to at most {MAX_ID_BYTES}", text.len()));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return refuse(&format!("holds the control character U+{:04X}: remove it", u32::from(control)));
    }
    if !slash_allowed && text.contains('/') {
        return refuse(&format!("`{text}` holds a `/`, which group ids must not: choose another"));
    }
    Ok(())
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, slash: $slash:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// # Errors
            /// `invalid-id` when `text` is empty, longer than [`MAX_ID_BYTES`] or holds a character
            /// that such ids must not.
            pub fn new(text: &str) -> Result<$name, Rejection> {
                validate($what, text, $slash)?;
                Ok($name(Arc::from(text)))
            }

            /// The id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

id_type! {
    /// An isolation boundary: objects, groups and schema of one tenant never meet another's.
    Tenant, "the tenant", slash: true
}
id_type! {
    /// The id of a user or device within its tenant; compared byte for byte.
    ObjectId, "the id", slash: true
}
id_type! {
    /// The id of a group within its tenant; compared byte for byte, but no two ids of one tenant
    /// may differ only in case (L38).
    GroupId, "the group id", slash: false
}

id_type! {
    /// The id of a product that licences are for (Microsoft Graph's `skuId`); compared byte for byte.
    SkuId, "the product's id", slash: true
}
id_type! {
    /// The id of a service within products (Microsoft Graph's `servicePlanId`); compared byte for byte.
    PlanId, "the service plan's id", slash: true
}

impl Default for Tenant {
    /// The tenant of events that name none.
    fn default() -> Tenant {
        Tenant(Arc::from("default"))
    }
}

impl GroupId {
    /// The form in which rules compare group ids: after simple case folding.
    #[must_use]
    pub fn folded(&self) -> Arc<str> {
        match muster_rule::fold::fold(&self.0) {
            std::borrow::Cow::Borrowed(_) => Arc::clone(&self.0),
            std::borrow::Cow::Owned(folded) => Arc::from(folded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        assert!(ObjectId::new("a/b").is_ok());
        assert!(ObjectId::new(&"x".repeat(256)).is_ok());
        for bad in ["", "a\u{1f}b", "a\nb", &"x".repeat(257)] {
            assert_eq!(ObjectId::new(bad).unwrap_err().code, RejectionCode::InvalidId);
        }
        assert!(GroupId::new("a/b").is_err());
    }
}
