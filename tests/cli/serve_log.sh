# `serve --log`: flags that make no sense. What it serves: tests/fault/test_log_site.c.
. "$(dirname "$0")/lib.bash"

refuses 1 "'nowhere'" -- serve --log nowhere
mkdir empty
refuses 1 "'empty' is no log" -- serve --log empty
refuses 2 "--key FILE" -- serve --log empty --issuers x
refuses 2 "--key FILE" -- serve --log empty --allow-anyone
refuses 2 "whose entries" "--issuers" -- serve --log empty --key x
refuses 2 "--publish-every is '0'" -- serve --log empty --key x --allow-anyone --publish-every 0
refuses 2 "--runs" "everybody's" -- serve --log empty --runs empty
refuses 1 "'nokey'" -- serve --log empty --key nokey --allow-anyone
accepts ledger keys --make example.com/log --for log key
echo nonsense >issuers
refuses 2 "issuers:1:" -- serve --log empty --key key --issuers issuers
refuses 1 "'empty' is no log" -- serve --log empty --key key --allow-anyone

finish
