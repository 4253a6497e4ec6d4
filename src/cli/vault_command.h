/*
 * The commands of vaults that have files of their own: "wellspring vault statement" is
 * cmd_vault_statement.
 */
#ifndef WS_CLI_VAULT_COMMAND_H
#define WS_CLI_VAULT_COMMAND_H

int cmd_vault_statement(int argc, char **argv);

#endif
