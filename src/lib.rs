//! The shell of caulk: everything that reads, writes, asks or prints.
