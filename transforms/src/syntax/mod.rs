//! YAML documents with byte-exact spans.
