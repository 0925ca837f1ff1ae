//! What the server does not let its user do: told from its words, and the rule that would grant it.

use std::fmt::Arguments;

use redis::{Arg, Cmd};
use tracing::{debug, info, warn};

use super::once::Once;
use crate::error::Error;
use crate::keyspace::escape_glob;

/// The beginnings of what a command within a script is refused with; before Redis 7.2 without a code.
const IN_SCRIPT: [&str; 2] = ["ACL failure in script: ", "The user executing the script can't "];
/// Where a transaction was refused because of one of its commands, the reason follows.
const OF_TRANSACTION: &str = "because of: NOPERM ";
/// The rule that grants keys which the server has not named.
const OF_KEYS: &str = "a pattern for the keys (~…)";
/// What stands before the number of a line of a script.
const PLACE: &str = "@user_script:";

/// Whether these words refuse for want of a right.
pub(super) fn is_refusal(words: &str) -> bool {
    words.starts_with("NOPERM") || words.contains(OF_TRANSACTION) || is_of_script(words)
}

/// Whether it is a command within a script that was refused.
fn is_of_script(words: &str) -> bool {
    IN_SCRIPT.iter().any(|beginning| words.contains(beginning))
}

/// The error for these words, which refuse `command`.
pub(super) fn refusal(command: &str, words: &str) -> Error {
    Error::Permission {
        command: command.to_owned(),
        detail: words.to_owned(),
        rule: missing_rule(command, words),
    }
}

/// The error of a refused script, with the command in it that was refused; any other as it is.
/// `code` is the text of the script.
pub(super) fn within_script(error: Error, code: &str) -> Error {
    let Error::Permission { command, detail, .. } = &error else { return error };
    if !is_of_script(detail) {
        return error;
    }
    let command = command_at(detail, code).unwrap_or(command);
    refusal(command, reason(detail))
}

/// The error for what a command within a script was answered, if it was refused.
pub(crate) fn refused_in_script(command: &str, words: &str) -> Option<Error> {
    is_refusal(words).then(|| refusal(command, reason(words)))
}

/// Whether it was the script itself that the server refused to run.
pub(super) fn is_of_command(error: &Error) -> bool {
    matches!(error, Error::Permission { detail, .. } if !is_of_script(detail))
}

/// The command in the line of the script that the words name.
fn command_at<'c>(words: &str, code: &'c str) -> Option<&'c str> {
    let (_, place) = words.split_once(PLACE)?;
    let digits = place.split(|c: char| !c.is_ascii_digit()).next()?;
    let line = code.lines().nth(digits.parse::<usize>().ok()?.checked_sub(1)?)?;
    let (_, call) = line.split_once("redis.call('")?;
    call.split('\'').next()
}

/// The words from the reason on, without the place.
fn reason(words: &str) -> &str {
    let from = IN_SCRIPT.iter().filter_map(|beginning| words.find(beginning)).min().unwrap_or(0);
    let words = words.get(from..).unwrap_or(words);
    words
        .split(" script: on ")
        .next()
        .and_then(|words| {
            // With a hash before Valkey 9.
            words
                .rsplit_once(" script: ")
                .filter(|(_, place)| place.contains(PLACE))
                .map_or(Some(words), |(words, _)| Some(words))
        })
        .unwrap_or(words)
}

/// The rule to add for the user, as far as the server's words tell it.
fn missing_rule(command: &str, words: &str) -> String {
    if words.contains("channel") {
        return "a pattern for the channel (&…)".to_owned();
    }
    if words.contains(" key") {
        return OF_KEYS.to_owned();
    }
    let told = words.split_once("run the '").and_then(|(_, rest)| rest.split('\'').next());
    let asked = command.to_ascii_lowercase().replacen(' ', "|", 1);
    // Redis 6 names no subcommand, and takes a rule with one.
    let name = match told {
        Some(told) if !asked.starts_with(&format!("{told}|")) => told,
        _ => &asked,
    };
    format!("+{name}")
}

