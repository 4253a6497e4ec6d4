/*
 * wellspring index: finds the command of WS_INDEX_COMMANDS and runs it.
 */
#include "cli/shard_command.h"

int cmd_index(int argc, char **argv)
{
    static const struct subcommand subcommands[] = {
#define X(name, summary) {#name, summary, cmd_index_##name},
        WS_INDEX_COMMANDS(X)
#undef X
    };
    const struct command_line line = {
        .usage = "index COMMAND [arguments]",
        .about = "Indices: all shards that a log names, as one. A shard tells what is in it and "
                 "what is not; that\nnone of them has a fingerprint is told by an index that a "
                 "mirror built and signed, and that anybody\nwho has the shards can build anew.",
        .wanted = "which command? Try 'index --help'",
        .subcommands = subcommands,
        .subcommand_count = sizeof subcommands / sizeof *subcommands,
    };
    return command_of_several(&line, argc, argv);
}
