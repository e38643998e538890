//! Nothing: what every other program is larger than.
#![no_std]
#![no_main]

use lanewarden_no_std_link::program;

program!(run);

fn run() -> bool {
    true
}
