// Package chaos_test lets everything go wrong between the reconciler and a real control
// plane, by a proxy of ours that spoils requests of chosen verbs, and by what
// administrators do to it: policies, quotas, and rights that are taken away. Whatever it
// is, nothing may be lost, the Sync or the log must say what is wrong, and all must be
// well again soon after, with no more writes than it takes.
package chaos_test