/// The error with the key of a command that concerns one, if it is that which was refused, and with
/// the rule that grants it; any other as it is.
pub(super) fn of_key(error: Error, cmd: &Cmd) -> Error {
    let Error::Permission { command, detail, rule } = error else { return error };
    let key = match cmd.args_iter().nth(1) {
        Some(Arg::Simple(key)) if rule == OF_KEYS && !command.starts_with("EVAL") => key,
        _ => return Error::Permission { command, detail, rule },
    };
    let key = String::from_utf8_lossy(key);
    Error::Permission {
        command,
        detail: format!("key '{key}': {detail}"),
        rule: format!("~{}", escape_glob(&key)),
    }
}

/// The rule that grants a channel: that of the documents, if the channel is one of the prefix.
pub(crate) fn channel_rule(prefix: &str, channel: &str) -> String {
    match channel.starts_with(prefix) {
        true => format!("&{}*", escape_glob(prefix)),
        false => format!("&{}", escape_glob(channel)),
    }
}

/// The error of what concerns channels with their names, and with the rule that grants them if that is
/// what is missing; any other as it is.
pub(crate) fn of_channels(error: Error, prefix: &str, channels: &[&str]) -> Error {
    let Error::Permission { command, detail, rule } = error else { return error };
    if !matches!(command.as_str(), "PUBLISH" | "SUBSCRIBE") {
        return Error::Permission { command, detail, rule };
    }
    let names: Vec<String> = channels.iter().map(|name| format!("'{name}'")).collect();
    let word = if names.len() == 1 { "channel" } else { "channels" };
    let mut rules: Vec<String> =
        channels.iter().map(|channel| channel_rule(prefix, channel)).collect();
    rules.dedup();
    Error::Permission {
        command,
        rule: if rule.starts_with('+') { rule } else { rules.join(" ") },
        detail: format!("{word} {}: {detail}", names.join(" and ")),
    }
}

impl Once {
    /// Says once that a right is missing, and what comes of it for what goes on all the same.
    pub(super) fn warn_missing_right(&self, error: &Error, consequence: &str) {
        match error {
            Error::Permission { rule, .. } => {
                self.warn(&format!("lacks {rule}"), format_args!("{error}; {consequence}"));
            }
            error => debug!("{error}; {consequence}"),
        }
    }

    /// Says something once about a subject.
    pub(super) fn warn(&self, subject: &str, line: Arguments<'_>) {
        if self.claim(subject) {
            warn!("{line}");
        }
    }

