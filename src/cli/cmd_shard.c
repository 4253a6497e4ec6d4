/*
 * wellspring shard: finds the command of WS_SHARD_COMMANDS and runs it.
 */
#include "cli/shard_command.h"

int cmd_shard(int argc, char **argv)
{
    static const struct subcommand subcommands[] = {
#define X(name, summary) {#name, summary, cmd_shard_##name},
        WS_SHARD_COMMANDS(X)
#undef X
    };
    const struct command_line line = {
        .usage = "shard COMMAND [arguments]",
        .about = "Shards: the fingerprints of a batch of documents, sorted and cut in tiles, for "
                 "anybody to\nlook up. One tile and its proof tell that a fingerprint is there, or "
                 "that it is not. The\ndocuments are not in it. A statement in a log names a shard "
                 "by its digest ('ledger add').",
        .wanted = "which command? Try 'shard --help'",
        .subcommands = subcommands,
        .subcommand_count = sizeof subcommands / sizeof *subcommands,
    };
    return command_of_several(&line, argc, argv);
}
