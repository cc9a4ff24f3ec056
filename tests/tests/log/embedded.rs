//! What only the embedded log can show.
