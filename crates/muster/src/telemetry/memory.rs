//! The memory of this process, as the kernel counts it.

/// Bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    /// Held now.
    pub(super) resident: u64,
    /// The most that was ever held.
    pub(super) peak: u64,
}

impl Memory {
    /// Of this process; `None` where the kernel does not tell (it does on Linux).
    pub(super) fn read() -> Option<Memory> {
        Memory::parse(&std::fs::read_to_string("/proc/self/status").ok()?)
    }

    /// Reads `VmRSS` and `VmHWM` of proc_pid_status(5), which are in KiB.
    fn parse(status: &str) -> Option<Memory> {
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            kibibytes.checked_mul(1024)
        };
        Some(Memory { resident: bytes("VmRSS")?, peak: bytes("VmHWM")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let status = "Name:\tmuster\nVmHWM:\t   12345 kB\nVmRSS:\t     678 kB\n";
        assert_eq!(Memory::parse(status), Some(Memory { resident: 678 * 1024, peak: 12_345 * 1024 }));
        assert_eq!(Memory::parse("VmHWM:\t1 kB\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_some() {
        let memory = Memory::read().unwrap();
        assert!(0 < memory.resident && memory.resident <= memory.peak);
    }
}
