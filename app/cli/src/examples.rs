//! What `--help` and the man pages show of each verb beside its options: examples and exit status.

use clap::{Command, CommandFactory};

use crate::args::Arguments;

/// A command line and what it is for.
pub type Example = (&'static str, &'static str);

/// The codes and what they mean.
pub const EXIT_STATUS: [(u8, &str); 10] = [
    (0, "all went well"),
    (1, "failure"),
    (2, "usage"),
    (3, "not found"),
    (4, "no permission, or kernel lockdown"),
    (5, "verification failed"),
    (6, "refused by policy"),
    (7, "device timeout, or its mailbox is dead"),
    (8, "busy: someone else uses it"),
    (9, "the peer broke the protocol, or a file is not what it should be"),
];

/// Which code a verb on many devices gives.
pub const OF_MANY: &str = "Where many devices were asked: the first that applies of 9, 5, 6, 7, 8, 4, 0. list and \
                           topology show what there is and say what is missing; that is no failure of theirs.";

/// The examples of a verb, by the words that lead to it.
pub fn of(words: &str) -> &'static [Example] {
    match words {
        "lanewarden" => &[
            (
                "lanewarden --host sim attest --all",
                "who can prove who they are, on the built-in emulated machine",
            ),
            ("lanewarden --host sim list", "look around on it"),
            ("lanewarden list", "the machine you are on; root sees more"),
            ("lanewarden cxl paths --json", "latency and bandwidth to each CXL memory"),
            ("lanewarden topology --svg machine.svg", "a picture of all that"),
        ],
        "lanewarden list" => &[
            ("lanewarden list", "every function, its mailboxes, and the path to each memory"),
            (
                "lanewarden --host sim:rack.toml list --json",
                "the machine that a file describes, for a program",
            ),
        ],
        "lanewarden show" => &[
            ("lanewarden show 0d:00.0", "one function, decoded"),
            ("lanewarden show mem0", "the one that the kernel's CXL core calls mem0"),
            ("lanewarden show 0d:00.0 -vv", "with every flag, and configuration space in hexadecimal"),
        ],
        "lanewarden topology" => &[
            ("lanewarden topology --svg machine.svg", "draw the machine"),
            ("lanewarden topology --json", "the tree for a program"),
        ],
        "lanewarden doe" => &[("lanewarden doe discover", "every mailbox and what it speaks")],
        "lanewarden doe discover" => &[
            ("lanewarden doe discover", "every mailbox"),
            ("lanewarden doe discover 0d:00.0 -v", "those of one function, with their statistics"),
            (
                "lanewarden --host sim --events events.jsonl doe discover",
                "with every access to the emulated machine",
            ),
        ],
        "lanewarden doe exchange" => &[
            (
                "lanewarden doe exchange 0d:00.0 --protocol 0001:00 --hex 00000000",
                "the first entry of the discovery list",
            ),
            (
                "lanewarden doe exchange 0d:00.0 --protocol 1e98:02 --file request.bin --output answer.bin",
                "a request from a file, the answer into another",
            ),
            (
                "lanewarden doe exchange 0d:00.0 --protocol 1e98:02 --hex 00 --dry-run",
                "what would be sent, and where",
            ),
        ],
        "lanewarden doe claim" => &[
            ("lanewarden doe claim 0d:00.0", "the mailbox of one function, until Ctrl-C"),
            ("lanewarden doe claim 0d:00.0 --mailbox 190 --for 30s", "one of several, for half a minute"),
            ("lanewarden doe claim 0d:00.0 --detach", "away from everybody else, for debugging"),
        ],
        "lanewarden doe release" => &[
            ("lanewarden doe release 0d:00.0", "take it from whoever has claimed it"),
            ("lanewarden doe release 0d:00.0 --dry-run", "show who that is"),
        ],
        "lanewarden status" => &[
            ("lanewarden status", "who uses which mailbox at this moment"),
            ("lanewarden status -v", "with the mailboxes that nobody uses"),
            ("lanewarden --socket /tmp/socket status --json", "of a daemon of your own, for a program"),
        ],
        "lanewarden monitor" => &[
            ("lanewarden monitor", "what happens from now on, until Ctrl-C"),
            ("lanewarden monitor --json", "the same for a program, an object in each line"),
        ],
        "lanewarden spdm keep" => {
            &[("lanewarden spdm keep 41:00.0", "open a session; other programs use it by its key")]
        }
        "lanewarden spdm kept" => &[
            ("lanewarden spdm kept", "the sessions that the daemon keeps"),
            ("lanewarden spdm kept 172908339 request 13e80000", "HEARTBEAT in one of them, byte for byte"),
            ("lanewarden spdm kept 172908339 end", "end it; so does `keyctl revoke 172908339`"),
        ],
        "lanewarden daemon" => &[
            ("lanewarden daemon", "as the service manager starts it, on the machine you are on"),
            (
                "lanewarden --host sim --socket /tmp/socket daemon",
                "a daemon of your own on the built-in emulated machine, until Ctrl-C",
            ),
        ],
        "lanewarden attest" => &[
            (
                "lanewarden attest --all --anchors anchors",
                "every device that speaks SPDM, under the roots in a folder",
            ),
            ("lanewarden attest 41:00.0 -v", "one device, with its certificates and measurements"),
            ("lanewarden attest 41:00.0 --session", "and what it runs asked in a session"),
            (
                "lanewarden attest 41:00.0 --anchors anchors --evidence evidence",
                "and keep what it has shown, for others to verify",
            ),
            (
                "lanewarden attest --connect 127.0.0.1:2323 --transport mctp --pcap attest.pcap",
                "a responder behind a socket, with a capture of what is said",
            ),
        ],
        "lanewarden verify" => &[
            (
                "lanewarden verify evidence --anchors anchors",
                "what the device has shown, under roots of your own",
            ),
            (
                "lanewarden verify evidence --anchors anchors --nonce \
                 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "and whether it was made for your nonce",
            ),
        ],
        "lanewarden decode" => &[
            ("lanewarden decode attest.pcap", "a message a line"),
            ("lanewarden decode attest.pcap -v", "with the fields of each"),
            ("lanewarden decode session.pcap --keylog session.keys", "and what was said in its sessions"),
        ],
        "lanewarden respond" => &[
            ("lanewarden respond --identity device --make", "make a test identity, and be a device with it"),
            (
                "lanewarden respond --identity device --transport tcp --listen 127.0.0.1:4194",
                "over TCP (DSP0287)",
            ),
            (
                "lanewarden respond --identity device --psk drive:drive.key --mutual hosts",
                "with a pre-shared key, and keys exchanged with hosts alone that have a certificate",
            ),
        ],
        "lanewarden spdm" => &[("lanewarden spdm certs 41:00.0", "the certificates of a device")],
        "lanewarden spdm certs" => &[
            ("lanewarden spdm certs 41:00.0", "the certificates in all slots"),
            ("lanewarden spdm certs 41:00.0 --slot 0 --pem chain.pem", "one chain, for openssl"),
        ],
        "lanewarden spdm measurements" => &[
            ("lanewarden spdm measurements 41:00.0", "what the device says it runs; attest has it signed"),
            ("lanewarden spdm measurements 41:00.0 --index 2 --raw", "one of them, as it was measured"),
        ],
        "lanewarden spdm request" => &[
            ("lanewarden spdm request 41:00.0 --hex 13810000", "GET_DIGESTS, byte for byte"),
            ("lanewarden spdm request 41:00.0 --hex 13810000 --dry-run", "what would be sent"),
        ],
        "lanewarden spdm session" => &[
            ("lanewarden spdm session 41:00.0 --anchors anchors", "open one, see what was agreed on, end it"),
            (
                "lanewarden spdm session 41:00.0 measurements update-keys measurements",
                "measurements under two sets of keys",
            ),
            (
                "lanewarden spdm session 41:00.0 --psk drive:drive.key --keep 1m",
                "with a pre-shared key, kept alive for a minute",
            ),
            (
                "lanewarden spdm session --connect 127.0.0.1:2323 --identity host request 13e80000",
                "with a responder behind a socket, which may ask who this side is; HEARTBEAT, byte for byte",
            ),
        ],
        "lanewarden cxl" => &[("lanewarden cxl paths", "how far and how wide the path to each memory is")],
        "lanewarden cxl cdat" => &[
            ("lanewarden cxl cdat 0f:00.0", "a memory's table"),
            ("lanewarden cxl cdat 0f:00.0 --raw table.bin", "its bytes, into a file"),
            ("lanewarden --host vfio:0f:00.0 cxl cdat 0f:00.0", "of a memory that is bound to vfio-pci"),
            ("lanewarden cxl cdat --from /sys/bus/cxl/devices/endpoint3/CDAT", "the kernel's copy"),
        ],
        "lanewarden cxl paths" => &[
            ("lanewarden cxl paths", "the figures of every memory, and the hop that limits them"),
            ("lanewarden cxl paths mem0 -v", "hop by hop to one of them"),
        ],
        "lanewarden vfio" => {
            &[("lanewarden vfio low-power watch 41:00.0", "let a device sleep, and see when it is woken")]
        }
        "lanewarden vfio bind" => &[
            (
                "lanewarden vfio bind 41:00.0 --dry-run",
                "what would be written, and what stands on the device",
            ),
            ("lanewarden vfio bind 41:00.0", "take it from its driver and give it to vfio-pci"),
        ],
        "lanewarden vfio unbind" => &[("lanewarden vfio unbind 41:00.0", "give it back to its driver")],
        "lanewarden vfio low-power" => &[
            ("lanewarden vfio low-power probe 41:00.0", "whether the kernel can do it"),
            (
                "lanewarden vfio low-power enter 41:00.0 --wakeup",
                "let the device sleep until someone uses it",
            ),
        ],
        "lanewarden vfio low-power probe" => &[(
            "lanewarden vfio low-power probe 41:00.0 --json",
            "the features of the kernel's driver, for a program",
        )],
        "lanewarden vfio low-power enter" => &[
            ("lanewarden vfio low-power enter 41:00.0", "let the device sleep as long as this runs"),
            (
                "lanewarden vfio low-power enter 41:00.0 --wakeup --for 1h",
                "until it is woken, an hour at the most",
            ),
        ],
        "lanewarden vfio low-power exit" => {
            &[("lanewarden vfio low-power exit 41:00.0", "see that the device is awake and can be opened")]
        }
        "lanewarden vfio low-power watch" => &[
            ("lanewarden vfio low-power watch 41:00.0 --reenter", "every wake-up, until it is ended"),
            (
                "lanewarden vfio low-power watch 41:00.0 --reenter --max-wakes 10 --for 10m --json",
                "ten of them or ten minutes, a line for each",
            ),
        ],
        _ => &[],
    }
}

