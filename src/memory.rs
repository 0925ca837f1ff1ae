//! Memory that large values have taken, and that nobody uses any more.

/// From here on a value counts as large, in bytes.
const LARGE: usize = 1024 * 1024;

/// Has the system get back what was freed, when something of so many bytes has been worked on: in text, compressed and in
/// a command at once, it leaves several times as much in the heap of each thread, and glibc keeps that for itself. In the
/// background.
pub(crate) fn give_back_after(bytes: usize) {
    if bytes >= LARGE {
        tokio::task::spawn_blocking(give_back);
    }
}

/// Has the system get back what was freed, by whatever part of the process. Takes a millisecond or two. Other systems give
/// back large pieces on their own.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: nothing but memory that is free is touched.
    unsafe {
        libc::malloc_trim(0);
    }
}
