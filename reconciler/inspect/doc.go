// Package inspect is what a person's commands see of Syncs and ask of them, with the
// person's own credentials: how they stand, what they own, what a local checkout would
// change, and the wishes that are put on a Sync for the reconciler to act on.
//
// It applies nothing itself. What it gives is made to be printed: the shapes of its
// structs, with the names in their tags, are those that scripts read with -o json, and
// only ever grow. Values of Secrets don't leave it.
package inspect
