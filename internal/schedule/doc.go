// Package schedule says when things are due and calls for them: many keys, each
// with its own cron expression, one call at a time.
//
// It is a loop of its own on top of robfig/cron's schedules, because that
// package's runner calls each entry by itself, side by side, on the real clock.
// Here all keys that are due together go into one call, so that one round of
// the bot can serve them with shared listings; a call never overlaps another;
// what comes due meanwhile waits, once; and a test turns the clock by hand.
//
// [Windows] say when something may happen at all. They are a function of a moment, and
// start nothing.
package schedule