    /// The same of what only people look at.
    pub(super) fn tell_missing_name(&self, error: &Error) {
        if let Error::Permission { rule, .. } = error
            && self.claim(&format!("lacks {rule}"))
        {
            info!("{error}; only the server's list of its clients shows less");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str =
        "\nlocal a = redis.pcall('GET', KEYS[1])\nif a then redis.call('SET', KEYS[1], '1') end\n";

    fn told(command: &str, words: &str) -> (String, String) {
        match within_script(refusal(command, words), CODE) {
            Error::Permission { command, rule, .. } => (command, rule),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn every_servers_words_lead_to_the_rule() {
        for (command, words, rule) in [
            ("GET", "NOPERM User u has no permissions to run the 'get' command", "+get"),
            (
                "GET",
                "NOPERM this user has no permissions to run the 'get' command or its subcommand",
                "+get",
            ),
            (
                "CLIENT",
                "NOPERM User u has no permissions to run the 'client|setname' command",
                "+client|setname",
            ),
            (
                "CLUSTER SLOTS",
                "NOPERM this user has no permissions to run the 'cluster' command or its subcommand",
                "+cluster|slots",
            ),
            (
                "SENTINEL",
                "NOPERM this user has no permissions to run the 'sentinel|sentinels' command",
                "+sentinel|sentinels",
            ),
            (
                "EXEC",
                "EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the 'exec' command",
                "+exec",
            ),
            ("GET", "NOPERM No permissions to access a key", "a pattern for the keys (~…)"),
            (
                "SUBSCRIBE",
                "NOPERM this user has no permissions to access one of the channels used as arguments",
                "a pattern for the channel (&…)",
            ),
        ] {
            assert!(is_refusal(words), "{words}");
            assert_eq!(told(command, words), (command.to_owned(), rule.to_owned()), "{words}");
        }
        for words in [
            "ERR unknown command",
            "WRONGTYPE Operation",
            "EXECABORT Transaction discarded because of: OOM",
        ] {
            assert!(!is_refusal(words), "{words}");
        }
    }

    #[test]
    fn a_key_is_named_where_the_command_has_one() {
        let error = || refusal("GET", "NOPERM No permissions to access a key");
        let told = of_key(error(), redis::cmd("GET").arg("n*:flows")).to_string();
        assert!(told.contains("key 'n*:flows': NOPERM"), "{told}");
        assert!(told.ends_with(r"; add ~n\*:flows to its rules"), "{told}");
        assert_eq!(of_key(error(), &redis::cmd("EXEC")), error());
        let script = refusal("EVALSHA", "NOPERM No permissions to access a key");
        assert_eq!(of_key(script.clone(), redis::cmd("EVALSHA").arg("hash").arg(1)), script);
        let command = refusal("GET", "NOPERM User u has no permissions to run the 'get' command");
        assert_eq!(of_key(command.clone(), redis::cmd("GET").arg("k")), command);
    }

    #[test]
    fn what_a_script_may_not_do_is_named_by_the_line() {
        for (words, detail) in [
            (
                "ERR ACL failure in script: User u has no permissions to run the 'set' command script: on @user_script:3.",
                "ACL failure in script: User u has no permissions to run the 'set' command",
            ),
            (
                "ERR ACL failure in script: User u has no permissions to run the 'set' command script: 8a71, on @user_script:3.",
                "ACL failure in script: User u has no permissions to run the 'set' command",
            ),
            (
                "ERR The user executing the script can't run this command or subcommand script: 8a71, on @user_script:3.",
                "The user executing the script can't run this command or subcommand",
            ),
            (
                "ERR Error running script (call to f_8a71): @user_script:3: @user_script: 3: The user executing the script can't run this command or subcommand",
                "The user executing the script can't run this command or subcommand",
            ),
        ] {
            assert!(is_refusal(words), "{words}");
            match within_script(refusal("EVALSHA", words), CODE) {
                Error::Permission { command, detail: said, rule } => {
                    assert_eq!(
                        (command.as_str(), said.as_str(), rule.as_str()),
                        ("SET", detail, "+set")
                    );
                }
                other => panic!("{other}"),
            }
            assert!(!is_of_command(&refusal("EVALSHA", words)));
        }
        let itself =
            refusal("EVALSHA", "NOPERM User u has no permissions to run the 'evalsha' command");
        assert!(is_of_command(&itself));
        assert_eq!(within_script(itself.clone(), CODE), itself);
    }

    #[test]
    fn channels_are_named_with_the_rule_of_the_documents() {
        let error = || refusal("SUBSCRIBE", "NOPERM No permissions to access a channel");
        let text = |channels: &[&str]| of_channels(error(), "n:", channels).to_string();
        assert!(
            text(&["n:flows:updated", "n:packages:updated"]).ends_with("; add &n:* to its rules")
        );
        assert!(text(&["n:flows:updated", "other"]).ends_with("; add &n:* &other to its rules"));
        assert!(text(&["n:flows:updated"]).contains("channel 'n:flows:updated': NOPERM No"));
        let command =
            refusal("SUBSCRIBE", "NOPERM User u has no permissions to run the 'subscribe' command");
        assert!(
            of_channels(command, "n:", &["n:a"])
                .to_string()
                .ends_with("add +subscribe to its rules")
        );
    }
}
