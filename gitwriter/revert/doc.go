// Package revert proposes to take folders of a repository back to a commit at which they
// were good, as a pull request of one commit on top of the branch: Git stays the source of
// truth, and nobody's history is rewritten.
//
// Only files below the folders are touched, and of these only those that differ, byte for
// byte as they were. Where what is undone are updates that Towline made, by the trailers of
// their commits, the tags that they brought are excluded in their policies' files, so that
// they aren't proposed again.
//
// All state is in Git and at the forge, as with any update: the same rollback has one
// branch and one pull request, however often and by whomever it is asked for, and one that
// a person closed stays closed.
package revert