/// The whole command line with examples and exit status behind the help of every verb.
pub fn command() -> Command {
    with_examples(Arguments::command(), "lanewarden")
}

fn with_examples(command: Command, words: &str) -> Command {
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let command = verbs.iter().fold(command, |command, verb| {
        let words = format!("{words} {verb}");
        command.mut_subcommand(verb, |verb| with_examples(verb, &words))
    });
    match of(words) {
        [] => command,
        examples => command.after_long_help(help(examples)),
    }
}

fn help(examples: &[Example]) -> String {
    let example = |(line, what): &Example| format!("  {line}\n      {what}\n");
    let code = |(code, what): &(u8, &str)| format!("  {code}  {what}\n");
    let examples: String = examples.iter().map(example).collect();
    let codes: String = EXIT_STATUS.iter().map(code).collect();
    format!("EXAMPLES\n{examples}\nEXIT STATUS\n{codes}{OF_MANY}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every verb that is shown has an example, and every example is a command line that parses.
    #[test]
    fn every_verb_has_examples_that_parse() {
        check(&Arguments::command(), "lanewarden");
    }

    fn check(verb: &Command, words: &str) {
        let examples = of(words);
        assert!(!examples.is_empty(), "{words}");
        for (line, _) in examples {
            let line = line.split_whitespace();
            assert!(Arguments::command().try_get_matches_from(line.clone()).is_ok(), "{line:?}");
        }
        for verb in verb.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            check(verb, &format!("{words} {}", verb.get_name()));
        }
    }
}
