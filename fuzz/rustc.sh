#!/bin/sh
# What cargo calls in place of rustc for the house's own crates while fuzzing: it has the compiler count which edges run and note what is
# compared, with every check on. Everybody else's crates stay as the ordinary build has made them.
exec "$@" -Copt-level=1 -Cdebug-assertions=on -Coverflow-checks=on -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=3 -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
