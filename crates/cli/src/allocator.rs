//! Where memory comes from.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, which the bindings have no name for.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Keeps freed pages for a second rather than for 10 ms before they go back to the system: passes over large data free
/// and take the same megabytes again and again, and a page that comes back has to be cleared first. That was a fifth of
/// the time of a pass over ten million rows; what is resident at most does not change.
#[allow(unsafe_code, reason = "the allocator's option can be set through its C interface only")]
pub(crate) fn keep_freed_pages() {
    // SAFETY: sets a number in the allocator's table of options; an option it does not know is ignored.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 1_000) };
}
