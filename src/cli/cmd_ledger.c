/*
 * wellspring ledger: finds the command of WS_LEDGER_COMMANDS and runs it.
 */
#include "cli/ledger_command.h"

int cmd_ledger(int argc, char **argv)
{
    static const struct subcommand subcommands[] = {
#define X(name, summary) {#name, summary, cmd_ledger_##name},
        WS_LEDGER_COMMANDS(X)
#undef X
    };
    const struct command_line line = {
        .usage = "ledger COMMAND [arguments]",
        .about =
            "Logs of statements about data: which model made them, or which archive captured "
            "them.\n"
            "A log is a directory of files that anybody can serve and check. It only ever grows, "
            "and\n"
            "witnesses whom its readers trust say so. What an entry proves is that its issuer "
            "said\n"
            "this, and that it existed no later than the witnesses' dates; not that it is true.",
        .wanted = "which command? Try 'ledger --help'",
        .subcommands = subcommands,
        .subcommand_count = sizeof subcommands / sizeof *subcommands,
    };
    return command_of_several(&line, argc, argv);
}
