//! What a program without std begins and ends with.

/// Makes a program of a function that takes nothing and gives a `bool`: an entry, and an end for what panics.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        // Copying and comparing memory is the C library's where there is one.
        #[cfg(not(target_os = "none"))]
        #[link(name = "c")]
        unsafe extern "C" {}

        /// The entry: what the C library calls.
        #[cfg(not(target_os = "none"))]
        #[unsafe(no_mangle)]
        pub extern "C" fn main() -> i32 {
            i32::from(!$run())
        }

        /// The entry: what a machine begins with.
        #[cfg(target_os = "none")]
        #[unsafe(no_mangle)]
        pub extern "C" fn _start() -> ! {
            core::hint::black_box($run());
            loop {}
        }

        #[panic_handler]
        fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
            loop {}
        }
    };
}
