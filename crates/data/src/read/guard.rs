//! Damaged files must not take the program down: some make the libraries that read them panic.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::error::DataError;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

static QUIET_HOOK: Once = Once::new();

/// Runs `work` on bytes that nobody vouches for; a panic inside it becomes [`DataError::Damaged`], and
/// nothing is printed about it. What `work` was changing must not be used after an error.
pub(crate) fn guarded<T>(
    file: &str,
    format: &'static str,
    work: impl FnOnce() -> Result<T, DataError>,
) -> Result<T, DataError> {
    QUIET_HOOK.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                hook(info);
            }
        }));
    });
    let was_guarded = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(was_guarded);
    result.unwrap_or_else(|_| {
        let problem = "its parts contradict each other".to_owned();
        Err(DataError::Damaged { file: file.to_owned(), format, problem })
    })
}
